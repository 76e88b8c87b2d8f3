import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { evidencePage, Pair, revealIfMadeUp } from '../review/index.ts';
import type { VerdictStore } from '../verdicts/index.ts';
import { exportEvidencePack, fileNameOf } from './leave-pack.ts';
import { makeEvidencePack } from './make-pack.ts';
import { shownOf } from './render-pack.ts';
import { Sealer } from './seal.ts';
import { exportStamp, readStampedPack, stampPack } from './stamp-pack.ts';

const types = {
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  jws: 'application/jose; charset=utf-8',
} as const;

/** Evidence packs: their page, the files that leave, and the key that they are sealed with. */
export function evidenceRoutes(app: FastifyInstance, web: WebKit, given: { verdicts: VerdictStore; secondReview: boolean }): void {
  const { performer, fixes, timeZone, folder } = web.waymark;
  const services = { fixes, timeZone, verdicts: given.verdicts, secondReview: given.secondReview, sealer: Sealer.of(folder) };
  app.post(
    '/crimes/:id/wearers/:wearing/evidence',
    { config: { action: 'evidence.make' }, schema: { params: Pair } },
    async (request, reply) => {
      const { id, wearing } = request.params as { id: number; wearing: number };
      try {
        const made = await performer.perform(actorOf(request), makeEvidencePack, services, { crimeId: id, wearingId: wearing });
        web.notice(request, 'The evidence pack is put together.');
        return reply.redirect(`/evidence/${made.id}`);
      } catch (caught) {
        const error = invalidIn(caught);
        await revealIfMadeUp(web, request, id, error);
        return evidencePage(web, services, request, reply, error, {});
      }
    },
  );
  const stampUrl = web.waymark.config.WAYMARK_TIMESTAMP_URL ?? null;
  const packPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null) => {
    const pack = await performer.perform(actorOf(request), readStampedPack, services, { id: idIn(request) });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/evidence/pack.njk', {
      ...pack,
      ...shownOf(pack.content),
      name: fileNameOf(pack.content),
      canStamp: stampUrl !== null,
      error: error ? { text: error.message, field: error.field } : null,
    });
  };
  app.get('/evidence/:id', { config: { action: 'evidence.read' }, schema: { params: Id } }, (request, reply) =>
    packPage(request, reply, null),
  );
  app.post('/evidence/:id/stamps', { config: { action: 'evidence.stamp' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    if (stampUrl === null) return reply.callNotFound();
    try {
      await stampPack(performer, actorOf(request), services, { id, url: stampUrl });
      web.notice(request, 'The signed data bears a time stamp now.');
      return reply.redirect(`/evidence/${id}`);
    } catch (caught) {
      return packPage(request, reply, invalidIn(caught));
    }
  });
  app.get(
    '/evidence/:id/stamps/:stamp',
    { config: { action: 'evidence.export' }, schema: { params: Type.Object({ ...Id.properties, stamp: Id.properties.id }) } },
    async (request, reply) => {
      const { id, stamp } = request.params as { id: number; stamp: number };
      const { answer, content } = await performer.perform(actorOf(request), exportStamp, services, { id, stamp });
      return reply
        .header('cache-control', 'no-store')
        .header('content-disposition', `attachment; filename="${fileNameOf(content)}.tsr"`)
        .type('application/timestamp-reply')
        .send(Buffer.from(answer));
    },
  );
  app.get('/evidence/:id/file', { config: { action: 'evidence.export' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const { format: wanted } = request.query as { format?: unknown };
    const format = wanted === 'json' || wanted === 'jws' ? wanted : 'html';
    const { content, file } = await performer.perform(actorOf(request), exportEvidencePack, services, { id, format });
    reply.header('cache-control', 'no-store').header('content-disposition', `attachment; filename="${fileNameOf(content)}.${format}"`);
    return reply.type(types[format]).send(file);
  });
  // Whoever is given a pack looks up here whose seal it bears.
  app.get('/transparency/evidence-key.pem', { config: { open: true } }, async (_request, reply) =>
    reply
      .type('application/x-pem-file')
      .header('content-disposition', 'attachment; filename="evidence-key.pem"')
      .send(services.sealer.publicPem()),
  );
}
