import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openWaymark } from '../app/src/waymark.ts';
import { configOf, prepareTags, startServer } from '../app/test/kill/kill-test.ts';
import { startLogServers } from '../app/test/log-servers.ts';
import { startPostgres } from '../app/test/postgres.ts';
import { type Report, say } from './report.ts';

interface Load {
  name: string;
  batch: number;
  clients: number;
}

const loads: Load[] = [
  { name: 'batches of 1', batch: 1, clients: 256 },
  { name: 'batches of 100', batch: 100, clients: 16 },
];
const tagsEach = 200;
const ticksPerSecond = 100;
const unmeasured: Figures = {
  perSecond: Number.NaN,
  p99: Number.NaN,
  alertP99: Number.NaN,
  ourCpu: Number.NaN,
  logCpu: Number.NaN,
  recordsCpu: Number.NaN,
  errors: 0,
};

interface Figures {
  perSecond: number;
  p99: number;
  alertP99: number;
  /** Seconds per million fixes. */
  ourCpu: number;
  logCpu: number;
  recordsCpu: number;
  errors: number;
}

/** What several servers that share a log take in, beside one with embedded stores: the same load, the same machine, one after the other. */
export async function benchCluster(options: { seed: number; size?: number; workers?: number[] }): Promise<Report> {
  const seconds = options.size ?? 8;
  const table: Report['table'] = [];
  const figures = new Map<string, Figures>();
  const sizes = new Map<string, number>();
  const counts = options.workers ?? [0, 1, 2, 3];
  for (const servers of counts) {
    const form = servers === 0 ? 'embedded' : `${servers} sharing`;
    const run = await runForm(servers, seconds, form);
    if (!run)
      return { bench: 'cluster', table, bars: [], notes: ['PostgreSQL or nats-server is not installed here; nothing was measured.'] };
    for (const { load, figures: own, megabytes } of run.rows) {
      figures.set(`${form}, ${load}`, own);
      table.push({
        form,
        load,
        'fixes/s durable and evaluated': Math.round(own.perSecond),
        'ack p99 ms': Math.round(own.p99),
        'alert p99 s at most': own.alertP99,
        'our CPU s/M': Number(own.ourCpu.toFixed(1)),
        'log CPU s/M': Number(own.logCpu.toFixed(1)),
        'PostgreSQL CPU s/M': Number(own.recordsCpu.toFixed(1)),
        'MB per server': megabytes,
        errors: own.errors,
      });
    }
    for (const [name, bytes] of run.sizes) sizes.set(`${form}, ${name}`, bytes);
  }
  const most = `${Math.max(...counts)} sharing`;
  const of = (form: string, load: string) => figures.get(`${form}, ${load}`) ?? unmeasured;
  const bars: Report['bars'] = loads.flatMap(({ name }) => {
    const [alone, three] = [of('embedded', name), of(most, name)];
    return [
      {
        name: `our CPU per fix with ${counts.at(-1)} servers beside embedded, ${name}`,
        figure: three.ourCpu / alone.ourCpu,
        limit: 1.5,
        sense: 'most' as const,
        unit: 'times',
      },
      {
        name: `the same with the log’s servers, ${name}`,
        figure: (three.ourCpu + three.logCpu) / alone.ourCpu,
        limit: 3,
        sense: 'most' as const,
        unit: 'times',
      },
    ];
  });
  bars.push({
    name: 'bytes on disk per fix in the copy that servers share',
    figure: sizes.get(`${most}, copy`) ?? Number.NaN,
    limit: 16,
    sense: 'most',
    unit: 'bytes',
  });
  return {
    bench: `cluster (servers, log servers, PostgreSQL and clients share this machine; ${tagsEach} tags a server, HTTP)`,
    table,
    notes: [...sizes].map(([name, bytes]) => `${name}: ${bytes.toFixed(1)} bytes per fix on disk`),
    bars,
  };
}

