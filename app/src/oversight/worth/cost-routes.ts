import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebKit } from '../../web/kit.ts';
import { costsNow, effects } from './figures.ts';
import { inPricesOf, priceIndices } from './price-index.ts';
import { foundBy } from './reckon.ts';

/** Costs and effects with their sources, for anybody; in the prices of one year where prices are on record. */
export function costRoutes(app: FastifyInstance, web: WebKit): void {
  const { database } = web.waymark;
  const asked = async (request: FastifyRequest) => {
    const indices = await priceIndices(database.db);
    const { year: text = '' } = (request.query ?? {}) as { year?: string };
    const index = indices.find(({ year }) => String(year) === text);
    const costs = inPricesOf(await costsNow(database.db), index?.year ?? null, indices).filter(({ figure }) => figure !== null);
    return { costs, year: index?.year ?? null, indexSource: index?.source ?? '', years: indices.map(({ year }) => year) };
  };
  app.get('/transparency/costs', { config: { open: true } }, async (request, reply) => {
    const found = await asked(request);
    return web.page(request, reply, 'oversight/worth/costs.njk', {
      ...found,
      most: Math.max(1, ...found.costs.map(({ inYear }) => inYear?.high ?? 0)),
      effects: effects().map((effect) => ({ ...effect, found: foundBy(effect) })),
    });
  });
  app.get('/transparency/costs.csv', { config: { open: true } }, async (request, reply) => {
    const { costs, year } = await asked(request);
    const header = ['what', 'low', 'high', 'prices_of', 'in_prices_of', 'low_then', 'high_then', 'source'];
    const rows = costs.map(({ name, figure, inYear }) => [
      ...[name, figure?.low, figure?.high, figure?.priceYear],
      ...[inYear ? year : '', inYear ? inYear.low.toFixed(2) : '', inYear ? inYear.high.toFixed(2) : '', figure?.source],
    ]);
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', 'attachment; filename="costs.csv"')
      .send(stringify([header, ...rows]));
  });
}
