import type { MultipartFile } from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import type { LiveWatch } from '../alerts/index.ts';
import type { Intake } from '../fixes/index.ts';
import { readSubject } from '../subjects/page/index.ts';
import { gatherRecord } from './gather-record.ts';
import { readRecord } from './read-record.ts';
import { fileOf, piecesOf } from './record-file.ts';
import { type TakenRecord, takeRecord } from './take-record.ts';

/** A person's whole record to another system, and from one: pages. */
export function transferRoutes(app: FastifyInstance, web: WebKit, services: { intake: Intake; live: LiveWatch }): void {
  const { performer, fixes, timeZone } = web.waymark;
  const told = (error: InvalidError | null) => (error ? { text: error.message, field: error.field } : null);
  const exportPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object) => {
    const { subject } = await performer.perform(actorOf(request), readSubject, { fixes }, { id: idIn(request) });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/transfer/export.njk', { subject, draft, error: told(error) });
  };
  app.get('/subjects/:id/transfer', { config: { action: 'subject.read' }, schema: { params: Id } }, (request, reply) =>
    exportPage(request, reply, null, {}),
  );
  app.post('/subjects/:id/transfer', { config: { action: 'transfer.export' }, schema: { params: Id } }, async (request, reply) => {
    const [why] = textsOf(request.body, 'why');
    try {
      const actor = actorOf(request);
      const record = await performer.perform(actor, gatherRecord, { fixes }, { subjectId: idIn(request), why });
      const made = new Date();
      const marking = `Everything that is held of ${record.person.reference} under supervision: personal data. Taken by ${actor.name} on ${dayIn(timeZone, made)} for: ${why.trim().slice(0, 500)}.`;
      const { name, type, bytes } = fileOf(record, { made, marking });
      return reply
        .header('cache-control', 'no-store')
        .header('content-disposition', `attachment; filename="${name}"`)
        .type(type)
        .send(bytes);
    } catch (error) {
      return exportPage(request, reply, invalidIn(error), { why });
    }
  });
  const takePage = (request: FastifyRequest, reply: FastifyReply, result: TakenRecord | null, error: InvalidError | null) =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/transfer/take.njk', { result, error: told(error) });
  app.get('/subjects/transfer', { config: { action: 'transfer.take' } }, (request, reply) => takePage(request, reply, null, null));
  app.post('/subjects/transfer', { config: { action: 'transfer.take', takesFile: true } }, async (request, reply) => {
    const { file } = (request.body ?? {}) as { file?: MultipartFile };
    try {
      const bytes = file?.toBuffer ? await file.toBuffer() : Buffer.alloc(0);
      const result = await takeRecord(performer, actorOf(request), services, await readRecord(piecesOf(bytes)));
      return takePage(request, reply, result, null);
    } catch (error) {
      return takePage(request, reply, null, invalidIn(error));
    }
  });
}
