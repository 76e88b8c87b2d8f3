import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WrittenAgencies } from '@waymark/town';
import { decodeWaymarkLines, registerWearers } from '../app/src/supervision/index.ts';
import {
  computeProfiles,
  declareAgreement,
  declareService,
  importRecords,
  linkRecords,
  mappingOfName,
  sharedFields,
} from '../app/src/support/index.ts';
import { serveForTest, Visitor } from '../app/test/serve-for-test.ts';
import { fillWithSmallTown } from '../app/test/small-town.ts';
import { type Report, say } from './report.ts';

const accounts = ['mo-1', 'ca-1', 'sw-1', 'sl-1', 'ds-1', 'fa-1', 'au-1', 'pe-1', 'ad-1'];
const rounds = 20;

/** Every page of every role, with so many wearers and so many people supported: how long each takes, asked one after the other. */
export async function benchPages(options: { seed: number; size?: number }): Promise<Report> {
  const size = options.size ?? 20_000;
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'));
  const serving = await serveForTest({ WAYMARK_ENGINE_MB: '1024' });
  try {
    await fillWearers(serving, size, join(folder, 'town'));
    await fillPeople(serving, size, options.seed, join(folder, 'agencies'));
    const visitors = new Map<string, Visitor>();
    for (const account of accounts) {
      const visitor = new Visitor(serving.url);
      await visitor.signIn(account);
      visitors.set(account, visitor);
    }
    const pages = serving.server.routes.filter(
      ({ method, url, config }) =>
        method === 'GET' &&
        !config?.stream &&
        !/^\/(assets|api\/docs|basemap|sign-in|demo-sign-in|livez|readyz|health|metrics|control)/.test(url),
    );
    const table: { page: string; role: string; 'p50 ms': number; 'p95 ms': number; KB: number }[] = [];
    for (const { url } of pages) {
      const path = url.replace(/:\w+/g, '1');
      for (const [account, visitor] of visitors) {
        const first = await visitor.request(path);
        const text = await first.text();
        if (first.status !== 200) continue;
        const times: number[] = [];
        for (let i = 0; i < rounds; i++) {
          const began = performance.now();
          await (await visitor.request(path)).arrayBuffer();
          times.push(performance.now() - began);
        }
        times.sort((a, b) => a - b);
        const at = (share: number) => Number((times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)] as number).toFixed(1));
        table.push({ page: path, role: account, 'p50 ms': at(0.5), 'p95 ms': at(0.95), KB: Math.round(text.length / 1024) });
        say(`pages: ${path} as ${account} ${at(0.95)} ms`);
      }
    }
    table.sort((a, b) => b['p95 ms'] - a['p95 ms']);
    const slow = table.filter((row) => row['p95 ms'] > 300);
    return {
      bench: `pages (${size.toLocaleString('en-GB')} wearers and ${size.toLocaleString('en-GB')} people, embedded records; each page ${rounds} times, one after the other)`,
      table: table.slice(0, 25),
      notes: [`${table.length} pages were answered with 200, of ${pages.length} addresses; the slowest 25 stand here.`],
      bars: [
        { name: 'slowest p95 of any page', figure: table[0]?.['p95 ms'] ?? Number.NaN, limit: 300, sense: 'most', unit: 'ms' },
        { name: 'pages over 300 ms', figure: slow.length, limit: 0, sense: 'most', unit: 'pages' },
        { name: 'pages measured', figure: table.length, limit: 60, sense: 'least', unit: 'pages' },
      ],
    };
  } finally {
    await serving.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Serving = Awaited<ReturnType<typeof serveForTest>>;

async function fillWearers({ waymark }: Serving, size: number, town: string): Promise<void> {
  await fillWithSmallTown(waymark, town);
  const system = { id: 'bench', name: 'bench', role: 'system', purpose: 'administration' } as const;
  const firstAt = Date.now() - 3 * 86_400_000;
  for (let from = 0; from < size; from += 1000) {
    const many = Array.from({ length: Math.min(1000, size - from) }, (_, i) => ({
      tag: `P${from + i}`,
      name: `Wearer ${from + i}`,
      firstAt,
    }));
    await waymark.performer.perform(system, registerWearers, null, many);
    const lines = many.flatMap(({ tag }, i) =>
      [0, 1, 2].map(
        (k) =>
          `${JSON.stringify({ tag, at: new Date(Date.now() - (k * 5 + (i % 90)) * 60_000).toISOString(), lat: 53 + (i % 100) / 1000, lon: -1.8, accuracy: 8, battery: 0.1 + (i % 10) / 12 })}\n`,
      ),
    );
    await waymark.intake.accept(decodeWaymarkLines(lines.join('')), { kind: 'operator', name: 'bench' });
    say(`pages: ${from + many.length} of ${size} wearers`);
  }
  await waymark.live.settled();
}

async function fillPeople({ waymark }: Serving, size: number, seed: number, folder: string): Promise<void> {
  const today = new Date().toISOString().slice(0, 10);
  const filled = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'fill-agencies.ts'), folder, ...[seed, size, today, 1].map(String)],
    {
      stdio: 'inherit',
    },
  );
  if (filled.status !== 0) throw new Error("The agencies' files could not be written; what went wrong stands above.");
  const written = JSON.parse(readFileSync(join(folder, 'files.json'), 'utf8')) as WrittenAgencies;
  const { performer } = waymark;
  const steward = { id: 'bench', name: 'bench', role: 'operator', purpose: 'record-linkage' } as const;
  for (const agency of new Set(written.files.map((file) => file.agency)))
    await performer.perform(steward, declareAgreement, null, {
      source: agency,
      agency,
      title: 'Bench agreement',
      purpose: 'To measure pages',
      lawfulBasis: 'public task',
      fields: [...sharedFields],
      startsOn: today,
      endsOn: `${Number(today.slice(0, 4)) + 1}-01-31`,
      retentionMonths: 24,
      today,
    });
  for (const { agency, file, mapping } of written.files) {
    const own = mappingOfName(mapping);
    if (!own) throw new Error(`There is no mapping ${mapping}`);
    say(`pages: importing ${file.slice(folder.length + 1)}`);
    await importRecords(performer, steward, { path: file, source: agency, mapping: own, timeZone: waymark.timeZone });
  }
  await linkRecords(performer, steward, (step, done, all) => say(`pages: ${step} ${done} of ${all}`));
  await computeProfiles(performer, { ...steward, purpose: 'support' }, waymark);
  await performer
    .perform({ ...steward, purpose: 'support' }, declareService, null, {
      name: 'Mentoring',
      kind: 'mentoring',
      provider: 'Bench',
      places: 20,
      ageFrom: 5,
      ageTo: 25,
      area: '',
      serves: {},
    } as never)
    .catch(() => undefined);
}
