import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { InvalidError } from '../../platform/action.ts';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { idOf, textsOf, Id, security } from '../../web/form.ts';
import { pagination, readPage } from '../../web/paging.ts';
import type { WebKit } from '../../web/kit.ts';
import { decideChallenge, listChallenges } from '../people/decide-challenge.ts';
import { personPage } from '../people/page/person-page.ts';
import { agreeToErasure, decideErasure, endHold, placeHold } from '../retention/keep-records.ts';
import { takeBackNote, writeNote } from './notes.ts';
import { readDay } from './read-day.ts';
import { addTask, tickTask } from './tasks.ts';

const room = 'support' as const;

/** The team's day: what is to be done, notes, tasks, and what is challenged: pages and API. */
export function workRoutes(app: FastifyInstance, web: WebKit, askForProfiles: () => Promise<void>): void {
  const { performer, timeZone } = web.waymark;
  const person = personPage(web);
  const dayOf = (request: FastifyRequest) => ({
    today: dayIn(timeZone),
    timeZone,
    own: ((request.query ?? {}) as { whose?: string }).whose !== 'everybody',
  });
  app.get('/day', { config: { action: 'task.list', room } }, async (request, reply) => {
    const query = dayOf(request);
    const found = await performer.perform(actorOf(request), readDay, null, query);
    return web.page(request, reply, 'support/work/day.njk', { ...found, ...query });
  });
  app.get(
    '/api/day',
    {
      config: { action: 'task.list', room, api: true },
      schema: {
        tags: ['Support'],
        summary: 'What there is to do for the support team',
        security,
        querystring: Type.Object({ whose: Type.Optional(Type.String()) }),
      },
    },
    async (request) => performer.perform(actorOf(request), readDay, null, dayOf(request)),
  );
  app.post('/tasks/:id', { config: { action: 'task.tick', room }, schema: { params: Id } }, async (request, reply) => {
    const [done, to] = textsOf(request.body, 'done', 'to');
    const { id } = request.params as { id: number };
    const task = await performer.perform(actorOf(request), tickTask, null, { id, done: done === 'yes' });
    web.notice(request, done === 'yes' ? 'Done.' : 'Open again.');
    return reply.redirect(to === 'day' ? '/day' : `/people/${task.person}`);
  });
  app.post('/people/:id/tasks', { config: { action: 'task.add', room }, schema: { params: Id } }, async (request, reply) => {
    const [task, dueOn, forName] = textsOf(request.body, 'task', 'taskDue', 'taskFor');
    return person.change(request, reply, 'The task is added.', (id) =>
      performer.perform(actorOf(request), addTask, null, { person: id, task, dueOn, forName }),
    );
  });
  app.post('/people/:id/notes', { config: { action: 'note.write', room }, schema: { params: Id } }, async (request, reply) => {
    const [text, seenBy] = textsOf(request.body, 'note', 'seen-by');
    return person.change(request, reply, 'The note is written.', (id) =>
      performer.perform(actorOf(request), writeNote, null, { person: id, text, seenBy }),
    );
  });
  app.post(
    '/people/:id/notes/take-back',
    { config: { action: 'note.take-back', room }, schema: { params: Id } },
    async (request, reply) => {
      const [note] = textsOf(request.body, 'note');
      return person.change(request, reply, 'The note is taken back.', (id) =>
        performer.perform(actorOf(request), takeBackNote, null, { person: id, id: idOf(note) }),
      );
    },
  );

  app.post('/people/:id/hold', { config: { action: 'hold.place', room }, schema: { params: Id } }, async (request, reply) => {
    const [until, reason] = textsOf(request.body, 'holdUntil', 'holdReason');
    return person.change(request, reply, 'It is kept until then.', (id) =>
      performer.perform(actorOf(request), placeHold, null, { person: id, until, reason, today: dayIn(timeZone) }),
    );
  });
  app.post('/people/:id/hold/end', { config: { action: 'hold.end', room }, schema: { params: Id } }, async (request, reply) =>
    person.change(request, reply, 'Nothing is held back any more.', (id) =>
      performer.perform(actorOf(request), endHold, null, { person: id }),
    ),
  );
  app.post('/people/:id/erase', { config: { action: 'erasure.decide', room }, schema: { params: Id } }, async (request, reply) => {
    const [reason, named] = textsOf(request.body, 'eraseReason', 'eraseNamed');
    return person.change(request, reply, 'Decided. They are erased once a second person has agreed.', (id) =>
      performer.perform(actorOf(request), decideErasure, null, { person: id, reason, named }),
    );
  });
  app.post('/people/:id/erase/answer', { config: { action: 'erasure.agree', room }, schema: { params: Id } }, async (request, reply) => {
    const [given, named] = textsOf(request.body, 'answer', 'agreeNamed');
    const answer = given === 'take back' ? 'take back' : 'agree';
    const done = answer === 'agree' ? 'Agreed. They are erased within a day.' : 'Taken back. Nothing of them is erased.';
    return person.change(request, reply, done, (id) =>
      performer.perform(actorOf(request), agreeToErasure, null, { person: id, answer, named }),
    );
  });

  const challenges = async (request: FastifyRequest, reply: FastifyReply, error: { text: string; field: string | null } | null) => {
    const query = readPage(request.query);
    const found = await performer.perform(actorOf(request), listChallenges, null, query);
    const { role, purpose } = actorOf(request);
    return web.page(request, reply, 'support/people/challenges.njk', {
      ...found,
      mayDecide: web.waymark.access.decide({ role, purpose }, 'challenge.decide', purpose, room).allowed,
      error,
      pagination: pagination('/challenges', request.query, query.page, found.total),
    });
  };
  app.get('/challenges', { config: { action: 'challenge.list', room } }, (request, reply) => challenges(request, reply, null));
  app.get(
    '/api/challenges',
    {
      config: { action: 'challenge.list', room, api: true },
      schema: {
        tags: ['Support'],
        summary: 'Statements that people say are wrong',
        security,
        querystring: Type.Object({ page: Type.Optional(Type.Integer()) }),
      },
    },
    async (request) => performer.perform(actorOf(request), listChallenges, null, readPage(request.query)),
  );
  app.post('/challenges/:id', { config: { action: 'challenge.decide', room }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const [outcome, reason] = textsOf(request.body, 'outcome', 'reason');
    try {
      await performer.perform(actorOf(request), decideChallenge, null, { id, outcome, reason });
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      return challenges(request, reply.code(400), { text: error.message, field: error.field });
    }
    await askForProfiles();
    web.notice(request, outcome === 'upheld' ? 'Upheld. It stays out.' : 'Not upheld. It counts again.');
    return reply.redirect('/challenges');
  });
}
