import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { dayIn } from '../../../platform/days.ts';
import { actorOf } from '../../../web/actor-of.ts';
import { idOf, textsOf, Id, security } from '../../../web/form.ts';
import { pagination, readPage } from '../../../web/paging.ts';
import type { WebKit } from '../../../web/kit.ts';
import { currentInstrument, highestLevel } from '../../needs/instrument.ts';
import { readNotice } from '../../offers/read-notice.ts';
import { approveDelay, askForDelay, recordNotice } from '../../offers/tell.ts';
import { challengeFact } from '../challenge-fact.ts';
import { personPage } from './person-page.ts';
import { listPeople, type PeopleQuery, readPerson } from './read-people.ts';
import { recordReach } from './record-reach.ts';

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

  app.get('/people', { config: { action: 'person.list', room } }, async (request, reply) => {
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
      schema: { tags: ['Support'], summary: 'One person with facts, needs and sources', security, params: Id },
    },
    async (request) => performer.perform(actorOf(request), readPerson, null, { ...(request.params as { id: number }), today: today() }),
  );
  app.post('/people/:id/challenge', { config: { action: 'fact.challenge', room }, schema: { params: Id } }, async (request, reply) => {
    const [fact, reason] = textsOf(request.body, 'fact', 'reason');
    return person.change(request, reply, 'Challenged. It is not relied on from now on.', async (id) => {
      await performer.perform(actorOf(request), challengeFact, null, { person: id, fact: idOf(fact), reason });
      await askForProfiles();
    });
  });
  app.get('/people/:id/notice', { config: { action: 'notice.read', room }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const notice = await performer.perform(actorOf(request), readNotice, null, { id, today: today() });
    return web.page(request, reply, 'support/offers/notice.njk', { person: notice });
  });
  app.post('/people/:id/notice', { config: { action: 'notice.record', room }, schema: { params: Id } }, async (request, reply) => {
    const [on, whom, how] = textsOf(request.body, 'on', 'whom', 'how');
    return person.change(request, reply, 'It is on record that they have been told.', (id) =>
      performer.perform(actorOf(request), recordNotice, null, { person: id, on, whom, how, today: today() }),
    );
  });
  app.post('/people/:id/notice/delay', { config: { action: 'notice.delay', room }, schema: { params: Id } }, async (request, reply) => {
    const [until, reason] = textsOf(request.body, 'until', 'delayReason');
    return person.change(request, reply, 'Somebody else has to approve this.', (id) =>
      performer.perform(actorOf(request), askForDelay, null, { person: id, until, reason, today: today() }),
    );
  });
  app.post('/people/:id/notice/approve', { config: { action: 'notice.approve', room }, schema: { params: Id } }, async (request, reply) => {
    const [notice] = textsOf(request.body, 'notice');
    return person.change(request, reply, 'Approved.', (id) =>
      performer.perform(actorOf(request), approveDelay, null, { person: id, notice: idOf(notice) }),
    );
  });
  app.post('/people/:id/reach', { config: { action: 'reach.record', room }, schema: { params: Id } }, async (request, reply) => {
    const [areas] = textsOf(request.body, 'areas');
    return person.change(request, reply, 'It is on record where they can get to.', (id) =>
      performer.perform(actorOf(request), recordReach, null, { person: id, areas }),
    );
  });
}
