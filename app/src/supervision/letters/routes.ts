import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { openDocument } from '../documents/index.ts';
import { letterFields, readTemplates } from './read-templates.ts';
import { draftLetter, keepLetter } from './write-letter.ts';

/** Letters to a subject, from the agency's own templates: drafted, changed, kept and printed. */
export function letterRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, fixes, timeZone, folder } = web.waymark;
  const services = { fixes, timeZone };
  const page = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { which, error = null, text }: { which: number; error?: InvalidError | null; text?: string },
  ) => {
    const { templates, problem } = readTemplates(join(folder.file('letters.yaml')));
    const template = text === undefined ? (templates[which] ?? null) : null;
    const found = await performer.perform(actorOf(request), draftLetter, services, { subjectId: idIn(request), template, now: Date.now() });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/letters/letter.njk', {
      ...found,
      text: text ?? found.text,
      templates,
      which,
      problem,
      fields: letterFields,
      error: error ? { text: error.message, field: error.field } : null,
    });
  };
  const whichIn = (value: unknown) => (typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : 0);
  app.get('/subjects/:id/letter', { config: { action: 'letter.draft' }, schema: { params: Id } }, (request, reply) =>
    page(request, reply, { which: whichIn((request.query as { which?: string }).which) }),
  );
  app.post('/subjects/:id/letter', { config: { action: 'letter.keep' }, schema: { params: Id } }, async (request, reply) => {
    const [which, title, text] = textsOf(request.body, 'which', 'title', 'text');
    try {
      const input = { subjectId: idIn(request), title, text, now: Date.now() };
      const { id } = await performer.perform(actorOf(request), keepLetter, services, input);
      web.notice(request, 'The letter is on file, and on the person’s own page. Print it to send it.');
      return reply.redirect(`/letters/${id}`);
    } catch (caught) {
      return page(request, reply, { which: whichIn(which), error: invalidIn(caught), text });
    }
  });
  app.get('/letters/:id', { config: { action: 'document.open' }, schema: { params: Id } }, async (request, reply) => {
    const input = { id: idIn(request), only: 'text/plain' };
    const { bytes, mediaType: _, ...letter } = await performer.perform(actorOf(request), openDocument, null, input);
    return web.page(request, reply, 'supervision/letters/letter-print.njk', { letter: { ...letter, text: bytes.toString('utf8') } });
  });
}
