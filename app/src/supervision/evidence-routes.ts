import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../web/actor-of.ts';
import type { WebKit } from '../web/server.ts';
import { exportEvidencePack, readEvidencePack } from './evidence/make-pack.ts';
import { renderPack, shownOf } from './evidence/render-pack.ts';
import { packAsJson } from './evidence/repeat-pack.ts';

const Id = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });

/** Evidence packs: their page, and the files that leave. */
export function evidenceRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  app.get('/evidence/:id', { config: { action: 'evidence.read' }, schema: { params: Id } }, async (request, reply) => {
    const pack = await performer.perform(actorOf(request), readEvidencePack, null, request.params as { id: number });
    return web.page(request, reply, 'supervision/evidence/pack.njk', { ...pack, ...shownOf(pack.content) });
  });
  app.get('/evidence/:id/file', { config: { action: 'evidence.export' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const format = (request.query as { format?: unknown }).format === 'json' ? 'json' : 'html';
    const { content } = await performer.perform(actorOf(request), exportEvidencePack, null, { id, format });
    const name = `evidence-${content.crime.force}-${content.crime.reference}-${content.wearer.reference}`.replace(/[^\w-]+/g, '-');
    reply.header('cache-control', 'no-store').header('content-disposition', `attachment; filename="${name}.${format}"`);
    return format === 'json'
      ? reply.type('application/json; charset=utf-8').send(packAsJson(content))
      : reply.type('text/html; charset=utf-8').send(renderPack(content));
  });
}
