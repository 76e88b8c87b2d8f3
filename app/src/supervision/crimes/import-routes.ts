import type { MultipartFile } from '@fastify/multipart';
import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidError } from '../../platform/action.ts';
import { harmlessCell } from '../../platform/csv-cell.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { type CrimeField, fieldsInWords, isField } from './crime-headings.ts';
import { crimeTypes } from './crime-types.ts';
import { importCrimes, listImports, readImport } from './import-crimes.ts';
import { type LookedAt, lookAtCrimes } from './look-at-crimes.ts';
import { middleOf } from './near-fixes.ts';
import { noForce } from './parsed-crime.ts';
import { type CrimesFile, crimesFileAtMost, fingerprintOf } from './read-crimes-file.ts';

/** A field of a form that a file comes with. */
interface Field {
  value?: string;
}

type Sent = { file?: MultipartFile; how?: Field; strict?: Field; looked?: Field; timeZone?: Field } & Record<string, Field | undefined>;

/**
 * The ends that somebody gave for rows of the file that they had looked at, by row.
 * @throws InvalidError where the file is another
 */
function endsIn(body: Sent, bytes: Buffer): Map<number, string> {
  const ends = new Map<number, string>();
  for (const [name, field] of Object.entries(body)) {
    const row = /^end-(\d{1,9})$/.exec(name)?.[1];
    const end = typeof field?.value === 'string' ? field.value.trim().slice(0, 40) : '';
    if (row && end !== '') ends.set(Number(row), end);
  }
  if (ends.size > 0 && bytes.length > 0 && body.looked?.value !== fingerprintOf(bytes))
    throw new InvalidError('The ends that you gave are for another file than this one. Look at this file first.', 'file');
  return ends;
}

/**
 * What somebody said that the columns hold, and the clock of their times; nothing where they were not asked.
 * @throws InvalidError for a clock that is not known
 */
function columnsIn(body: Sent): Pick<CrimesFile, 'columns' | 'timeZone'> {
  const columns: Record<string, CrimeField | 'none'> = {};
  for (const [name, field] of Object.entries(body)) {
    const heading = /^column-([a-z0-9]{1,80})$/.exec(name)?.[1];
    const said = field?.value;
    if (heading && typeof said === 'string' && (said === 'none' || isField(said))) columns[heading] = said;
  }
  const timeZone = typeof body.timeZone?.value === 'string' ? body.timeZone.value.trim() : '';
  if (timeZone !== '')
    try {
      new Intl.DateTimeFormat('en-GB', { timeZone });
    } catch {
      throw new InvalidError(`“${timeZone.slice(0, 40)}” is no time zone. Write one such as Europe/London.`, 'timeZone');
    }
  return { ...(Object.keys(columns).length > 0 ? { columns } : {}), ...(timeZone === '' ? {} : { timeZone }) };
}

/** Files of crimes, and what became of them: pages and API. */
export function importRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const page = (request: FastifyRequest, reply: FastifyReply, told: { looked?: LookedAt; error?: InvalidError; strict?: boolean } = {}) =>
    web.page(request, told.error ? reply.code(400) : reply, 'supervision/crimes/import-crimes.njk', {
      looked: told.looked ?? null,
      places: (told.looked?.crimes ?? []).map(({ row, reference, place }) => [row, reference, ...middleOf(place)]),
      strict: told.strict ?? false,
      crimeTypes,
      fieldsInWords,
      zones: [...new Set([web.waymark.timeZone, 'Europe/London', 'UTC'])],
      noForce,
      timeZone: web.waymark.timeZone,
      error: told.error ? { text: told.error.message, field: told.error.field ?? 'file' } : null,
    });
  app.get('/crimes/import', { config: { action: 'crime.import' } }, (request, reply) => page(request, reply));
  app.post('/crimes/import', { config: { action: 'crime.import', takesFile: true } }, async (request, reply) => {
    const body = (request.body ?? {}) as Sent;
    const strict = body.strict?.value === 'yes';
    try {
      const bytes = body.file?.toBuffer ? await body.file.toBuffer() : Buffer.alloc(0);
      if (bytes.length === 0 && body.looked?.value)
        throw new InvalidError('Choose the file once more: between two pages your browser does not keep it.', 'file');
      const file: CrimesFile = { fileName: body.file?.filename ?? '', bytes, strict, ends: endsIn(body, bytes), ...columnsIn(body) };
      if (body.how?.value === 'look') {
        const looked = await lookAtCrimes(performer, actorOf(request), web.waymark, file);
        return page(request, reply, { looked, strict });
      }
      const result = await importCrimes(performer, actorOf(request), web.waymark, file);
      await web.askForVerdicts();
      return reply.redirect(`/imports/${result.importId}`);
    } catch (caught) {
      return page(request, reply, { error: invalidIn(caught), strict });
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
