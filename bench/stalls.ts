import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { deflateRawSync } from 'node:zlib';
import { crimesCsv, fixLines, Town, type WrittenAgencies } from '@waymark/town';
import {
  computeDueVerdicts,
  decodeWaymarkLines,
  importCrimes,
  issueTagCredential,
  registerWearers,
  type TagBroker,
} from '../app/src/supervision/index.ts';
import { declareAgreement, importRecords, linkRecords, mappingOfName, sharedFields } from '../app/src/support/index.ts';
import { serveForTest, Visitor } from '../app/test/serve-for-test.ts';
import { type Report, say } from './report.ts';

const limitMs = 250;

/** How long `/livez` and a tag's acknowledgement wait while something large or hostile is under way, asked from a thread of its own. */
export async function benchStalls(options: { seed: number; size?: number }): Promise<Report> {
  const fixesWanted = options.size ?? 2_000_000;
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'));
  const serving = await serveForTest({ WAYMARK_ENGINE_MB: '1024' });
  try {
    const { waymark, url } = serving;
    const { performer } = waymark;
    const operator = (purpose: 'administration' | 'crime-matching' | 'record-linkage') =>
      ({ id: 'bench', name: 'bench', role: 'operator', purpose }) as const;
    const startMs = Date.UTC(2026, 4, 1);
    const wearers = Math.max(1, Math.ceil(fixesWanted / 20_000));
    const town = new Town({ seed: options.seed, wearers, days: 14, crimes: 400, startMs });
    const system = { id: 'bench', name: 'bench', role: 'system', purpose: 'administration' } as const;
    let fixes = 0;
    let copy = 0;
    const made = [...town.wearers()];
    while (fixes < fixesWanted) {
      const wearer = made[copy % made.length] as (typeof made)[number];
      const tag = `${wearer.tag}-${copy++}`;
      await performer.perform(system, registerWearers, null, [{ tag, name: 'Bench Wearer', firstAt: startMs }]);
      const lines = [...fixLines(wearer, startMs)].map((line) => line.replace(wearer.tag, tag));
      await waymark.intake.accept(decodeWaymarkLines(lines.join('')), { kind: 'operator', name: 'bench' });
      fixes += lines.length;
      say(`stalls: ${fixes.toLocaleString('en-GB')} fixes`);
    }
    await performer.perform(system, registerWearers, null, [{ tag: 'PROBE', name: 'Probe', firstAt: Date.now() - 3 * 86_400_000 }]);
    const administrator = { id: 'bench', name: 'bench', role: 'administrator', purpose: 'administration' } as const;
    const { secret } = await performer.perform(administrator, issueTagCredential, null, { serial: 'PROBE' });
    const { port } = serving.broker as TagBroker;
    const probe = new Worker(join(import.meta.dirname, 'stall-probe.ts'), { workerData: { url, port, serial: 'PROBE', secret } });
    await once(probe, 'message');
    const worst = async () => {
      probe.postMessage('tell');
      return (await once(probe, 'message'))[0] as { livez: number; acknowledged: number };
    };
    const table: Record<string, string | number>[] = [];
    const under = async (load: string, work: () => Promise<unknown>) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await worst();
      const from = performance.now();
      const outcome = await work().catch((error: Error) => `refused: ${error.message.slice(0, 60)}`);
      const seconds = (performance.now() - from) / 1000;
      const { livez, acknowledged } = await worst();
      table.push({
        load,
        s: Number(seconds.toFixed(1)),
        '/livez ms': Math.round(livez),
        'acknowledged ms': Math.round(acknowledged),
        outcome: String(outcome).slice(0, 60),
      });
      say(`stalls: ${load} ${Math.round(livez)} ${Math.round(acknowledged)} ms`);
    };
    await under('nothing', () => new Promise((resolve) => setTimeout(resolve, 3000)));
    const analyst = new Visitor(url);
    await analyst.signIn('ca-1');
    const analystToken = await analyst.csrf('/crimes');
    const steward = new Visitor(url);
    await steward.signIn('ds-1');
    const lead = new Visitor(url);
    await lead.signIn('sl-1');
    const leadToken = await lead.csrf('/instrument');
    const nested = Buffer.from(`[${'{"a":[]},'.repeat(6_000_000)}{}]`);
    await under('54 MB of JSON from nobody', () => post(`${url}/api/crimes`, nested, { 'content-type': 'application/json' }));
    await under('54 MB of JSON to /api/crimes, signed in', async () => {
      const response = await analyst.request('/api/crimes', {
        method: 'POST',
        body: nested,
        headers: { 'content-type': 'application/json', 'csrf-token': analystToken },
      });
      return response.status;
    });
    const yaml = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n');
    await under('200 KB of YAML keys to the instrument', async () => {
      const body = new URLSearchParams({ _csrf: leadToken, draft: yaml, instrument: yaml, text: yaml });
      return (await lead.request('/instrument/simulate', { method: 'POST', body })).status;
    });
    const today = new Date().toISOString().slice(0, 10);
    const clerk = operator('record-linkage');
    const agree = (source: string) =>
      performer.perform(clerk, declareAgreement, null, {
        source,
        agency: source,
        title: 'Bench agreement',
        purpose: 'To measure what waits',
        lawfulBasis: 'public task',
        fields: [...sharedFields],
        startsOn: today,
        endsOn: `${Number(today.slice(0, 4)) + 1}-01-31`,
        retentionMonths: 24,
        today,
      });
    await agree('bomb');
    const workbook = bomb();
    const token = await steward.csrf('/sources');
    await under('a workbook of 2 MB that unpacks to 700', async () => {
      const body = new FormData();
      body.set('_csrf', token);
      body.set('mapping', 'housing');
      body.set('file', new Blob([workbook as Uint8Array<ArrayBuffer>]), 'bomb.xlsx');
      return (await steward.request('/sources/1/import', { method: 'POST', body })).status;
    });
    await importCrimes(performer, operator('crime-matching'), waymark, { fileName: 'town.csv', bytes: Buffer.from(crimesCsv(town)) });
    await under(`verdicts over ${fixes.toLocaleString('en-GB')} fixes`, () =>
      computeDueVerdicts(performer, waymark, operator('crime-matching')).then((run) => `${run?.crimes} crimes, ${run?.verdicts} verdicts`),
    );
    const crimes = Array.from({ length: 100_000 }, (_, i) => {
      const at = new Date(startMs + (i % 18_000) * 60_000).toISOString();
      return `B${i},BIAD,${at},${at},53.0${10 + (i % 80)},-1.8${10 + (i % 80)},20,`;
    });
    const csv = Buffer.from(`reference,type,from,to,latitude,longitude,uncertainty_m,text\n${crimes.slice(0, 100_000).join('\n')}\n`);
    await under('a file of 100,000 crimes', () =>
      importCrimes(performer, operator('crime-matching'), waymark, { fileName: 'crimes.csv', bytes: csv }).then(
        ({ accepted }) => `${accepted} accepted`,
      ),
    );
    const files = join(folder, 'agencies');
    spawnSync(process.execPath, [join(import.meta.dirname, 'fill-agencies.ts'), files, String(options.seed), '3000', today, '1'], {
      stdio: 'inherit',
    });
    const written = JSON.parse(readFileSync(join(files, 'files.json'), 'utf8')) as WrittenAgencies;
    for (const agency of new Set(written.files.map((file) => file.agency))) await agree(agency);
    for (const { agency, file, mapping } of written.files)
      await under(`records: ${file.slice(files.length + 1)}`, () =>
        importRecords(performer, clerk, {
          path: file,
          source: agency,
          mapping: mappingOfName(mapping) as never,
          timeZone: waymark.timeZone,
        }).then(({ counts }) => `${counts.rows} rows`),
      );
    await under('linking', () => linkRecords(performer, clerk, () => undefined).then(({ records }) => `${records} records`));
    const large = join(folder, 'large.xlsx');
    spawnSync(process.execPath, [join(import.meta.dirname, 'fill-workbook.ts'), large, String(options.seed), today, '3000', '12700'], {
      stdio: 'inherit',
    });
    const megabytes = (statSync(large).size / 1024 / 1024).toFixed(1);
    await agree('large');
    await under(`records: a workbook of ${megabytes} MB`, () =>
      importRecords(performer, clerk, {
        path: large,
        source: 'large',
        mapping: mappingOfName('social-care') as never,
        timeZone: waymark.timeZone,
      }).then(({ counts }) => `${counts.rows} rows`),
    );
    probe.postMessage('end');
    const highest = (name: string) => Math.max(...table.map((row) => Number(row[name])));
    return {
      bench: 'stalls (asked every 10 ms from a thread of its own; server, load and probe on the same machine)',
      table,
      notes: ['Each row is the longest of all waits while the load was under way; “nothing” is what the machine itself makes wait.'],
      bars: [
        { name: 'longest wait of /livez', figure: highest('/livez ms'), limit: limitMs, sense: 'most', unit: 'ms' },
        { name: 'longest wait for an acknowledgement', figure: highest('acknowledged ms'), limit: limitMs, sense: 'most', unit: 'ms' },
      ],
    };
  } finally {
    await serving.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Sends a body as far as it is taken; gives the status. */
function post(url: string, body: Buffer, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const call = request(url, { method: 'POST', headers: { ...headers, 'content-length': String(body.length) } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
      call.destroy();
    });
    call.on('error', () => resolve(0));
    call.end(body);
  });
}

/** A ZIP with a sheet of 700 MB of one row over and over, as an attacker would make it. */
function bomb(): Buffer {
  const row = Buffer.from('<row><c t="str"><v>x</v></c></row>'.repeat(20_000));
  const sheet = deflateRawSync(Buffer.concat(Array.from({ length: Math.floor(700e6 / row.length / 4) }, () => row)));
  const name = Buffer.from('xl/worksheets/sheet1.xml');
  const size = Buffer.alloc(12);
  size.writeUInt32LE(sheet.length, 4);
  size.writeUInt32LE(700e6, 8);
  const local = Buffer.concat([
    Buffer.from([0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0, 0, 0, 0, 0]),
    size,
    Buffer.from([name.length, 0, 0, 0]),
    name,
    sheet,
  ]);
  const central = Buffer.concat([
    Buffer.from([0x50, 0x4b, 1, 2, 20, 0, 20, 0, 0, 0, 8, 0, 0, 0, 0, 0]),
    size,
    Buffer.from([name.length, 0]),
    Buffer.alloc(16),
    name,
  ]);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
