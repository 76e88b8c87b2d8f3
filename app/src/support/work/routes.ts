import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, security, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { readDay } from './read-day.ts';
import { tickTask } from './tasks.ts';

const room = 'support' as const;

/** The team's day: what is to be done. Page and API. */
export function workRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone } = web.waymark;
  const dayOf = (request: FastifyRequest) => ({
    today: dayIn(timeZone),
    timeZone,
    own: ((request.query ?? {}) as { whose?: string }).whose !== 'everybody',
  });
  app.get('/day', { config: { action: 'task.list', room, menu: { text: 'To do', rank: 190 } } }, async (request, reply) => {
    const query = dayOf(request);
    const found = await performer.perform(actorOf(request), readDay, null, query);
    return web.page(request, reply, 'support/work/day.njk', { ...found, ...query });
  });
  app.get(
    '/api/day',
    {
      config: { action: 'task.list', room, api: true },
      schema: {
        operationId: 'readDay',
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
    const id = idIn(request);
    const task = await performer.perform(actorOf(request), tickTask, null, { id, done: done === 'yes' });
    web.notice(request, done === 'yes' ? 'Done.' : 'Open again.');
    return reply.redirect(to === 'day' ? '/day' : `/people/${task.person}`);
  });
}
