import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { busFile } from './buses.csv.ts';
import { waymark } from './command-line.ts';
import { fillFromTemplate, serveForTest, temporaryFolder } from './serve-for-test.ts';
import { toldInOrder } from './told-in-order.ts';
import { until } from './until.ts';

/** The main job from outside: the command line in the words that people type, and the server as tags and programs call it. */
const cli = join(import.meta.dirname, '../src/cli.ts');
const run = promisify(execFile);

interface Verdict {
  crime: { force: string; reference: string; version: number };
  tag: string;
  subject: string;
  verdict: string;
  probability: { moment: number | null; window: number | null };
  reasons: string[];
  coverage: number;
  fixes: number;
  closest: { distanceM: number; at: string } | null;
}

interface Placed {
  reference: string;
  at: number;
  lat: number;
  lon: number;
}

function crimesFile(crimes: Placed[]): string {
  const iso = (ms: number) => new Date(ms).toISOString();
  return `reference,type,from,to,latitude,longitude,uncertainty_m,text\n${crimes
    .map(({ reference, at, lat, lon }) => `${reference},RB,${iso(at - 120_000)},${iso(at + 120_000)},${lat},${lon},0,"<b>=1+1</b>"`)
    .join('\n')}\n`;
}

/** At a bus's own positions; 5 km off the whole route; after its last fix. */
function crimesAlong(track: { tag: string; at: number; lat: number; lon: number }[]): Placed[] {
  const crimes: Placed[] = [];
  for (const tag of new Set(track.map((fix) => fix.tag))) {
    const own = track.filter((fix) => fix.tag === tag);
    own.forEach((fix, i) => {
      if (i % 12 !== 0) return;
      crimes.push({ ...fix, reference: `at-${tag}-${i}` });
      crimes.push({ ...fix, lat: fix.lat - 0.05, lon: fix.lon + 0.08, reference: `off-${tag}-${i}` });
    });
    const last = own[own.length - 1] as (typeof own)[number];
    crimes.push({ ...last, at: last.at + 3_600_000, reference: `after-${tag}-0` });
  }
  return crimes;
}

function expectBusVerdicts(verdicts: Verdict[]): void {
  const own = verdicts.filter(({ crime, tag }) => crime.reference.split('-')[1] === tag);
  const of = (kind: string) =>
    own.filter(({ crime }) => crime.reference.startsWith(`${kind}-`)).map(({ crime, verdict }) => `${crime.reference} ${verdict}`);
  expect(of('at').filter((text) => !text.endsWith(' present'))).toEqual([]);
  expect(of('off').filter((text) => !text.endsWith(' excluded'))).toEqual([]);
  expect(of('after').filter((text) => !text.endsWith(' unknown'))).toEqual([]);
  expect(of('at').length).toBeGreaterThan(20);
}

