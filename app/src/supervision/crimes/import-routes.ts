import type { MultipartFile } from '@fastify/multipart';
import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance } from 'fastify';
import { harmlessCell } from '../../platform/csv-cell.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { crimesFileAtMost, importCrimes, listImports, readImport } from './import-crimes.ts';

/** Files of crimes, and what became of them: pages and API. */
export function importRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  app.get('/crimes/import', { config: { action: 'crime.import' } }, async (request, reply) => {
    return web.page(request, reply, 'supervision/crimes/import-crimes.njk', { error: null });
  });
  app.post('/crimes/import', { config: { action: 'crime.import', takesFile: true } }, async (request, reply) => {
    const body = (request.body ?? {}) as { file?: MultipartFile; strict?: { value?: string } };
    try {
      const bytes = body.file?.toBuffer ? await body.file.toBuffer() : Buffer.alloc(0);
      const result = await importCrimes(performer, actorOf(request), web.waymark, {
        fileName: body.file?.filename ?? '',
        bytes,
        strict: body.strict?.value === 'yes',
      });
      await web.askForVerdicts();
      return reply.redirect(`/imports/${result.importId}`);
    } catch (caught) {
      const error = invalidIn(caught);
      return web.page(request, reply.code(400), 'supervision/crimes/import-crimes.njk', { error: error.message });
    }
  });
  // Whatever the sender calls the file: it is bytes until it is read in a thread.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: crimesFileAtMost }, (_request, body, done) => done(null, body));
    scope.post(
      '/api/crimes',
      {
        bodyLimit: crimesFileAtMost,
        config: { action: 'crime.import', api: true },
        schema: {
          operationId: 'importCrimes',
          tags: ['Crimes'],
          summary: 'Send a file of crimes',
          description: 'UK batch CSV, headed CSV or GeoJSON as the body. Good rows go in; the answer lists what to mend.',
          security,
          consumes: ['text/csv', 'application/geo+json'],
        },
      },
      async (request) => {
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const result = await importCrimes(performer, actorOf(request), web.waymark, { fileName: 'api', bytes });
        await web.askForVerdicts();
        return result;
      },
    );
  });
  app.get('/imports', { config: { action: 'import.list', menu: { text: 'Imports', rank: 70 } } }, async (request, reply) => {
    const imports = await performer.perform(actorOf(request), listImports, null, null);
    return web.page(request, reply, 'supervision/crimes/imports.njk', { imports });
  });
  app.get('/imports/:id', { config: { action: 'import.read' }, schema: { params: Id } }, async (request, reply) => {
    const row = await performer.perform(actorOf(request), readImport, null, { id: idIn(request) });
    return web.page(request, reply, 'supervision/crimes/import.njk', { row });
  });
  app.get('/imports/:id/problems.csv', { config: { action: 'import.read' }, schema: { params: Id } }, async (request, reply) => {
    const row = await performer.perform(actorOf(request), readImport, null, { id: idIn(request) });
    const csv = stringify(
      row.problems.map((p) => [p.row, p.severity, p.field, harmlessCell(p.value), p.code, p.message, p.action]),
      { header: true, columns: ['row', 'severity', 'field', 'value', 'code', 'message', 'action'] },
    );
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="import-${row.id}-problems.csv"`)
      .send(csv);
  });
}
