import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { exportPack, readPack, reviewPack } from './breach-pack.ts';

/** Breach packs: reading, reviewing, and what leaves. */
export function packRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const idOf = (request: FastifyRequest) => idIn(request);
  const packPage = async (
    request: FastifyRequest,
    reply: FastifyReply,
    id: number,
    error: InvalidError | null,
    draft: Record<string, string> = {},
  ) => {
    const found = await performer.perform(actorOf(request), readPack, null, { id });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/compliance/pack.njk', {
      ...found,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/packs/:id', { config: { action: 'pack.read' }, schema: { params: Id } }, (request, reply) =>
    packPage(request, reply, idOf(request), null),
  );
  app.post('/packs/:id/review', { config: { action: 'pack.review' }, schema: { params: Id } }, async (request, reply) => {
    const id = idOf(request);
    const [decision, reason] = textsOf(request.body, 'decision', 'reason');
    try {
      const done = await performer.perform(actorOf(request), reviewPack, null, { id, decision, reason });
      web.notice(request, `The pack is ${done.decision}.`);
    } catch (error) {
      return packPage(request, reply, id, invalidIn(error), { decision, reason });
    }
    return reply.redirect(`/packs/${id}`);
  });
  app.get('/packs/:id/print', { config: { action: 'pack.export' }, schema: { params: Id } }, async (request, reply) => {
    const found = await performer.perform(actorOf(request), exportPack, null, { id: idOf(request) });
    return web.page(request, reply, 'supervision/compliance/pack-print.njk', { ...found, printedAt: new Date() });
  });
}
