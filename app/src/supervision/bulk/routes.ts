import type { MultipartFile } from '@fastify/multipart';
import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { InvalidError } from '../../platform/action.ts';
import { notText, textOfBytes } from '../../platform/read-text.ts';
import { actorOf } from '../../web/actor-of.ts';
import { invalidIn, security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { importSubjects, type SubjectImport, subjectsFileAtMost } from './import-subjects.ts';
import { type SubjectCells, subjectColumns } from './read-subject-rows.ts';

const Problem = Type.Object({ row: Type.Integer(), field: Type.String(), value: Type.String(), message: Type.String() });
const Result = Type.Object(
  {
    rows: Type.Integer(),
    dryRun: Type.Boolean(),
    created: Type.Integer(),
    changed: Type.Integer(),
    same: Type.Integer(),
    problems: Type.Array(Problem),
  },
  { description: 'People, by what was done with them, and each row that could not be used' },
);
const rowsAtMost = 5000;
const example = [
  ['reference', 'name', 'born_on', 'phone', 'address', 'order_kind', 'authority', 'order_from', 'order_to', 'tag', 'fitted_at'],
  ['zone', 'zone_kind', 'zone_lat', 'zone_lon', 'zone_radius_m', 'zone_days', 'zone_from', 'zone_to'],
].flat();

/** @throws InvalidError where it is no text */
function textIn(bytes: Uint8Array): string {
  if (bytes.length === 0) throw new InvalidError('Choose a file.', 'file');
  const why = notText(bytes);
  if (why) throw new InvalidError(`This is no CSV file: ${why}`, 'file');
  return textOfBytes(bytes);
}

/** Many people at once, from a file or from another system: page and API. */
export function bulkRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone } = web.waymark;
  const page = (request: FastifyRequest, reply: FastifyReply, result: SubjectImport | null, error: InvalidError | null) =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/bulk/import-subjects.njk', {
      columns: Object.entries(subjectColumns).map(([name, { needed, says }]) => ({ name, needed, says })),
      result,
      error: error ? { text: error.message, field: 'file' } : null,
    });
  app.get('/subjects/import', { config: { action: 'subject.import' } }, (request, reply) => page(request, reply, null, null));
  app.get('/subjects/import/example.csv', { config: { action: 'start' } }, (_request, reply) =>
    reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', 'attachment; filename="people.csv"')
      .send(
        stringify([
          example,
          [
            'AB-1',
            'Ann Example',
            '1994-03-27',
            '07700 900001',
            '12 Mill Lane',
            'community order',
            'Tarn Court',
            '2026-09-07 09:00',
            '2027-03-07 09:00',
            '',
            '',
            'Home',
            'curfew',
            '53.0900',
            '-1.8150',
            '100',
            '1234567',
            '19:00',
            '07:00',
          ],
          [
            'AB-1',
            'Ann Example',
            '',
            '',
            '',
            'community order',
            'Tarn Court',
            '2026-09-07 09:00',
            '2027-03-07 09:00',
            '',
            '',
            'Station',
            'exclusion',
            '53.0950',
            '-1.8100',
            '200',
            '',
            '',
            '',
          ],
        ]),
      ),
  );
  app.post('/subjects/import', { config: { action: 'subject.import', takesFile: true } }, async (request, reply) => {
    const body = (request.body ?? {}) as { file?: MultipartFile; how?: { value?: string } };
    try {
      const bytes = body.file?.toBuffer ? await body.file.toBuffer() : Buffer.alloc(0);
      const input = { text: textIn(bytes) };
      return page(request, reply, await importSubjects(performer, actorOf(request), timeZone, input, body.how?.value !== 'put'), null);
    } catch (caught) {
      return page(request, reply, null, invalidIn(caught));
    }
  });
  const columns = Object.fromEntries(
    Object.entries(subjectColumns).map(([name, { needed, says }]) => [
      name,
      needed ? Type.String({ description: says }) : Type.Optional(Type.String({ description: says })),
    ]),
  );
  const Query = Type.Object({ dryRun: Type.Optional(Type.String({ description: 'yes: says what would be done, and does none of it' })) });
  const isDry = (request: FastifyRequest) => (request.query as { dryRun?: string }).dryRun === 'yes';
  app.put(
    '/api/subjects',
    {
      bodyLimit: subjectsFileAtMost,
      config: { action: 'subject.import', api: true },
      schema: {
        tags: ['Subjects'],
        summary: 'Put people on record with order, tag and zones',
        description: `By their references: new ones, and what has changed. The same again changes nothing; what is left out erases nothing. Rows are as in the CSV file, at most ${rowsAtMost}. Good rows go in; the answer names each other one.`,
        security,
        querystring: Query,
        body: Type.Object({ subjects: Type.Array(Type.Partial(Type.Object(columns)), { maxItems: rowsAtMost }) }),
        response: { 200: Result },
      },
    },
    async (request) => {
      const { subjects } = request.body as { subjects: SubjectCells[] };
      return importSubjects(performer, actorOf(request), timeZone, { rows: subjects }, isDry(request));
    },
  );
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: subjectsFileAtMost }, (_request, body, done) => done(null, body));
    scope.post(
      '/api/subjects/import',
      {
        bodyLimit: subjectsFileAtMost,
        config: { action: 'subject.import', api: true },
        schema: {
          tags: ['Subjects'],
          summary: 'Send a CSV file of people with order, tag and zones',
          description: 'As `PUT /api/subjects`, with a file as the body.',
          security,
          consumes: ['text/csv'],
          querystring: Query,
          response: { 200: Result },
        },
      },
      async (request) => {
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        return importSubjects(performer, actorOf(request), timeZone, { text: textIn(bytes) }, isDry(request));
      },
    );
  });
}
