import { Readable } from 'node:stream';
import type { MultipartFile } from '@fastify/multipart';
import { defaultParameters } from '@waymark/presence';
import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { isProgram } from '../../platform/access.ts';
import { type Action, InvalidError, RefusedError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { pagination, readPage, sortLink } from '../../web/paging.ts';
import type { WebKit } from '../../web/server.ts';
import { crimeTypes } from '../crimes/crime-types.ts';
import { crimesFileAtMost, importCrimes, listImports, readImport } from '../crimes/import-crimes.ts';
import { type CrimeListRow, type CrimeQuery, crimeSorts, searchCrimes } from '../crimes/store.ts';
import { makeEvidencePack } from '../evidence/make-pack.ts';
import { Sealer } from '../evidence/seal.ts';
import { listRuns, selectVerdicts, streamVerdicts } from '../verdicts/read-verdicts.ts';
import { caveats, exportVerdicts, toCsv, toGeoJson } from './export-verdicts.ts';
import { revealReviewTest } from './make-review-test.ts';
import { readCrime, readEvidence } from './read-crime.ts';
import { decisions, reviewVerdict } from './review-verdict.ts';

const listCrimes: Action<null, CrimeQuery, { rows: CrimeListRow[]; total: number }> = {
  name: 'crime.list',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, query) {
    const found = await searchCrimes(tx, { ...query, withTests: !isProgram(actor) });
    note(null, { shown: found.rows.length });
    return found;
  },
};

const Id = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
const Pair = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
  wearing: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
});
const security = [{ token: [] }];