describe('the command line', toldInOrder, () => {
  const folder = temporaryFolder();
  const data = join(folder.path, 'data');
  fillFromTemplate(data);
  afterAll(() => folder.remove());

  test('positions and crimes in, verdicts out, the same again', async () => {
    const { csv, track } = busFile();
    const fixes = join(folder.path, 'buses.csv');
    const crimes = join(folder.path, 'crimes.csv');
    writeFileSync(fixes, csv);
    writeFileSync(crimes, crimesFile(crimesAlong(track)));
    const columns = ['--columns', 'tag=vehicle_id,at=timestamp,lat=latitude,lon=longitude'];
    const first = await waymark('import', 'fixes', fixes, ...columns, '--timezone', 'UTC', '--register', '--data', data, '--json');
    expect(JSON.parse(first.stdout)).toMatchObject({ read: 360, accepted: 360, quarantined: 0, registered: 2 });
    const again = await waymark('import', 'fixes', fixes, ...columns, '--timezone', 'UTC', '--register', '--data', data, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ accepted: 0, duplicates: 360, registered: 0 });
    expect((await waymark('import', 'crimes', crimes, '--data', data)).code).toBe(0);
    const { stdout } = await waymark('verdicts', '--json', '--data', data);
    const verdicts = JSON.parse(stdout) as Verdict[];
    // Two wearers and 62 crimes, less the four whose window ends before the second bus sets out.
    expect(verdicts).toHaveLength(2 * 62 - 4);
    expectBusVerdicts(verdicts);
    expect(verdicts[0]).toEqual(
      expect.objectContaining({
        crime: expect.objectContaining({ force: expect.any(String), version: 1 }),
        subject: expect.stringMatching(/^F-/),
        reasons: expect.any(Array),
        coverage: expect.any(Number),
        fixes: expect.any(Number),
      }),
    );
    expect((await waymark('verdicts', '--data', data)).stdout).toBe('Nothing is due.\n');
    expect((await waymark('verdicts', '--json', '--data', data)).stdout).toBe(stdout);
    const rerun = await waymark('verdicts', 'rerun', '1', '--data', data);
    expect(rerun.stdout).toMatch(/^The same: 120 verdicts/);
    const audit = await waymark('audit', 'verify', '--data', data);
    expect(audit.stdout).toMatch(/^The record is whole/);
  });

  // The real buses, where the shared folder is beside the project.
  const real = process.env.WAYMARK_BUSES ?? join(import.meta.dirname, '../../../shared/data/gps/liverpool_bus_route14.csv');
  test.runIf(existsSync(real))('real buses: present where they were, excluded 5 km off, unknown afterwards', async () => {
    const rows = readFileSync(real, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    const track = rows
      .map((row) => ({
        tag: (row[1] as string).replace(/"/g, ''),
        at: Date.parse(`${(row[3] as string).replace(/"/g, '').replace(' ', 'T')}Z`),
        lat: Number(row[4]),
        lon: Number(row[5]),
      }))
      .sort((a, b) => a.at - b.at);
    const crimes = join(folder.path, 'real-crimes.csv');
    writeFileSync(crimes, crimesFile(crimesAlong(track)));
    const there = join(folder.path, 'real');
    fillFromTemplate(there);
    await waymark(
      'import',
      'fixes',
      real,
      '--columns',
      'tag=vehicle_id,at=timestamp,lat=latitude,lon=longitude',
      '--timezone',
      'UTC',
      '--register',
      '--data',
      there,
    );
    await waymark('import', 'crimes', crimes, '--data', there);
    expectBusVerdicts(JSON.parse((await waymark('verdicts', '--json', '--data', there)).stdout) as Verdict[]);
  });

  test('a late fix makes its crimes due again, and the first run can still be repeated', async () => {
    const late = join(folder.path, 'late.ndjson');
    const { track } = busFile();
    const fix = track[30] as (typeof track)[number];
    writeFileSync(late, `{"tag":"${fix.tag}","at":"${new Date(fix.at + 7000).toISOString()}","lat":${fix.lat},"lon":${fix.lon}}\n`);
    await waymark('import', 'fixes', late, '--data', data);
    expect((await waymark('verdicts', '--data', data)).stdout).toMatch(/^run 2: /);
    expect((await waymark('verdicts', 'rerun', '1', '--data', data)).stdout).toMatch(/^The same/);
    expect((await waymark('verdicts', 'rerun', '2', '--data', data)).stdout).toMatch(/^The same/);
  });

  test('bad files: a clear message, the good part in, no crash', async () => {
    const file = (name: string, bytes: string | Buffer) => {
      const path = join(folder.path, name);
      writeFileSync(path, bytes);
      return path;
    };
    const good = '{"tag":"4716","at":"2026-01-26T17:40:00Z","lat":53.45,"lon":-2.92}\n';
    const wrong = await waymark('import', 'fixes', file('wrong.csv', 'a;b\n1;2\n'), '--data', data);
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toContain('The file has no column "tag" for tag');
    const zone = await waymark(
      'import',
      'fixes',
      file(
        'zone.csv',
        '\uFEFFtag;at;lat;lon\r\n4716;2026-01-26 17:41:00;53.45;-2.92\r\n4716;2026-01-26T17:42:00Z;53.45;190\r\n4716;2026-01-26T17:43:00Z;53.45;-2.92\r\n',
      ),
      '--data',
      data,
      '--json',
    );
    expect(JSON.parse(zone.stdout)).toMatchObject({ read: 3, accepted: 1, quarantined: 2 });
    const truncated = gzipSync(Buffer.from(good.repeat(3) + 'x'.repeat(5000))).subarray(0, 60);
    const cut = await waymark('import', 'fixes', file('cut.ndjson.gz', truncated), '--data', data, '--json');
    expect(cut.code).toBe(0);
    expect(JSON.parse(cut.stdout).problems[0].message).toContain('send the file again when it is whole');
    const long = await waymark('import', 'fixes', file('long.ndjson', `${'y'.repeat(3_000_000)}\n${good}`), '--data', data, '--json');
    expect(JSON.parse(long.stdout)).toMatchObject({ accepted: 1, quarantined: 1 });
    expect((await waymark('import', 'fixes', '/no/such/file', '--data', data)).stderr).toContain('There is no file');
    const waiting = await waymark('quarantine', '--data', data, '--json');
    expect(JSON.parse(waiting.stdout).reasons).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ reason: 'impossible position' }),
        expect.objectContaining({ reason: 'no time' }),
        expect.objectContaining({ reason: 'unreadable' }),
      ]),
    );
  });

  test('while a server holds the folder a command goes through it; with a dead one it says what to do', async () => {
    const env = { ...process.env, WAYMARK_LOG: 'silent', WAYMARK_DEMO: 'no' };
    const server = spawn(process.execPath, [cli, 'serve', '--data', data, '--port', '0'], { stdio: ['ignore', 'ignore', 'pipe'], env });
    let words = '';
    await new Promise<void>((resolve, reject) => {
      server.stderr.on('data', (chunk) => {
        words += chunk;
        if (words.includes('is ready at')) resolve();
      });
      server.once('exit', () => reject(new Error(words)));
    });
    const through = await waymark('verdicts', '--json', '--data', data);
    expect(through.code).toBe(0);
    expect((JSON.parse(through.stdout) as unknown[]).length).toBe(120);
    const second = await run(process.execPath, [cli, 'serve', '--data', data, '--port', '0'], { env }).catch((error) => error);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('is in use by another process');
    server.kill('SIGTERM');
    const code = await new Promise((resolve) => server.once('exit', resolve));
    expect(code).toBe(0);
    expect((await waymark('audit', 'verify', '--data', data)).stdout).toMatch(/^The record is whole/);
  });
});

