import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '@waymark/engine';
import { crimesPerPart, defaultParameters, fromPlane, planeAt } from '@waymark/presence';
import { FixStore } from '../app/src/platform/fixes/fix-store.ts';
import { computeRun, computeShare, type RunInputs } from '../app/src/supervision/verdicts/compute-run.ts';
import { joinShares } from '../app/src/supervision/verdicts/join-shares.ts';
import { judgeInTurn } from '../app/src/supervision/verdicts/judge-in-turn.ts';
import { openShare, writeShare } from '../app/src/supervision/verdicts/share-file.ts';
import { VerdictStore } from '../app/src/supervision/verdicts/verdict-store.ts';
import { type Report, say } from './report.ts';

const fillTown = join(import.meta.dirname, 'fill-town.ts');

/** What `fill-town.ts` leaves beside the fixes. */
interface FilledTown {
  startMs: number;
  fixes: number;
  crimes: { reference: string; type: string; from: number; to: number; lon: number; lat: number; uncertaintyM: number }[];
}

/** What the engine may take: the service’s default, MB. */
const engineMb = 1024;

/** Peak memory of this process, MB. */
function peakMb(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** A town in a store of its own, and what a run asks of it. */
interface Stored {
  fixes: FixStore;
  verdicts: VerdictStore;
  inputs: RunInputs;
  crimes: BenchCrime[];
  total: number;
}

/** A week of the town. */
async function storeTown(folder: string, seed: number, wearers: number, crimesWanted: number): Promise<Stored> {
  const filled = spawnSync(process.execPath, [fillTown, folder, ...[seed, wearers, 7, crimesWanted].map(String)], { stdio: 'inherit' });
  if (filled.status !== 0) throw new Error('The town could not be stored; what went wrong stands above.');
  // The filling ends here: what the system has put off writing is not the run's to wait for.
  const stored = openSync(join(folder, 'fixes.duckdb'), 'r+');
  fsyncSync(stored);
  closeSync(stored);
  const town = JSON.parse(readFileSync(join(folder, 'crimes.json'), 'utf8')) as FilledTown;
  const { startMs, fixes: total } = town;
  const fixes = await FixStore.open(join(folder, 'fixes.duckdb'), engineMb);
  const verdicts = VerdictStore.open(join(folder, 'verdicts'));
  const crimes = town.crimes.map(({ reference, type, from, to, lon, lat, uncertaintyM }, i) => ({
    id: i + 1,
    crime_id: i + 1,
    force: 'Bench',
    reference,
    version: 1,
    type,
    from_at: new Date(from),
    to_at: new Date(to),
    place: { kind: 'point' as const, lon, lat, uncertaintyM },
    text: '',
    batch: null,
    changed: [],
    recorded_at: new Date(startMs),
  }));
  const inputs = {
    crimes,
    wearings: Array.from({ length: wearers }, (_, i) => ({ id: i + 1, from: startMs, to: Infinity })),
    parameters: { ...defaultParameters },
    timeZone: 'Europe/London',
    receiptUpto: fixes.lastReceipt,
  };
  return { fixes, verdicts, inputs, crimes, total };
}

async function fullRun({ fixes, verdicts, inputs }: Stored): Promise<{ seconds: number; verdicts: number; memory: number }> {
  const began = performance.now();
  const output = await verdicts.write(1, (append) =>
    judgeInTurn(fixes, verdicts, 1, inputs, append, { onProgress: (done, all) => say(`run: ${done} of ${all} crimes`) }),
  );
  return { seconds: (performance.now() - began) / 1000, verdicts: output.verdicts, memory: peakMb() };
}

/**
 * A full run of a large fleet, from stored fixes to stored verdicts; and the plain join "a fix within 100 m and 15
 * minutes" alone, on the engine and on PostgreSQL with PostGIS. Or, with `fleet`, the same run beside one of a fleet so many times as large.
 */
export async function benchCorrelation(options: { seed: number; size?: number; workers?: number[]; fleet?: number }): Promise<Report> {
  const scale = (options.size ?? 20_000_000) / 20_000_000;
  const wearers = Math.max(20, Math.round(2000 * scale));
  const crimesWanted = Math.max(200, Math.round(20_000 * scale));
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'));
  try {
    const stored = await storeTown(folder, options.seed, wearers, crimesWanted);
    const { fixes, crimes, total } = stored;
    if (options.workers)
      return await compareWorkers(options.workers, fixes, stored.verdicts, stored.inputs, total).finally(() => fixes.close());
    const run = await fullRun(stored);
    await fixes.close();
    if (options.fleet) return await beside(run, stored, options.fleet, options.seed);
    say('plain join on the engine');
    const here = await plainJoinHere(join(folder, 'fixes.duckdb'), crimes);
    const there = await plainJoinPostgis(folder, crimes);
    return {
      bench: `correlation (${total.toLocaleString('en-GB')} fixes x ${crimes.length.toLocaleString('en-GB')} crimes, ${wearers} wearers)`,
      table: [
        {
          what: 'full run to stored verdicts',
          seconds: Number(run.seconds.toFixed(1)),
          rows: run.verdicts,
          'peak memory MB': Math.round(run.memory),
        },
        { what: 'plain join, 100 m and 15 min, engine', seconds: Number(here.seconds.toFixed(3)), rows: here.pairs },
        ...(there
          ? [
              {
                what: 'plain join, PostgreSQL with PostGIS, indexed',
                seconds: Number(there.seconds.toFixed(3)),
                rows: there.pairs,
                'index seconds': Number(there.indexSeconds.toFixed(1)),
              },
            ]
          : []),
      ],
      notes: there
        ? [
            `Pairs agree within ${Math.abs(here.pairs - there.pairs)} of ${there.pairs} (the two measure distance on slightly different ellipsoids).`,
          ]
        : ['The join on PostGIS was skipped: no PostgreSQL with PostGIS is installed here.'],
      bars: [
        { name: 'full run to stored verdicts', figure: run.seconds, limit: 60 * Math.max(scale, 0.01), sense: 'most', unit: 's' },
        { name: 'peak memory', figure: run.memory, limit: 2048, sense: 'most', unit: 'MB' },
        ...(there
          ? [
              {
                name: 'plain join, times faster than PostGIS',
                figure: there.seconds / here.seconds,
                limit: 10,
                sense: 'least' as const,
                unit: 'x',
              },
            ]
          : []),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same crimes against a fleet so many times as large, in the same process: peak memory is of both. */
async function beside(one: Awaited<ReturnType<typeof fullRun>>, { inputs }: Stored, times: number, seed: number): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'));
  try {
    const wearers = inputs.wearings.length * times;
    const stored = await storeTown(folder, seed, wearers, inputs.crimes.length);
    const more = await fullRun(stored);
    await stored.fixes.close();
    return {
      bench: `correlation, ${inputs.wearings.length} wearers and ${times} times as many (${stored.total.toLocaleString('en-GB')} fixes)`,
      table: [
        {
          wearers: inputs.wearings.length,
          seconds: Number(one.seconds.toFixed(1)),
          rows: one.verdicts,
          'peak memory MB': Math.round(one.memory),
        },
        { wearers, seconds: Number(more.seconds.toFixed(1)), rows: more.verdicts, 'peak memory MB': Math.round(more.memory) },
      ],
      notes: [],
      bars: [
        { name: `seconds of ${times} times the fleet`, figure: more.seconds / one.seconds, limit: 1.1 * times, sense: 'most', unit: 'x' },
        { name: 'peak memory of both', figure: more.memory, limit: 2048, sense: 'most', unit: 'MB' },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface WorkersRun {
  workers: string;
  seconds: number;
  cpu: number;
  digest: string;
  rows: number;
}

/** Into so many shares the run is split besides, as among servers. */
const shared = [2, 4];

/** The shares of as many servers, judged here one after the other and put together, so that the CPU seconds of all of them are counted. */
async function judgedInShares(servers: number, fixes: FixStore, verdicts: VerdictStore, inputs: RunInputs): Promise<WorkersRun> {
  const [began, used] = [performance.now(), process.cpuUsage()];
  const run = 100 + servers;
  const perPart = crimesPerPart(inputs.wearings.length);
  const bounds = Array.from({ length: servers + 1 }, (_, i) => Math.round((i * inputs.wearings.length) / servers));
  for (let i = 0; i < servers; i++) {
    const share = { first: bounds[i] as number, last: (bounds[i + 1] as number) - 1, crimesPerPart: perPart };
    await writeShare(verdicts.sharePath(run, i), (append) => computeShare(fixes, inputs, share, append));
  }
  const opened = await Promise.all(Array.from({ length: servers }, (_, i) => openShare(verdicts.sharePath(run, i))));
  const shares = opened.filter((share) => share !== null);
  const output = await verdicts.write(run, (append) => joinShares(shares, inputs, new Date(), append));
  for (const share of shares) await share.close();
  const { user, system } = process.cpuUsage(used);
  const seconds = (performance.now() - began) / 1000;
  say(`${servers} shares: ${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU`);
  return { workers: `${servers} shares`, seconds, cpu: (user + system) / 1e6, digest: output.outputHash, rows: output.verdicts };
}

/** What one run of one thread uses while another keeps the other core busy: what sharing a machine costs by itself. */
async function besideAnother(fixes: FixStore, verdicts: VerdictStore, inputs: RunInputs): Promise<WorkersRun> {
  const [began, used] = [performance.now(), process.cpuUsage()];
  const both = [200, 201].map((run) => verdicts.write(run, (append) => computeRun(fixes, inputs, append, undefined, 1)));
  const [output] = await Promise.all(both);
  const { user, system } = process.cpuUsage(used);
  const own = { seconds: (performance.now() - began) / 1000, cpu: (user + system) / 2e6 };
  say(`one of two runs at once: ${own.seconds.toFixed(1)} s, ${own.cpu.toFixed(1)} s of CPU`);
  return { workers: 'one of two runs at once', ...own, digest: output?.outputHash ?? '', rows: output?.verdicts ?? 0 };
}

/** The same run with as many threads as there are to be: the same digest, and the same work in all. */
async function compareWorkers(
  workers: readonly number[],
  fixes: FixStore,
  verdicts: VerdictStore,
  inputs: RunInputs,
  total: number,
): Promise<Report> {
  const runs: WorkersRun[] = [];
  for (const threads of workers) {
    const [began, used] = [performance.now(), process.cpuUsage()];
    const output = await verdicts.write(runs.length + 1, (append) => computeRun(fixes, inputs, append, undefined, threads));
    const { user, system } = process.cpuUsage(used);
    const own = {
      workers: String(threads),
      seconds: (performance.now() - began) / 1000,
      cpu: (user + system) / 1e6,
      digest: output.outputHash,
    };
    runs.push({ ...own, rows: output.verdicts });
    say(`${threads} workers: ${own.seconds.toFixed(1)} s, ${own.cpu.toFixed(1)} s of CPU`);
  }
  for (const servers of shared) runs.push(await judgedInShares(servers, fixes, verdicts, inputs));
  const cpu = runs.map((run) => run.cpu);
  const beside = await besideAnother(fixes, verdicts, inputs);
  return {
    bench: `correlation by workers (${total.toLocaleString('en-GB')} fixes x ${inputs.crimes.length.toLocaleString('en-GB')} crimes)`,
    table: [...runs, beside].map(({ workers: count, seconds, cpu: used, digest, rows }) => ({
      workers: count,
      seconds: Number(seconds.toFixed(1)),
      'CPU seconds': Number(used.toFixed(1)),
      rows,
      digest: digest.slice(0, 16),
    })),
    notes: [
      'Shares are judged one after the other here: their seconds are those of one server, their CPU seconds those of all.',
      `Two whole runs of one thread each, at once, used ${(beside.cpu / Math.min(...cpu)).toFixed(2)} times the least for each: so much is the machine's.`,
    ],
    bars: [
      { name: 'different digests', figure: new Set(runs.map(({ digest }) => digest)).size, limit: 1, sense: 'most', unit: 'digests' },
      {
        name: 'most CPU seconds by the least',
        figure: Math.max(...cpu) / Math.min(...cpu),
        limit: 1.15,
        sense: 'most',
        unit: 'x',
      },
    ],
  };
}

interface BenchCrime {
  id: number;
  from_at: Date;
  to_at: Date;
  place: { lon: number; lat: number };
}

const joinMs = 15 * 60_000;

/** Crimes in cells of 100 m and 15 minutes joined to fixes on equal cells, then the exact distance. */
async function plainJoinHere(path: string, crimes: BenchCrime[]): Promise<{ seconds: number; pairs: number }> {
  const engine = await Engine.open(path, { memoryMb: 2048 });
  const db = await engine.connect();
  await db.run('CREATE TEMP TABLE crimes (id INTEGER, at_ms BIGINT, lon DOUBLE, lat DOUBLE)');
  await db.append(
    'crimes',
    { id: 'i32', at: 'time', lon: 'f64', lat: 'f64' },
    {
      id: Int32Array.from(crimes, ({ id }) => id),
      at: Float64Array.from(crimes, (crime) => (crime.from_at.getTime() + crime.to_at.getTime()) / 2),
      lon: Float64Array.from(crimes, ({ place }) => place.lon),
      lat: Float64Array.from(crimes, ({ place }) => place.lat),
    },
    crimes.length,
  );
  const plane = planeAt(crimes[0]?.place.lon ?? 0, crimes[0]?.place.lat ?? 0);
  const [lonStep] = fromPlane(plane, 101, 0);
  const cellLon = lonStep - plane.lon;
  const cellLat = 101 / plane.perLat;
  const query = `
    WITH spread AS (
      SELECT id, at_ms, lon, lat,
        CAST(floor(lon / ${cellLon}) AS INTEGER) + dx.range - 1 AS cx,
        CAST(floor(lat / ${cellLat}) AS INTEGER) + dy.range - 1 AS cy,
        at_ms // ${joinMs} + dt.range - 1 AS ct
      FROM crimes, range(3) AS dx, range(3) AS dy, range(3) AS dt
    )
    SELECT count(*) AS n FROM fixes f JOIN spread c
      ON CAST(floor(f.lon / ${cellLon}) AS INTEGER) = c.cx AND CAST(floor(f.lat / ${cellLat}) AS INTEGER) = c.cy AND f.at_ms // ${joinMs} = c.ct
    WHERE abs(f.at_ms - c.at_ms) <= ${joinMs}
      AND pow((f.lon - c.lon) * ${plane.perLon}, 2) + pow((f.lat - c.lat) * ${plane.perLat}, 2) <= 10000`;
  const times: number[] = [];
  let pairs = 0;
  for (let i = 0; i < 3; i++) {
    const began = performance.now();
    const [row] = await db.rows<{ n: number }>(query);
    times.push((performance.now() - began) / 1000);
    pairs = row?.n ?? 0;
  }
  db.close();
  engine.close();
  return { seconds: Math.min(...times), pairs };
}

/** The same question to PostGIS with a GiST index on the place and a B-tree on the time, whichever it likes better. */
async function plainJoinPostgis(
  folder: string,
  crimes: BenchCrime[],
): Promise<{ seconds: number; pairs: number; indexSeconds: number } | null> {
  const postgis = ['15', '16', '17', '18'].find((v) => existsSync(`/usr/share/postgresql/${v}/extension/postgis.control`));
  if (!postgis) return null;
  const { startPostgres } = await import('../app/test/postgres.ts');
  const server = await startPostgres({
    shared_buffers: '1GB',
    work_mem: '256MB',
    maintenance_work_mem: '1GB',
    max_wal_size: '8GB',
    fsync: 'off',
    max_parallel_workers_per_gather: '2',
  });
  if (!server) return null;
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
  try {
    await client.query('CREATE EXTENSION postgis');
    const engine = await Engine.open(join(folder, 'fixes.duckdb'), { memoryMb: 1024 });
    const db = await engine.connect();
    const file = join(folder, 'fixes.csv');
    say('writing the fixes out for PostGIS');
    await db.run(`COPY (SELECT tag, at_ms, lon, lat FROM fixes) TO '${file}' (FORMAT csv, HEADER false)`);
    db.close();
    engine.close();
    spawnSync('chmod', ['-R', 'a+rX', folder]);
    say('loading PostGIS');
    // Degrees on the plane of the town scaled to metres: PostGIS's fastest distance, not its geography type.
    const plane = planeAt(crimes[0]?.place.lon ?? 0, crimes[0]?.place.lat ?? 0);
    await client.query('CREATE UNLOGGED TABLE raw (tag integer, at_ms bigint, lon double precision, lat double precision)');
    await client.query(`COPY raw FROM '${file}' (FORMAT csv)`);
    rmSync(file);
    const point = (lon: string, lat: string) => `ST_MakePoint((${lon}) * ${plane.perLon}, (${lat}) * ${plane.perLat})`;
    await client.query(
      `CREATE UNLOGGED TABLE fixes AS SELECT tag, at_ms, ${point('lon', 'lat')}::geometry(Point) AS geom FROM raw ORDER BY at_ms`,
    );
    await client.query('DROP TABLE raw');
    const list = join(folder, 'crimes.csv');
    writeFileSync(
      list,
      crimes.map((c) => `${c.id},${Math.round((c.from_at.getTime() + c.to_at.getTime()) / 2)},${c.place.lon},${c.place.lat}`).join('\n'),
      { mode: 0o644 },
    );
    await client.query('CREATE UNLOGGED TABLE crime_rows (id integer, at_ms bigint, lon double precision, lat double precision)');
    await client.query(`COPY crime_rows FROM '${list}' (FORMAT csv)`);
    await client.query(`CREATE UNLOGGED TABLE crimes AS SELECT id, at_ms, ${point('lon', 'lat')}::geometry(Point) AS geom FROM crime_rows`);
    say('indexing PostGIS');
    const indexed = performance.now();
    await client.query('CREATE EXTENSION btree_gist');
    await client.query('CREATE INDEX ON fixes USING gist (geom, at_ms)');
    await client.query('CREATE INDEX ON fixes (at_ms)');
    await client.query('VACUUM ANALYZE fixes');
    await client.query('ANALYZE crimes');
    const indexSeconds = (performance.now() - indexed) / 1000;
    say('plain join on PostGIS');
    const times: number[] = [];
    let pairs = 0;
    for (let i = 0; i < 2; i++) {
      const began = performance.now();
      const { rows } = await client.query(
        `SELECT count(*)::int AS n FROM crimes c JOIN fixes f ON ST_DWithin(f.geom, c.geom, 100) AND f.at_ms BETWEEN c.at_ms - ${joinMs} AND c.at_ms + ${joinMs}`,
      );
      times.push((performance.now() - began) / 1000);
      pairs = (rows[0] as { n: number }).n;
    }
    return { seconds: Math.min(...times), pairs, indexSeconds };
  } finally {
    await client.end();
    await server.stop();
  }
}
