import { dateOf } from '@waymark/presence';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { readSubject } from '../subjects/page/index.ts';
import { formats, isFormat, takeTrack } from './take-track.ts';
import { mediaTypes, writeTrack } from './write-files.ts';

const dayMs = 86_400_000;

/** Positions of somebody as a file: pages. */
export function trackFileRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, fixes, timeZone } = web.waymark;
  const page = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object) => {
    const { subject } = await performer.perform(actorOf(request), readSubject, { fixes }, { id: idIn(request) });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/track-files/take-track.njk', {
      subject,
      formats,
      draft,
      error: error ? { text: error.message, field: error.field } : null,
    });
  };
  app.get('/subjects/:id/track/file', { config: { action: 'subject.read' }, schema: { params: Id } }, (request, reply) => {
    const now = Date.now();
    return page(request, reply, null, { from: dateOf(now - 6 * dayMs, timeZone), to: dateOf(now, timeZone), format: 'csv' });
  });
  app.post('/subjects/:id/track/file', { config: { action: 'track.export' }, schema: { params: Id } }, async (request, reply) => {
    const [from, to, format, why] = textsOf(request.body, 'from', 'to', 'format', 'why');
    try {
      const wish = { subjectId: idIn(request), from, to, format, why, now: Date.now() };
      const track = await performer.perform(actorOf(request), takeTrack, { fixes, timeZone }, wish);
      const kind = isFormat(format) ? format : 'csv';
      const name = `positions-${track.subject.reference}-${from}-to-${to}`.replace(/[^\w-]+/g, '-');
      return reply
        .header('cache-control', 'no-store')
        .header('content-disposition', `attachment; filename="${name}.${kind}"`)
        .type(mediaTypes[kind])
        .send(writeTrack(track, kind));
    } catch (error) {
      return page(request, reply, invalidIn(error), { from, to, format, why });
    }
  });
}