async function runForm(servers: number, seconds: number, form: string) {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-cluster-bench-'));
  const isShared = servers > 0;
  const [postgres, log] = isShared ? await Promise.all([startPostgres({}, { empty: true }), startLogServers(3)]) : [null, null];
  const running: ChildProcess[] = [];
  try {
    if (isShared && !(postgres && log)) return null;
    const shared = join(folder, 'shared');
    const env: Record<string, string> = {
      ...(postgres && log ? { DATABASE_URL: postgres.url, NATS_URL: log.url, WAYMARK_SHARED: shared, WAYMARK_LOG_MB: '2048' } : {}),
      WAYMARK_SESSION_SECRET: 'a secret of the bench that is long enough',
    };
    const count = Math.max(1, servers);
    const prefixes = Array.from({ length: count }, (_, i) => 'BCD'[i] as string);
    const names = prefixes.flatMap((prefix) => Array.from({ length: tagsEach }, (_, i) => `${prefix}${i}`));
    const prepared = isShared ? join(folder, 'first') : join(folder, 'server-0');
    const at = Date.now() - 50 * 60_000;
    const { secret } = await prepareTags(prepared, env, names);
    const urls: string[] = [];
    for (let i = 0; i < count; i++) {
      const { child, url } = await startServer(join(folder, `server-${i}`), [process.execPath], { ...env, WAYMARK_SERVER: `server ${i}` });
      running.push(child);
      urls.push(url);
    }
    if (isShared) await sleep(3000);
    let offset = 0;
    const rows: { load: string; figures: Figures; megabytes: number }[] = [];
    let fixes = 0;
    for (const load of loads) {
      say(`cluster: ${form}, ${load.name}`);
      const cpuOf = () => ({
        ours: sum(running.map((child) => cpuSeconds(child.pid as number))),
        log: log ? sum(Array.from({ length: 3 }, (_, i) => cpuSeconds(log.pid(i)))) : 0,
        records: postgres ? cpuBelow(postgres.pid) : 0,
      });
      const before = { ...cpuOf(), alerts: await alertBuckets(urls) };
      const since = performance.now();
      const results = await Promise.all(
        urls.map((url, i) =>
          runClients({
            url,
            secret,
            ...load,
            clients: Math.ceil(load.clients / count),
            seconds,
            at: at + offset,
            wearers: tagsEach,
            prefix: prefixes[i],
            crosses: true,
          }),
        ),
      );
      await evaluated(urls);
      const tookS = (performance.now() - since) / 1000;
      const after = { ...cpuOf(), alerts: await alertBuckets(urls) };
      const sent = sum(results.map((result) => result.fixes));
      fixes += sent;
      offset += (Math.ceil(Math.max(...results.map((result) => result.fixes)) / tagsEach) + 60) * 1000;
      const million = sent / 1e6;
      rows.push({
        load: load.name,
        megabytes: Math.round(Math.max(...running.map((child) => residentMb(child.pid as number)))),
        figures: {
          perSecond: sent / tookS,
          p99: at99(results.flatMap((result) => result.latencies)),
          alertP99: bucketAt99(before.alerts, after.alerts),
          ourCpu: (after.ours - before.ours) / million,
          logCpu: (after.log - before.log) / million,
          recordsCpu: (after.records - before.records) / million,
          errors: sum(results.map((result) => result.errors)),
        },
      });
    }
    await Promise.all(running.splice(0).map((child) => ended(child)));
    return { rows, sizes: await sizesOf(folder, env, isShared, fixes) };
  } finally {
    await Promise.all(running.map((child) => ended(child)));
    await log?.stop();
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes per fix of a server's own file, and of the copy that servers share. */
async function sizesOf(folder: string, env: Record<string, string>, isShared: boolean, fixes: number): Promise<Map<string, number>> {
  const waymark = await openWaymark(configOf(join(folder, 'server-0'), env));
  const sizes = new Map<string, number>();
  if (isShared) {
    await waymark.fixes.copyForOthers();
    const place = join(folder, 'shared/fixes');
    sizes.set(
      'copy',
      sum(
        readdirSync(place)
          .filter((file) => file.startsWith('fixes-'))
          .map((file) => statSync(join(place, file)).size),
      ) / fixes,
    );
  }
  await waymark.close();
  sizes.set('own file', statSync(join(folder, 'server-0/fixes.duckdb')).size / fixes);
  return sizes;
}

const sum = (all: readonly number[]) => all.reduce((total, one) => total + one, 0);
const at99 = (all: number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length * 0.99)] ?? Number.NaN;

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Of a process and all below it, with those that have ended. */
function cpuBelow(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const own = (Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return own + sum(children === '' ? [] : children.split(' ').map((child) => cpuSeconds(Number(child))));
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

async function metrics(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

/** Resolves when every server has evaluated what is stored. */
async function evaluated(urls: readonly string[]): Promise<void> {
  for (const url of urls)
    for (let tries = 0; ; tries++) {
      const behind = [...(await metrics(url)).matchAll(/^waymark_follower_receipts_behind\{[^}]*\} (\d+)/gm)].map((found) =>
        Number(found[1]),
      );
      if (behind.length > 0 && behind.every((receipts) => receipts === 0)) break;
      if (tries > 3000) throw new Error(`${url} does not come to an end: ${behind.join(', ')} receipts behind.`);
      await sleep(20);
    }
}

/** How many alerts were on record within each time, over all servers. */
async function alertBuckets(urls: readonly string[]): Promise<Map<number, number>> {
  const all = new Map<number, number>();
  for (const url of urls)
    for (const [, le = '', n] of (await metrics(url)).matchAll(/^waymark_alert_seconds_bucket\{le="([^"]+)"\} (\d+)/gm)) {
      const limit = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
      all.set(limit, (all.get(limit) ?? 0) + Number(n));
    }
  return all;
}

/** The least bucket that 99 of 100 alerts since lie in, seconds. */
function bucketAt99(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  const since = [...after].map(([limit, n]): [number, number] => [limit, n - (before.get(limit) ?? 0)]).sort(([a], [b]) => a - b);
  const all = since[since.length - 1]?.[1] ?? 0;
  return all === 0 ? Number.NaN : (since.find(([, n]) => n >= 0.99 * all)?.[0] ?? Number.NaN);
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

function runClients(settings: object): Promise<{ fixes: number; errors: number; latencies: number[] }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'ingest-clients.ts'), JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.once('exit', (code) => (code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`clients ended with ${code}`))));
  });
}
