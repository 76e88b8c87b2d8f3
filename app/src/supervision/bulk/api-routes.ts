import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { textIn } from '../../platform/text-in.ts';
import { actorOf } from '../../web/actor-of.ts';
import { security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { importSubjects, subjectsFileAtMost } from './import-subjects.ts';
import { type SubjectCells, subjectColumns } from './read-subject-rows.ts';
import { readSubjectVersion } from './subject-versions.ts';

const rowsAtMost = 5000;
/** Many people at once from another system: rows as JSON, or a file. */
export function bulkApiRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
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
        operationId: 'putSubjects',
        tags: ['Subjects'],
        summary: 'Put people on record with order, tag and zones',
        description: `By their references: new ones, and what has changed. The same again changes nothing; what is left out erases nothing. Rows are as in the CSV file, at most ${rowsAtMost}. Good rows go in; the answer names each other one.`,
        security,
        querystring: Query,
        body: Type.Object({ subjects: Type.Array(Type.Partial(Type.Object(columns)), { maxItems: rowsAtMost }) }),
      },
    },
    async (request) => {
      const { subjects } = request.body as { subjects: SubjectCells[] };
      return importSubjects(web.waymark, actorOf(request), { rows: subjects }, isDry(request));
    },
  );
  app.get(
    '/api/subject-versions/:reference',
    {
      config: { action: 'subject.read', api: true },
      schema: {
        operationId: 'readSubjectVersion',
        tags: ['Subjects'],
        summary: 'Read by which version somebody stands on record',
        description:
          'Another one whenever anything of them was changed. Send it as `if_version` with a row: whoever was changed since is left as they are, and the row is named. It says nothing of what stands there.',
        security,
        params: Type.Object({ reference: Type.String({ maxLength: 40 }) }),
      },
    },
    async (request, reply) => {
      const { reference } = request.params as { reference: string };
      const found = await performer.perform(actorOf(request), readSubjectVersion, null, { reference });
      return reply.header('etag', `"${found.version}"`).send(found);
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
          operationId: 'importSubjects',
          tags: ['Subjects'],
          summary: 'Send a CSV file of people with order, tag and zones',
          description: 'As `PUT /api/subjects`, with a file as the body.',
          security,
          consumes: ['text/csv'],
          querystring: Query,
        },
      },
      async (request) => {
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        return importSubjects(web.waymark, actorOf(request), { text: textIn(bytes) }, isDry(request));
      },
    );
  });
}
