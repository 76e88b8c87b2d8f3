import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type Action, InvalidError } from '../platform/action.ts';
import { actorOf } from '../web/actor-of.ts';
import { idOf, textsOf } from '../web/form.ts';
import { pagination, readPage } from '../web/paging.ts';
import type { WebKit } from '../web/server.ts';
import { dayIn } from './days.ts';
import { factKinds } from './fact-kinds.ts';
import { currentInstrument, highestLevel, type Instrument } from './needs/instrument.ts';
import { readNotice } from './offers/read-notice.ts';
import { approveDelay, askForDelay, recordNotice } from './offers/tell.ts';
import { challengeFact } from './people/challenge-fact.ts';
import { listPeople, type PeopleQuery, readPerson } from './people/read-people.ts';

const Id = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
const room = 'support' as const;
const security = [{ token: [] }];

const readTheInstrument: Action<null, null, Instrument> = {
  name: 'instrument.read',
  room: 'support',
  purpose: 'support',
  run: async () => currentInstrument(),
};

/** People, their needs, and the instrument by which needs are read: pages and API. */
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

  app.get('/people', { config: { action: 'person.list', room } }, async (request, reply) => {
    const query = queryOf(request);
    const found = await performer.perform(actorOf(request), listPeople, null, query);
    return web.page(request, reply, 'support/people/people.njk', {
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
  const showPerson = async (request: FastifyRequest, id: number, error: { text: string; field: string | null } | null) => ({
    person: await performer.perform(actorOf(request), readPerson, null, { id, today: today() }),
    instrument: currentInstrument(),
    factKinds,
    today: today(),
    error,
  });
  /** A form of the person's page: what is wrong with it is said on that page. */
  const change = async (request: FastifyRequest, reply: FastifyReply, done: string, work: (id: number) => Promise<unknown>) => {
    const { id } = request.params as { id: number };
    try {
      await work(id);
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      const shown = await showPerson(request, id, { text: error.message, field: error.field });
      return web.page(request, reply.code(400), 'support/people/person.njk', shown);
    }
    web.notice(request, done);
    return reply.redirect(`/people/${id}`);
  };
  app.get('/people/:id', { config: { action: 'person.read', room }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    return web.page(request, reply, 'support/people/person.njk', await showPerson(request, id, null));
  });
  app.get(
    '/api/people/:id',
    {
      config: { action: 'person.read', room, api: true },
      schema: { tags: ['Support'], summary: 'One person with facts, needs and sources', security, params: Id },
    },
    async (request) => performer.perform(actorOf(request), readPerson, null, { ...(request.params as { id: number }), today: today() }),
  );
  app.post('/people/:id/challenge', { config: { action: 'fact.challenge', room }, schema: { params: Id } }, async (request, reply) => {
    const [fact, reason] = textsOf(request.body, 'fact', 'reason');
    return change(request, reply, 'Challenged. It is not relied on from now on.', async (person) => {
      await performer.perform(actorOf(request), challengeFact, null, { person, fact: idOf(fact), reason });
      await askForProfiles();
    });
  });
  app.get('/people/:id/notice', { config: { action: 'notice.read', room }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const person = await performer.perform(actorOf(request), readNotice, null, { id, today: today() });
    return web.page(request, reply, 'support/offers/notice.njk', { person });
  });
  app.post('/people/:id/notice', { config: { action: 'notice.record', room }, schema: { params: Id } }, async (request, reply) => {
    const [on, whom, how] = textsOf(request.body, 'on', 'whom', 'how');
    return change(request, reply, 'It is on record that they have been told.', (person) =>
      performer.perform(actorOf(request), recordNotice, null, { person, on, whom, how, today: today() }),
    );
  });
  app.post('/people/:id/notice/delay', { config: { action: 'notice.delay', room }, schema: { params: Id } }, async (request, reply) => {
    const [until, reason] = textsOf(request.body, 'until', 'reason');
    return change(request, reply, 'Somebody else has to approve this.', (person) =>
      performer.perform(actorOf(request), askForDelay, null, { person, until, reason, today: today() }),
    );
  });
  app.post('/people/:id/notice/approve', { config: { action: 'notice.approve', room }, schema: { params: Id } }, async (request, reply) => {
    const [notice] = textsOf(request.body, 'notice');
    return change(request, reply, 'Approved.', (person) =>
      performer.perform(actorOf(request), approveDelay, null, { person, notice: idOf(notice) }),
    );
  });
  app.get('/instrument', { config: { action: 'instrument.read', room } }, async (request, reply) => {
    const instrument = await performer.perform(actorOf(request), readTheInstrument, null, null);
    return web.page(request, reply, 'support/needs/instrument.njk', { instrument, factKinds });
  });
}
