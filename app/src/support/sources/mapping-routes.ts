import type { MultipartFile } from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { tryMapping } from '../records/index.ts';
import { readSource } from './read-source.ts';
import { withUpload } from './with-upload.ts';

const room = 'support' as const;

/** Trying a mapping on a sample of an agency's file. */
export function mappingRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone } = web.waymark;
  const today = () => dayIn(timeZone);
  app.get('/sources/:id/mapping', { config: { action: 'mapping.try', room }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const found = await performer.perform(actorOf(request), readSource, null, { id, today: today() });
    return web.page(request, reply, 'support/records/mapping.njk', { source: found, guess: null, error: null, draft: { headings: '1' } });
  });
  app.post(
    '/sources/:id/mapping',
    { config: { action: 'mapping.try', room, takesFile: true }, schema: { params: Id } },
    async (request, reply) => {
      const id = idIn(request);
      const body = (request.body ?? {}) as { sample?: MultipartFile; reads?: { value?: string }; headings?: { value?: string } };
      const draft = { reads: body.reads?.value ?? '', headings: body.headings?.value ?? '1' };
      const found = await performer.perform(actorOf(request), readSource, null, { id, today: today() });
      try {
        const guess = await withUpload(body.sample, 'sample', (path) => {
          const given = { source: found.name, path, reads: draft.reads, headings: Number(draft.headings), today: today() };
          return performer.perform(actorOf(request), tryMapping, null, given);
        });
        return web.page(request, reply, 'support/records/mapping.njk', { source: found, guess, error: null, draft });
      } catch (caught) {
        const error = invalidIn(caught);
        const shown = { source: found, guess: null, error: { text: error.message, field: error.field }, draft };
        return web.page(request, reply.code(400), 'support/records/mapping.njk', shown);
      }
    },
  );
}
