import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { currentInstrument, highestLevel } from '../needs/index.ts';
import { type FindingOrder, type FindingQuery, findingOrders, findPeople } from './find-people.ts';

const room = 'support' as const;

/** Who may need an offer, and what is decided about them: pages and API. */
export function findingRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone } = web.waymark;
  const today = () => dayIn(timeZone);
  const queryOf = (request: FastifyRequest): FindingQuery & { page: number } => {
    const { stage, factor, trigger, area, sort } = (request.query ?? {}) as Record<string, string>;
    const { stages, factors, triggers = [] } = currentInstrument();
    const one = (all: string[], wanted?: string) => all.find((own) => own === wanted);
    const { page, limit, offset } = readPage(request.query);
    const district =
      typeof area === 'string'
        ? area
            .toUpperCase()
            .replace(/[^A-Z0-9]/g, '')
            .slice(0, 4)
        : '';
    return {
      page,
      limit,
      offset,
      stage: one(
        stages.map(({ key }) => key),
        stage,
      ),
      factor: one(
        factors.map(({ key }) => key),
        factor,
      ),
      trigger: one(['any', ...triggers.map(({ name }) => name)], trigger),
      area: district || undefined,
      sort: (one([...findingOrders], sort) ?? 'need') as FindingOrder,
      today: today(),
    };
  };
  app.get(
    '/finding',
    { config: { action: 'finding.list', room, menu: { text: 'Who may need help', rank: 200 } } },
    async (request, reply) => {
      const query = queryOf(request);
      const found = await performer.perform(actorOf(request), findPeople, null, query);
      return web.page(request, reply, 'support/finding/finding.njk', {
        ...found,
        query,
        instrument: currentInstrument(),
        highest: highestLevel * currentInstrument().factors.length,
        pagination: pagination('/finding', request.query, query.page, found.total),
      });
    },
  );
  app.get(
    '/api/finding',
    {
      config: { action: 'finding.list', room, api: true },
      schema: {
        operationId: 'findPeople',
        tags: ['Support'],
        summary: 'People who may need an offer, by need or by time since a trigger',
        security: [{ token: [] }],
        querystring: Type.Object({
          stage: Type.Optional(Type.String()),
          factor: Type.Optional(Type.String()),
          trigger: Type.Optional(Type.String()),
          area: Type.Optional(Type.String()),
          sort: Type.Optional(Type.String()),
          page: Type.Optional(Type.Integer()),
        }),
      },
    },
    async (request) => performer.perform(actorOf(request), findPeople, null, queryOf(request)),
  );
}
