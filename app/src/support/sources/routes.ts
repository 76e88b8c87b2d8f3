import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MultipartFile } from '@fastify/multipart';
import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { InvalidError } from '../../platform/action.ts';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { idOf, textsOf, Id, security } from '../../web/form.ts';
import { pagination, readPage } from '../../web/paging.ts';
import type { WebKit } from '../../web/kit.ts';
import { declareAgreement, lawfulBases } from '../agreements/declare-source.ts';
import { listSources, readRecordImport, readSource } from '../agreements/read-sources.ts';
import { characteristics, checkFields, factKinds, identityFields } from '../facts/fact-kinds.ts';
import type { FeedPlaces } from '../feeds/declare-feed.ts';
import { importRecords } from '../records/import-records.ts';
import { MappingError, readMapping } from '../records/mapping.ts';
import { mappingOfName } from '../records/mappings.ts';
import { tryMapping } from '../records/try-mapping.ts';
import { decidePair, pairDecisions, takeOut, undoDecision } from '../review/decide-pair.ts';
import { readLinks } from '../review/read-links.ts';
import { listReview, readPair } from '../review/read-queue.ts';
import { sourcePage } from './source-page.ts';

const Record = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });
const Pair = Type.Object({ left: Record, right: Record });
const room = 'support' as const;

/** Fields that an agreement may allow, in groups, for its form. */
const fieldGroups = [
  { name: 'Who it is about', fields: Object.entries(identityFields) },
  { name: 'What is stated', fields: Object.entries(factKinds).map(([key, { name }]): [string, string] => [key, name]) },
  { name: 'Only to check by; kept nowhere', fields: Object.entries(checkFields) },
  { name: 'Kept apart, for the fairness audit alone', fields: Object.entries(characteristics) },
];

