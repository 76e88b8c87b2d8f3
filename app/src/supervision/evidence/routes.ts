import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/server.ts';
import { exportEvidencePack, readEvidencePack } from './leave-pack.ts';
import { shownOf } from './render-pack.ts';
import { Sealer } from './seal.ts';

const Id = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });

/** Evidence packs: their page, the files that leave, and the key that they are sealed with. */
export function evidenceRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, fixes, verdicts, timeZone, secondReview, folder } = web.waymark;
  const services = { fixes, verdicts, timeZone, secondReview, sealer: Sealer.of(folder) };
  app.get('/evidence/:id', { config: { action: 'evidence.read' }, schema: { params: Id } }, async (request, reply) => {
    const pack = await performer.perform(actorOf(request), readEvidencePack, services, request.params as { id: number });
    return web.page(request, reply, 'supervision/evidence/pack.njk', { ...pack, ...shownOf(pack.content) });
  });
  app.get('/evidence/:id/file', { config: { action: 'evidence.export' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const format = (request.query as { format?: unknown }).format === 'json' ? 'json' : 'html';
    const { content, file } = await performer.perform(actorOf(request), exportEvidencePack, services, { id, format });
    const name = `evidence-${content.crime.force}-${content.crime.reference}-${content.wearer.reference}`.replace(/[^\w-]+/g, '-');
    reply.header('cache-control', 'no-store').header('content-disposition', `attachment; filename="${name}.${format}"`);
    return reply.type(format === 'json' ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8').send(file);
  });
  // Whoever is given a pack looks up here whose seal it bears.
  app.get('/transparency/evidence-key.pem', { config: { open: true } }, async (_request, reply) =>
    reply
      .type('application/x-pem-file')
      .header('content-disposition', 'attachment; filename="evidence-key.pem"')
      .send(services.sealer.publicPem()),
  );
}
