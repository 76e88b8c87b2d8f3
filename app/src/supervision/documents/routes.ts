import type { MultipartFile } from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, orAgain } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { addDocument, listDocuments, openAlertPhoto, openDocument, removeDocument } from './keep-documents.ts';
import { documentKinds } from './put-on-file.ts';
import { sendDocument } from './send-document.ts';

/** What is on file of a subject: photos, orders, letters. */
export function documentRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const page = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object) =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/documents/documents.njk', {
      ...(await performer.perform(actorOf(request), listDocuments, null, { subjectId: idIn(request) })),
      kinds: documentKinds,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  app.get('/subjects/:id/documents', { config: { action: 'document.list' }, schema: { params: Id } }, (request, reply) =>
    page(request, reply, null, {}),
  );
  app.post(
    '/subjects/:id/documents',
    { config: { action: 'document.keep', takesFile: true }, schema: { params: Id } },
    async (request, reply) => {
      const body = (request.body ?? {}) as { file?: MultipartFile; kind?: { value?: string }; title?: { value?: string } };
      const draft = { kind: body.kind?.value ?? '', title: body.title?.value ?? '' };
      const bytes = body.file?.toBuffer ? await body.file.toBuffer() : Buffer.alloc(0);
      const again = await orAgain(
        () => performer.perform(actorOf(request), addDocument, null, { subjectId: idIn(request), ...draft, bytes }),
        (error) => page(request, reply, error, draft),
      );
      if (again) return again;
      web.notice(request, 'It is on file.');
      return reply.redirect(`/subjects/${idIn(request)}/documents`);
    },
  );
  app.get('/documents/:id', { config: { action: 'document.open' }, schema: { params: Id } }, async (request, reply) =>
    sendDocument(reply, await performer.perform(actorOf(request), openDocument, null, { id: idIn(request) })),
  );
  app.get('/alerts/:id/photo', { config: { action: 'document.open' }, schema: { params: Id } }, async (request, reply) =>
    sendDocument(reply, await performer.perform(actorOf(request), openAlertPhoto, null, { alert: idIn(request) })),
  );
  app.post('/documents/:id/remove', { config: { action: 'document.keep' }, schema: { params: Id } }, async (request, reply) => {
    const { subjectId } = await performer.perform(actorOf(request), removeDocument, null, { id: idIn(request) });
    web.notice(request, 'It is off the record.');
    return reply.redirect(`/subjects/${subjectId}/documents`);
  });
}