/** Agreements, sources, imports, and decisions on doubtful matches: pages and API. */
export function recordsRoutes(app: FastifyInstance, web: WebKit, places: FeedPlaces, askForLinking: () => Promise<void>): void {
  const { performer, timeZone } = web.waymark;
  const today = () => dayIn(timeZone);

  const showSources = async (request: FastifyRequest, error: { text: string; field: string | null } | null, draft: object) => ({
    sources: await performer.perform(actorOf(request), listSources, null, { today: today() }),
    fieldGroups,
    lawfulBases,
    error,
    draft,
  });
  app.get('/sources', { config: { action: 'source.list', room } }, async (request, reply) =>
    web.page(request, reply, 'support/sources/sources.njk', await showSources(request, null, { fields: [] })),
  );
  app.get(
    '/api/sources',
    {
      config: { action: 'source.list', room, api: true },
      schema: { tags: ['Support'], summary: 'Sources and their agreements', security },
    },
    async (request) => performer.perform(actorOf(request), listSources, null, { today: today() }),
  );
  app.post('/sources', { config: { action: 'agreement.declare', room, lists: ['fields'] } }, async (request, reply) => {
    const [source, agency, title, purpose, lawfulBasis, startsOn, endsOn, months] = textsOf(
      request.body,
      'source',
      'agency',
      'title',
      'purpose',
      'lawfulBasis',
      'startsOn',
      'endsOn',
      'retentionMonths',
    );
    const fields = [((request.body ?? {}) as { fields?: string | string[] }).fields ?? []].flat();
    const draft = { source, agency, title, purpose, lawfulBasis, startsOn, endsOn, retentionMonths: months, fields };
    try {
      const { sourceId } = await performer.perform(actorOf(request), declareAgreement, null, {
        ...draft,
        retentionMonths: Number(months),
        today: today(),
      });
      web.notice(request, 'The agreement is on the register.');
      return reply.redirect(`/sources/${sourceId}`);
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      const shown = await showSources(request, { text: error.message, field: error.field }, draft);
      return web.page(request, reply.code(400), 'support/sources/sources.njk', shown);
    }
  });

  const source = sourcePage(web, places);
  app.get('/sources/:id', { config: { action: 'source.read', room }, schema: { params: Id } }, (request, reply) =>
    source.show(request, reply, (request.params as { id: number }).id),
  );
  app.post(
    '/sources/:id/import',
    { config: { action: 'records.import', room, takesFile: true }, schema: { params: Id } },
    async (request, reply) => {
      const { id } = request.params as { id: number };
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
  app.get('/sources/:id/mapping', { config: { action: 'mapping.try', room }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const found = await performer.perform(actorOf(request), readSource, null, { id, today: today() });
    return web.page(request, reply, 'support/records/mapping.njk', { source: found, guess: null, error: null, draft: { headings: '1' } });
  });
  app.post(
    '/sources/:id/mapping',
    { config: { action: 'mapping.try', room, takesFile: true }, schema: { params: Id } },
    async (request, reply) => {
      const { id } = request.params as { id: number };
      const body = (request.body ?? {}) as { sample?: MultipartFile; reads?: { value?: string }; headings?: { value?: string } };
      const draft = { reads: body.reads?.value ?? '', headings: body.headings?.value ?? '1' };
      const found = await performer.perform(actorOf(request), readSource, null, { id, today: today() });
      try {
        const guess = await withUpload(body.sample, 'sample', (path) => {
          const given = { source: found.name, path, reads: draft.reads, headings: Number(draft.headings), today: today() };
          return performer.perform(actorOf(request), tryMapping, null, given);
        });
        return web.page(request, reply, 'support/records/mapping.njk', { source: found, guess, error: null, draft });
      } catch (error) {
        if (!(error instanceof InvalidError)) throw error;
        const shown = { source: found, guess: null, error: { text: error.message, field: error.field }, draft };
        return web.page(request, reply.code(400), 'support/records/mapping.njk', shown);
      }
    },
  );
  app.get('/record-imports/:id', { config: { action: 'record-import.read', room }, schema: { params: Id } }, async (request, reply) => {
    const row = await performer.perform(actorOf(request), readRecordImport, null, request.params as { id: number });
    return web.page(request, reply, 'support/records/record-import.njk', { row });
  });
  app.get(
    '/record-imports/:id/problems.csv',
    { config: { action: 'record-import.read', room }, schema: { params: Id } },
    async (request, reply) => {
      const row = await performer.perform(actorOf(request), readRecordImport, null, request.params as { id: number });
      const csv = stringify(
        // A cell that begins like a formula would be run by a spreadsheet.
        row.problems.map((p) => [
          p.row || 'file',
          p.column,
          p.value.replace(/^([=+\-@\t\r])/, "'$1"),
          p.refused ? 'refused' : 'left out',
          p.message,
        ]),
        { header: true, columns: ['row', 'column', 'value', 'what became of it', 'what to do'] },
      );
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="import-${row.id}-problems.csv"`)
        .send(csv);
    },
  );

  app.get('/review', { config: { action: 'review.list', room } }, async (request, reply) => {
    const query = readPage(request.query);
    const found = await performer.perform(actorOf(request), listReview, null, query);
    return web.page(request, reply, 'support/review/review.njk', {
      ...found,
      pagination: pagination('/review', request.query, query.page, found.total),
    });
  });
  app.get(
    '/api/review',
    {
      config: { action: 'review.list', room, api: true },
      schema: { tags: ['Support'], summary: 'Pairs of records that wait for a decision', security },
    },
    async (request) => performer.perform(actorOf(request), listReview, null, readPage(request.query)),
  );
  app.get('/review/:left/:right', { config: { action: 'pair.read', room }, schema: { params: Pair } }, async (request, reply) => {
    const pair = await performer.perform(actorOf(request), readPair, null, request.params as { left: number; right: number });
    return web.page(request, reply, 'support/review/pair.njk', { pair, decisions: pairDecisions, error: null, draft: {} });
  });
  app.post('/review/:left/:right', { config: { action: 'pair.decide', room }, schema: { params: Pair } }, async (request, reply) => {
    const pair = await performer.perform(actorOf(request), readPair, null, request.params as { left: number; right: number });
    const [decision, reason] = textsOf(request.body, 'decision', 'reason');
    try {
      await performer.perform(actorOf(request), decidePair, null, { left: pair.left.record, right: pair.right.record, decision, reason });
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      const shown = { pair, decisions: pairDecisions, error: { text: error.message, field: error.field }, draft: { decision, reason } };
      return web.page(request, reply.code(400), 'support/review/pair.njk', shown);
    }
    if (decision !== 'cannot tell') await askForLinking();
    web.notice(request, `Recorded: ${decision}.`);
    return reply.redirect(pair.next ? `/review/${pair.next.left}/${pair.next.right}` : '/review');
  });
  app.post('/review/undo', { config: { action: 'pair.undo', room } }, async (request, reply) => {
    const [id] = textsOf(request.body, 'id');
    await performer.perform(actorOf(request), undoDecision, null, { id: idOf(id) });
    await askForLinking();
    web.notice(request, 'The decision is taken back. The two are compared again in a moment.');
    return reply.redirect('/review');
  });

  app.get('/links/:id', { config: { action: 'link.read', room }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const links = await performer.perform(actorOf(request), readLinks, null, { person: id });
    return web.page(request, reply, 'support/review/links.njk', { links, error: null });
  });
  app.post('/links/:id/take-out', { config: { action: 'link.undo', room }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const [record, reason] = textsOf(request.body, 'record', 'reason');
    try {
      await performer.perform(actorOf(request), takeOut, null, { record: idOf(record), reason });
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      const links = await performer.perform(actorOf(request), readLinks, null, { person: id });
      return web.page(request, reply.code(400), 'support/review/links.njk', {
        links,
        error: { text: error.message, field: `reason-${idOf(record)}` },
      });
    }
    await askForLinking();
    web.notice(request, 'The record is taken out. It gets a person of its own in a moment.');
    return reply.redirect('/review');
  });
}

/** Puts what was sent into a file for as long as the work takes. */
async function withUpload<T>(sent: MultipartFile | undefined, field: string, work: (path: string) => Promise<T>): Promise<T> {
  const bytes = sent?.toBuffer ? await sent.toBuffer() : Buffer.alloc(0);
  if (bytes.length === 0) throw new InvalidError(`Choose a ${field}.`, field);
  const folder = await mkdtemp(join(tmpdir(), 'waymark-upload-'));
  try {
    const path = join(folder, 'upload');
    await writeFile(path, bytes);
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
