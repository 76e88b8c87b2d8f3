import { PassThrough } from 'node:stream';
import type { MultipartFile } from '@fastify/multipart';
import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { textIn } from '../../platform/text-in.ts';
import { ToldError } from '../../platform/told-error.ts';
import { actorOf } from '../../web/actor-of.ts';
import { invalidIn } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { bulkApiRoutes } from './api-routes.ts';
import { importSubjects, type SubjectImport } from './import-subjects.ts';
import { subjectColumns } from './read-subject-rows.ts';

const example = [
  ['reference', 'name', 'born_on', 'phone', 'address', 'order_kind', 'authority', 'order_from', 'order_to', 'tag', 'fitted_at'],
  ['zone', 'zone_kind', 'zone_lat', 'zone_lon', 'zone_radius_m', 'zone_days', 'zone_from', 'zone_to'],
].flat();

/** Many people at once, from a file or from another system: page and API. */
export function bulkRoutes(app: FastifyInstance, web: WebKit): void {
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
    const body = (request.body ?? {}) as Sent;
    if (request.headers.accept === linesType) return tellOnTheWay(request, reply, body);
    try {
      const bytes = body.file?.toBuffer ? await body.file.toBuffer() : Buffer.alloc(0);
      const input = { text: textIn(bytes) };
      return page(request, reply, await importSubjects(web.waymark, actorOf(request), input, body.how?.value !== 'put'), null);
    } catch (caught) {
      return page(request, reply, null, invalidIn(caught));
    }
  });
  /** A line each: how far it is, and at last what the page would show. It goes on where nobody listens any more. */
  const tellOnTheWay = async (request: FastifyRequest, reply: FastifyReply, body: Sent) => {
    const bytes = body.file?.toBuffer ? await body.file.toBuffer() : Buffer.alloc(0);
    const lines = new PassThrough();
    const say = (told: object) => void (lines.writable && lines.write(`${JSON.stringify(told)}\n`));
    const reading = async () => {
      try {
        const input = { text: textIn(bytes) };
        const result = await importSubjects(web.waymark, actorOf(request), input, body.how?.value !== 'put', (done, all) =>
          say({ done, all }),
        );
        say({ result: web.part('supervision/bulk/import-result.njk', { result }) });
      } catch (caught) {
        say({ failed: failureOf(request, caught) });
      }
      lines.end();
    };
    void reading();
    // Said as it comes, also through a proxy.
    return reply.type(linesType).header('cache-control', 'no-store').header('x-accel-buffering', 'no').send(lines);
  };
  bulkApiRoutes(app, web);
}

interface Sent {
  file?: MultipartFile;
  how?: { value?: string };
}

const linesType = 'application/x-ndjson';

function failureOf(request: FastifyRequest, caught: unknown): string {
  if (caught instanceof ToldError) return caught.message;
  request.log.error({ error: (caught as Error).name, message: (caught as Error).message }, 'reading a file of people');
  return 'Something went wrong here. What was read before is on record: send the same file again, and what is in already stays as it is.';
}
