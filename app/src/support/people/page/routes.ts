import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { dayIn } from '../../../platform/days.ts';
import { actorOf } from '../../../web/actor-of.ts';
import { Id, idIn, security } from '../../../web/form.ts';
import type { WebKit } from '../../../web/kit.ts';
import { pagination, readPage } from '../../../web/paging.ts';
import { currentInstrument, highestLevel } from '../../needs/index.ts';
import { keepingRoutes } from './keeping-routes.ts';
import { noticeRoutes } from './notice-routes.ts';
import { personPage } from './person-page.ts';
import { listPeople, type PeopleQuery, readPerson } from './read-people.ts';
import { personWorkRoutes } from './work-routes.ts';

const room = 'support' as const;

/** People, their needs, and what was told to them: pages and API. */
export function peopleRoutes(app: FastifyInstance, web: WebKit, askForProfiles: () => Promise<void>): void {
  const { performer, timeZone } = web.waymark;
  const today = () => dayIn(timeZone);
  const queryOf = (request: FastifyRequest): PeopleQuery & { page: number } => {
    const { stage, factor, band, sort } = (request.query ?? {}) as Record<string, string>;
    const { stages, factors, bands } = currentInstrument();
    const one = (all: { key: string }[], wanted?: string) => (all.some(({ key }) => key === wanted) ? wanted : undefined);
    return {
      ...readPage(request.query),
      stage: one(stages, stage),
      factor: one(factors, factor),
      band: bands.some(({ name }) => name === band) ? band : undefined,
      sort: sort === 'name' || sort === 'age' ? sort : 'need',
    };
  };

  app.get('/people', { config: { action: 'person.list', room, menu: { text: 'People', rank: 210 } } }, async (request, reply) => {
    const query = queryOf(request);
    const found = await performer.perform(actorOf(request), listPeople, null, query);
    return web.page(request, reply, 'support/people/page/people.njk', {
      ...found,
      query,
      instrument: currentInstrument(),
      highest: highestLevel * currentInstrument().factors.length,
      pagination: pagination('/people', request.query, query.page, found.total),
    });
  });
  app.get(
    '/api/people',
    {
      config: { action: 'person.list', room, api: true },
      schema: {
        operationId: 'listPeople',
        tags: ['Support'],
        summary: 'People by support need',
        security,
        querystring: Type.Object({
          search: Type.Optional(Type.String()),
          stage: Type.Optional(Type.String()),
          factor: Type.Optional(Type.String()),
          band: Type.Optional(Type.String()),
          sort: Type.Optional(Type.String()),
          page: Type.Optional(Type.Integer()),
        }),
      },
    },
    async (request) => performer.perform(actorOf(request), listPeople, null, queryOf(request)),
  );
  const person = personPage(web);
  app.get('/people/:id', { config: { action: 'person.read', room }, schema: { params: Id } }, (request, reply) =>
    person.show(request, reply),
  );
  app.get(
    '/api/people/:id',
    {
      config: { action: 'person.read', room, api: true },
      schema: { operationId: 'readPerson', tags: ['Support'], summary: 'One person with facts, needs and sources', security, params: Id },
    },
    async (request) => performer.perform(actorOf(request), readPerson, null, { ...{ id: idIn(request) }, today: today() }),
  );
  noticeRoutes(app, web, person);
  keepingRoutes(app, web, person);
  personWorkRoutes(app, web, person, askForProfiles);
}