/** Crimes, verdicts and reviews: pages and API. */
export function matchingRoutes(app: FastifyInstance, web: WebKit): void {
  const { waymark } = web;
  const { performer } = waymark;
  const services = { fixes: waymark.fixes, verdicts: waymark.verdicts, timeZone: waymark.timeZone, secondReview: waymark.secondReview };
  const packServices = { ...services, sealer: Sealer.of(waymark.folder) };

  const queryOf = (request: FastifyRequest): CrimeQuery & { page: number } => {
    const { sort, order, type, show } = (request.query ?? {}) as Record<string, string>;
    const page = readPage(request.query);
    return {
      ...page,
      type: type && Object.hasOwn(crimeTypes, type) ? type : undefined,
      show,
      sort: sort && Object.hasOwn(crimeSorts, sort) ? (sort as CrimeQuery['sort']) : 'when',
      descending: order !== 'up',
    };
  };

  app.get('/crimes', { config: { action: 'crime.list' } }, async (request, reply) => {
    const query = queryOf(request);
    const found = await performer.perform(actorOf(request), listCrimes, null, query);
    const columns = Object.keys(crimeSorts).map((key) => [key, sortLink('/crimes', request.query, key, query.sort, query.descending)]);
    return web.page(request, reply, 'supervision/crimes/crimes.njk', {
      ...found,
      query,
      crimeTypes,
      sorts: Object.fromEntries(columns),
      pagination: pagination('/crimes', request.query, query.page, found.total),
    });
  });
  app.get(
    '/api/crimes',
    {
      config: { action: 'crime.list', api: true },
      schema: {
        tags: ['Crimes'],
        summary: 'List crimes',
        security,
        querystring: Type.Object({
          search: Type.Optional(Type.String()),
          page: Type.Optional(Type.Integer()),
          type: Type.Optional(Type.String()),
          show: Type.Optional(Type.String()),
        }),
      },
    },
    async (request) => {
      const { rows, total } = await performer.perform(actorOf(request), listCrimes, null, queryOf(request));
      return { total, crimes: rows };
    },
  );

  app.get('/crimes/import', { config: { action: 'crime.import' } }, async (request, reply) => {
    return web.page(request, reply, 'supervision/crimes/import-crimes.njk', { error: null });
  });
  app.post('/crimes/import', { config: { action: 'crime.import', takesFile: true } }, async (request, reply) => {
    const body = (request.body ?? {}) as { file?: MultipartFile; strict?: { value?: string } };
    try {
      const bytes = body.file?.toBuffer ? await body.file.toBuffer() : Buffer.alloc(0);
      const result = await importCrimes(performer, actorOf(request), waymark, {
        fileName: body.file?.filename ?? '',
        bytes,
        strict: body.strict?.value === 'yes',
      });
      await web.askForVerdicts();
      return reply.redirect(`/imports/${result.importId}`);
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
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
          tags: ['Crimes'],
          summary: 'Send a file of crimes',
          description: 'UK batch CSV, headed CSV or GeoJSON as the body. Good rows go in; the answer lists what to mend.',
          security,
          consumes: ['text/csv', 'application/geo+json'],
        },
      },
      async (request) => {
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const result = await importCrimes(performer, actorOf(request), waymark, { fileName: 'api', bytes });
        await web.askForVerdicts();
        return result;
      },
    );
  });
  app.get('/imports', { config: { action: 'import.list' } }, async (request, reply) => {
    const imports = await performer.perform(actorOf(request), listImports, null, null);
    return web.page(request, reply, 'supervision/crimes/imports.njk', { imports });
  });
  app.get('/imports/:id', { config: { action: 'import.read' }, schema: { params: Id } }, async (request, reply) => {
    const row = await performer.perform(actorOf(request), readImport, null, request.params as { id: number });
    return web.page(request, reply, 'supervision/crimes/import.njk', { row });
  });
  app.get('/imports/:id/problems.csv', { config: { action: 'import.read' }, schema: { params: Id } }, async (request, reply) => {
    const row = await performer.perform(actorOf(request), readImport, null, request.params as { id: number });
    const csv = stringify(
      row.problems.map((p) => [p.row, p.severity, p.field, p.value.replace(/^([=+\-@\t\r])/, "'$1"), p.code, p.message, p.action]),
      { header: true, columns: ['row', 'severity', 'field', 'value', 'code', 'message', 'action'] },
    );
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="import-${row.id}-problems.csv"`)
      .send(csv);
  });

  app.get('/crimes/:id', { config: { action: 'crime.read' }, schema: { params: Id } }, async (request, reply) => {
    const page = await performer.perform(actorOf(request), readCrime, services, request.params as { id: number });
    const { show = 'all' } = (request.query ?? {}) as { show?: string };
    const verdicts = page.verdicts.filter(({ verdict }) => show === 'all' || verdict === show);
    const { page: number, limit, offset } = readPage(request.query);
    return web.page(request, reply, 'supervision/review/crime.njk', {
      ...page,
      show,
      shown: verdicts.slice(offset, offset + limit),
      shownTotal: verdicts.length,
      pagination: pagination(`/crimes/${page.crime.crime_id}`, request.query, number, verdicts.length),
      caveats,
      clearedCount: page.verdicts.filter(({ review }) => review.cleared).length,
      secondReview: waymark.secondReview,
    });
  });
  app.get(
    '/api/crimes/:id',
    {
      config: { action: 'crime.read', api: true },
      schema: { tags: ['Crimes'], summary: 'One crime with the verdict on every wearer', security, params: Id },
    },
    async (request) => performer.perform(actorOf(request), readCrime, services, request.params as { id: number }),
  );
  /** Whoever tries to take out what was made up is told, and with that the test is over. */
  const revealIfMadeUp = async (request: FastifyRequest, crimeId: number, error: unknown) => {
    if (error instanceof InvalidError && error.field === 'made up')
      await performer.perform(actorOf(request), revealReviewTest, null, { crimeId });
  };
  const evidencePage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object) => {
    const { id, wearing } = request.params as { id: number; wearing: number };
    const evidence = await performer.perform(actorOf(request), readEvidence, services, { crimeId: id, wearingId: wearing });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/review/evidence.njk', {
      ...evidence,
      typeName: crimeTypes[evidence.crime.type] ?? '',
      mapData: mapDataOf(evidence),
      caveats,
      decisions,
      mine: evidence.verdict.review.visible.find((review) => review.reviewer === actorOf(request).id) ?? null,
      secondReview: waymark.secondReview,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/crimes/:id/wearers/:wearing', { config: { action: 'crime.read' }, schema: { params: Pair } }, (request, reply) =>
    evidencePage(request, reply, null, {}),
  );
  app.get(
    '/api/crimes/:id/wearers/:wearing',
    {
      config: { action: 'crime.read', api: true },
      schema: { tags: ['Verdicts'], summary: 'The verdict on one wearer, with the observed fixes', security, params: Pair },
    },
    async (request) => {
      const { id, wearing } = request.params as { id: number; wearing: number };
      return performer.perform(actorOf(request), readEvidence, services, { crimeId: id, wearingId: wearing });
    },
  );
  app.post(
    '/crimes/:id/wearers/:wearing/reviews',
    { config: { action: 'verdict.review' }, schema: { params: Pair } },
    async (request, reply) => {
      const { id, wearing } = request.params as { id: number; wearing: number };
      const { decision = '', reason = '' } = (request.body ?? {}) as { decision?: string; reason?: string };
      try {
        await performer.perform(actorOf(request), reviewVerdict, services, { crimeId: id, wearingId: wearing, decision, reason });
      } catch (error) {
        if (!(error instanceof InvalidError)) throw error;
        return evidencePage(request, reply, error, { decision, reason });
      }
      web.notice(request, 'Your review is recorded.');
      return reply.redirect(`/crimes/${id}`);
    },
  );
  app.post(
    '/api/crimes/:id/wearers/:wearing/reviews',
    {
      config: { action: 'verdict.review', api: true },
      schema: {
        tags: ['Verdicts'],
        summary: 'Record a review',
        security,
        params: Pair,
        body: Type.Object({ decision: Type.Union(decisions.map((d) => Type.Literal(d))), reason: Type.String() }),
      },
    },
    async (request) => {
      const { id, wearing } = request.params as { id: number; wearing: number };
      const { decision, reason } = request.body as { decision: string; reason: string };
      return performer.perform(actorOf(request), reviewVerdict, services, { crimeId: id, wearingId: wearing, decision, reason });
    },
  );
  app.post(
    '/crimes/:id/wearers/:wearing/evidence',
    { config: { action: 'evidence.make' }, schema: { params: Pair } },
    async (request, reply) => {
      const { id, wearing } = request.params as { id: number; wearing: number };
      try {
        const made = await performer.perform(actorOf(request), makeEvidencePack, packServices, { crimeId: id, wearingId: wearing });
        web.notice(request, 'The evidence pack is put together.');
        return reply.redirect(`/evidence/${made.id}`);
      } catch (error) {
        if (!(error instanceof InvalidError)) throw error;
        await revealIfMadeUp(request, id, error);
        return evidencePage(request, reply, error, {});
      }
    },
  );
  app.get('/crimes/:id/export', { config: { action: 'verdict.export' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const { format = 'print' } = (request.query ?? {}) as { format?: string };
    const page = await performer.perform(actorOf(request), exportVerdicts, services, { id, format }).catch(async (error: unknown) => {
      await revealIfMadeUp(request, id, error);
      throw error;
    });
    const name = `${page.crime.force}-${page.crime.reference}`.replace(/[^\w-]+/g, '-');
    if (format === 'csv') {
      return reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="${name}.csv"`).send(toCsv(page));
    }
    if (format === 'geojson') {
      return reply
        .type('application/geo+json')
        .header('content-disposition', `attachment; filename="${name}.geojson"`)
        .send(JSON.stringify(toGeoJson(page)));
    }
    return web.page(request, reply, 'supervision/review/print.njk', { ...page, caveats, printedAt: new Date() });
  });
  app.get('/runs', { config: { action: 'run.list' } }, async (request, reply) => {
    const runs = await performer.perform(actorOf(request), listRuns, null, null);
    return web.page(request, reply, 'supervision/verdicts/runs.njk', { runs });
  });
  app.post('/runs', { config: { action: 'verdict.compute' } }, async (request, reply) => {
    // Somebody asked: their request is on record, the work itself follows in the background.
    await performer.perform(actorOf(request), askForRun, null, null);
    await web.askForVerdicts();
    web.notice(request, 'Verdicts that are due are being worked out. Reload this page in a moment.');
    return reply.redirect('/runs');
  });
  app.get(
    '/api/verdicts',
    {
      config: { action: 'verdict.list', api: true },
      schema: {
        tags: ['Verdicts'],
        summary: 'All current verdicts, excluded and unknown too',
        security,
        querystring: Type.Object({ reference: Type.Optional(Type.String()) }),
      },
    },
    async (request, reply) => {
      // It leaves out what was made up to test reviewers, so whoever reviews may not compare it with the pages.
      if (!request.byToken) throw new RefusedError('This list is for programs. Send an API token.');
      const { reference } = request.query as { reference?: string };
      const selection = await performer.perform(actorOf(request), selectVerdicts, services, { reference });
      async function* pieces() {
        let first = true;
        yield '[';
        for await (const batch of streamVerdicts(services, selection, defaultParameters.radiusM)) {
          for (const verdict of batch) {
            yield `${first ? '' : ',\n'}${JSON.stringify(verdict)}`;
            first = false;
          }
        }
        yield ']';
      }
      return reply.type('application/json').send(Readable.from(pieces()));
    },
  );
}

const askForRun: Action<null, null, null> = {
  name: 'verdict.compute',
  room: 'supervision',
  purpose: 'crime-matching',
  run: async () => null,
};

type Evidence = Awaited<ReturnType<typeof readEvidence.run>>;

/** What the map draws: the place, the radius, the observed fixes, the gaps. */
function mapDataOf({ crime, points, gaps, radiusM, marginMs }: Evidence): object {
  return {
    place: crime.place,
    radiusM,
    from: crime.from_at.getTime(),
    to: crime.to_at.getTime(),
    marginMs,
    gaps,
    points: points.map(({ at, lon, lat, accuracyM }) => [at, lon, lat, accuracyM]),
  };
}