describe('the server', toldInOrder, () => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  let gateway: string;
  let tagSecret: string;
  const control = async (command: string, args: object) => {
    const response = await fetch(`${serving.url}/control/${command}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-waymark-control': serving.waymark.folder.control()?.token ?? '' },
      body: JSON.stringify(args),
    });
    const messages = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; value: Record<string, string> });
    return messages.find(({ kind }) => kind === 'result')?.value ?? {};
  };
  const send = (path: string, body: string | Buffer, headers: Record<string, string>) =>
    fetch(`${serving.url}${path}`, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers });
  const line = (tag: string, second: number) =>
    `{"tag":"${tag}","at":"${new Date(Date.UTC(2026, 0, 26, 12, 0, second)).toISOString()}","lat":53.45,"lon":-2.92,"accuracy":8}`;

  beforeAll(async () => {
    serving = await serveForTest();
    const file = join(serving.waymark.folder.path, 'seed.ndjson');
    writeFileSync(file, `${line('T1', 0)}\n${line('T2', 0)}\n`);
    await control('import-fixes', { file, register: true });
    gateway = (await control('credential', { kind: 'gateway', name: 'vendor' })).secret as string;
    tagSecret = (await control('credential', { kind: 'tag', name: 'T1' })).secret as string;
  });
  afterAll(() => serving?.end());

  const bearer = () => ({ authorization: `Bearer ${gateway}`, 'content-type': 'application/x-ndjson' });
  const basic = (user: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`,
    'content-type': 'application/json',
  });

  test('NDJSON, plain and gzipped, late and twice', async () => {
    const body = [5, 3, 4, 3].map((s) => line('T1', s)).join('\n');
    expect(await (await send('/ingest/waymark', body, bearer())).json()).toMatchObject({ accepted: 3, duplicates: 1, quarantined: 0 });
    const zipped = await send('/ingest/waymark', gzipSync(body), { ...bearer(), 'content-encoding': 'gzip' });
    expect(await zipped.json()).toMatchObject({ accepted: 0, duplicates: 4 });
  });

  test('a tag sends for itself and for no other', async () => {
    const own = await send('/ingest/waymark', line('T1', 60), { ...basic('T1', tagSecret), 'content-type': 'application/x-ndjson' });
    expect(own.status).toBe(200);
    const other = await send('/ingest/waymark', line('T2', 60), { ...basic('T1', tagSecret), 'content-type': 'application/x-ndjson' });
    expect(other.status).toBe(403);
    expect((await send('/ingest/waymark', line('T1', 61), basic('T1', 'wrong'))).status).toBe(401);
    expect((await send('/ingest/waymark', line('T1', 61), basic('T2', tagSecret))).status).toBe(401);
  });

  test('OwnTracks and Traccar', async () => {
    const own = await send(
      '/ingest/owntracks',
      JSON.stringify({ _type: 'location', lat: 53.45, lon: -2.92, tst: Date.UTC(2026, 0, 26, 13) / 1000 }),
      basic('T1', tagSecret),
    );
    expect([own.status, await own.json()]).toEqual([200, []]);
    const forwarded = await send(
      '/ingest/traccar',
      JSON.stringify({
        position: { fixTime: '2026-01-26T13:00:00Z', latitude: 53.45, longitude: -2.92, speed: 1, attributes: {} },
        device: { uniqueId: 'T2' },
      }),
      { ...bearer(), 'content-type': 'application/json' },
    );
    expect(await forwarded.json()).toMatchObject({ accepted: 1 });
  });

  test('bodies that are nonsense get an answer, and the server lives on', async () => {
    expect(
      (await send('/ingest/waymark', gzipSync('x'.repeat(1000)).subarray(0, 15), { ...bearer(), 'content-encoding': 'gzip' })).status,
    ).toBeGreaterThanOrEqual(400);
    expect(await (await send('/ingest/waymark', 'not json\n', bearer())).json()).toMatchObject({ accepted: 0, quarantined: 1 });
    expect((await send('/ingest/traccar', '{"position":', { ...bearer(), 'content-type': 'application/json' })).status).toBe(400);
    expect((await fetch(`${serving.url}/health`)).status).toBe(200);
  });

  test('a released fix becomes its wearer’s; one whose reason holds stays', async () => {
    await send('/ingest/waymark', `${line('T9', 1)}\n${line('T9', 2)}`, bearer());
    expect(await control('quarantine', { release: true, tag: 'T9' })).toEqual({ released: 0, kept: 2 });
    const file = join(serving.waymark.folder.path, 'seed9.ndjson');
    writeFileSync(file, `${line('T9', 0)}\n`);
    await control('import-fixes', { file, register: true });
    expect(await control('quarantine', { release: true, tag: 'T9' })).toEqual({ released: 2, kept: 0 });
  });

  test('a program sends crimes with its token, and reads the verdicts that follow', async () => {
    const { token } = await control('credential', { kind: 'token', name: 'crime desk', role: 'crime-analyst' });
    const as = { authorization: `Bearer ${token}` };
    const iso = (s: number) => new Date(Date.UTC(2026, 0, 26, 12, 0, s)).toISOString();
    const csv = `reference,type,from,to,latitude,longitude\nA1,RB,${iso(0)},${iso(10)},53.45,-2.92\nA2,RB,soon,later,53.45,-2.92\n`;
    const sent = await send('/api/crimes', csv, { ...as, 'content-type': 'text/csv' });
    expect(await sent.json()).toMatchObject({ rows: 2, accepted: 1, refused: 1 });
    const geojson = {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [-2.92, 53.45] },
      properties: { reference: 'A3', type: 'RB', from: iso(0), to: iso(5) },
    };
    for (const type of ['application/geo+json', 'application/json']) {
      expect((await send('/api/crimes', JSON.stringify(geojson), { ...as, 'content-type': type })).status).toBe(200);
    }
    let verdicts: Verdict[] = [];
    await until(async () => {
      verdicts = (await (await fetch(`${serving.url}/api/verdicts`, { headers: as })).json()) as Verdict[];
      return verdicts.length >= 4;
    });
    expect(verdicts.filter(({ tag }) => tag === 'T1').map(({ crime, verdict }) => `${crime.reference} ${verdict}`)).toEqual([
      'A1 present',
      'A3 present',
    ]);
    expect((await fetch(`${serving.url}/api/subjects`, { headers: as })).status).toBe(403);
  });

  test('the API describes itself, and figures are counted', async () => {
    const api = (await (await fetch(`${serving.url}/api/docs/json`)).json()) as { openapi: string; paths: Record<string, unknown> };
    expect(api.openapi).toBe('3.1.0');
    expect(Object.keys(api.paths)).toEqual(expect.arrayContaining(['/ingest/waymark', '/api/crimes', '/api/verdicts']));
    expect(await (await fetch(`${serving.url}/metrics`)).text()).toContain('waymark_fixes_total{outcome="accepted"}');
  });
});
