import type { MultipartFile } from '@fastify/multipart';
import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance } from 'fastify';
import { InvalidError } from '../../platform/action.ts';
import { harmlessCell } from '../../platform/csv-cell.ts';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { importRecords, MappingError, mappingOfName, readMapping } from '../records/index.ts';
import { readRecordImport, readSource } from './read-source.ts';
import type { SourcePage } from './source-page.ts';
import { withUpload } from './with-upload.ts';

const room = 'support' as const;

/** Files of a source: sending one, trying a mapping on a sample, and what became of it. */
export function recordImportRoutes(app: FastifyInstance, web: WebKit, source: SourcePage, askForLinking: () => Promise<void>): void {
  const { performer, timeZone } = web.waymark;
  const today = () => dayIn(timeZone);
  app.post(
    '/sources/:id/import',
    { config: { action: 'records.import', room, takesFile: true }, schema: { params: Id } },
    async (request, reply) => {
      const id = idIn(request);
      const body = (request.body ?? {}) as { file?: MultipartFile; mapping?: { value?: string }; own?: { value?: string } };
      try {
        const { name } = await performer.perform(actorOf(request), readSource, null, { id, today: today() });
        const own = body.own?.value?.trim();
        const mapping = own ? readMapping(own) : mappingOfName(body.mapping?.value ?? '');
        if (!mapping) throw new InvalidError('Choose the mapping of the file.', 'mapping');
        const result = await withUpload(body.file, 'file', (path) =>
          importRecords(performer, actorOf(request), {
            path,
            fileName: body.file?.filename ?? 'upload',
            source: name,
            mapping,
            timeZone,
          }),
        );
        if (result.again) web.notice(request, 'This very file had been read before. Nothing was changed.');
        else await askForLinking();
        return reply.redirect(`/record-imports/${result.importId}`);
      } catch (error) {
        if (!(error instanceof InvalidError) && !(error instanceof MappingError)) throw error;
        const field = error instanceof InvalidError ? error.field : 'own';
        return source.show(request, reply.code(400), id, { text: error.message, field });
      }
    },
  );
  app.get('/record-imports/:id', { config: { action: 'record-import.read', room }, schema: { params: Id } }, async (request, reply) => {
    const row = await performer.perform(actorOf(request), readRecordImport, null, { id: idIn(request) });
    return web.page(request, reply, 'support/records/record-import.njk', { row });
  });
  app.get(
    '/record-imports/:id/problems.csv',
    { config: { action: 'record-import.read', room }, schema: { params: Id } },
    async (request, reply) => {
      const row = await performer.perform(actorOf(request), readRecordImport, null, { id: idIn(request) });
      const csv = stringify(
        // A cell that begins like a formula would be run by a spreadsheet.
        row.problems.map((p) => [p.row || 'file', p.column, harmlessCell(p.value), p.refused ? 'refused' : 'left out', p.message]),
        { header: true, columns: ['row', 'column', 'value', 'what became of it', 'what to do'] },
      );
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="import-${row.id}-problems.csv"`)
        .send(csv);
    },
  );
}
