import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { countTagDays } from '../../supervision/index.ts';
import { actorOf } from '../../web/actor-of.ts';
import { invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { costRoutes } from './cost-routes.ts';
import { costsNow, effects, enterCost } from './figures.ts';
import { enterPrices, priceIndices } from './price-index.ts';
import { foundBy, reckonWorth } from './reckon.ts';

/** Costs and effects of tags, prison and support for this caseload. */
export function worthRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, database } = web.waymark;
  const page = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object) => {
    const { people, months } = (request.query ?? {}) as { people?: string; months?: string };
    const whole = (text: string | undefined, most: number) => Math.max(0, Math.min(most, Math.trunc(Number(text)) || 0));
    const support = { people: whole(people, 1_000_000), months: whole(months, 120) };
    const costs = await costsNow(database.db);
    const caseload = await performer.perform(actorOf(request), countTagDays, null, { now: Date.now() });
    return web.page(request, error ? reply.code(400) : reply, 'oversight/worth/worth.njk', {
      costs,
      effects: effects().map((effect) => ({ ...effect, found: foundBy(effect) })),
      caseload,
      support,
      worth: reckonWorth(costs, caseload, support),
      indices: await priceIndices(database.db),
      draft,
      error: error ? { text: error.message, field: error.field } : null,
    });
  };
  app.get(
    '/worth',
    { config: { action: 'worth.read', room: 'supervision', menu: { text: 'Costs and effects', rank: 370 } } },
    (request, reply) => page(request, reply, null, {}),
  );
  costRoutes(app, web);
  app.post('/worth/prices', { config: { action: 'worth.enter', room: 'oversight' } }, async (request, reply) => {
    const [lines, source] = textsOf(request.body, 'lines', 'indexSource');
    try {
      const { years } = await performer.perform(actorOf(request), enterPrices, null, { lines, source });
      web.notice(request, `Prices of ${years} years are entered.`);
    } catch (error) {
      return page(request, reply, invalidIn(error), { lines, indexSource: source });
    }
    return reply.redirect('/worth');
  });
  app.post('/worth', { config: { action: 'worth.enter', room: 'oversight' } }, async (request, reply) => {
    const [key, low, high, priceYear, source] = textsOf(request.body, 'key', 'low', 'high', 'priceYear', 'source');
    const entered = { key, low, high, priceYear, source };
    try {
      await performer.perform(actorOf(request), enterCost, null, entered);
    } catch (error) {
      return page(request, reply, invalidIn(error), entered);
    }
    web.notice(request, 'The figure is entered. What was there before stays on record.');
    return reply.redirect('/worth');
  });
}
