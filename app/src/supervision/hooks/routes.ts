import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { topicNames } from '../changes/index.ts';
import type { Channels } from '../delivery/index.ts';
import { addHook, endHook, listHooks, tryHook } from './hooks.ts';

/** Which other systems are told of what changes: the administrator's page. */
export function hookRoutes(app: FastifyInstance, web: WebKit, channels: Channels): void {
  const { performer } = web.waymark;
  const page = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { error, draft = {}, shown = null }: { error?: InvalidError; draft?: object; shown?: { name: string; secret: string } | null } = {},
  ) =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/hooks/hooks.njk', {
      ...(await performer.perform(actorOf(request), listHooks, null, null)),
      topics: topicNames,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
      shown,
    });
  app.get('/webhooks', { config: { action: 'hook.list', menu: { text: 'Webhooks', rank: 185 } } }, (request, reply) =>
    page(request, reply),
  );
  app.post('/webhooks', { config: { action: 'hook.add', lists: ['topics'] } }, async (request, reply) => {
    const body = (request.body ?? {}) as Form;
    const [name, target] = textsOf(body, 'name', 'target');
    const draft = { name, target, topics: [body.topics ?? []].flat() };
    try {
      const { secret } = await performer.perform(actorOf(request), addHook, { channels }, draft);
      return await page(request, reply, { shown: { name, secret } });
    } catch (error) {
      return page(request, reply, { error: invalidIn(error), draft });
    }
  });
  app.post('/webhooks/:id/end', { config: { action: 'hook.end' }, schema: { params: Id } }, async (request, reply) => {
    await performer.perform(actorOf(request), endHook, null, { id: idIn(request) });
    web.notice(request, 'It has ended. What waited is not sent.');
    return reply.redirect('/webhooks');
  });
  app.post('/webhooks/:id/try', { config: { action: 'hook.try' }, schema: { params: Id } }, async (request, reply) => {
    await performer.perform(actorOf(request), tryHook, null, { id: idIn(request) });
    web.notice(request, 'A trial is on its way. What became of it stands below in a moment.');
    return reply.redirect('/webhooks');
  });
}
