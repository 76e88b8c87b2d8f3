import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import Provider from 'oidc-provider';
import { verifyAudit } from '../../src/platform/audit.ts';
import { withPurpose } from '../../src/platform/database.ts';
import { openWaymark, type Waymark } from '../../src/waymark.ts';
import { compareAlerts, compareReceipts, configOf, prepareTags, putLoadOn, startServer, storedTimes } from '../kill/kill-test.ts';
import { freePorts, startLogServers } from '../log-servers.ts';
import { makeHosts } from './hosts.ts';
import { startPostgresPair } from './postgres-pair.ts';
import { letTagsPublish } from './tag-load.ts';

/** What is done to a part of the cluster, for some seconds; then it is mended. */
export const faults = [
  'kill a server',
  'kill a log server',
  'kill the primary',
  'stop a server',
  'cut off a server',
  'cut off a log server',
] as const;
export type Fault = (typeof faults)[number];

export interface RoundResult {
  fault: Fault;
  /** From the fault until each share of the work is done by a server that lives, ms; null where no server was lost. */
  takeoverMs: number | null;
  /** From the fault until a page answered at a server that lives, ms. */
  pageMs: number;
  acknowledged: number;
  missing: number;
  doubled: number;
  alerts: number;
  alertsLost: number;
  alertsDoubled: number;
}

export interface ClusterResult {
  rounds: RoundResult[];
  unrecorded: number;
  recordedTwice: number;
  auditProblems: number;
  /** Of acknowledgements over HTTP and MQTT while nothing was wrong, ms. */
  usualMs: number[];
  /** For how long at most nothing was acknowledged after something had been mended, ms. */
  stalledMs: number;
  /** Faults that this machine could not be made to have. */
  left: Fault[];
}

const servers = 3;
const faultMs = 5000;
const quietMs = 2500;
const settlesWithinMs = 40_000;
const mendsWithinMs = 60_000;

interface Running {
  child: ChildProcess;
  url: string;
  isUp: boolean;
}

/**
 * Three servers, three log servers and PostgreSQL with a standby under load over HTTP and MQTT; in every round something of it is killed,
 * stopped or cut off, and then it is counted.
 * @returns null where PostgreSQL or NATS is not installed
 */
export async function breakAgainAndAgain(
  times: number,
  seed: number,
  { say = () => undefined, only = faults }: { say?: (text: string) => void; only?: readonly Fault[] } = {},
): Promise<ClusterResult | null> {
  const net = makeHosts(servers + 3);
  const here = net?.here ?? '127.0.0.1';
  const hostOf = (i: number) => net?.hosts[i] ?? { address: '127.0.0.1', run: [], cut: () => undefined, mend: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'waymark-cluster-'));
  const pair = await startPostgresPair(here);
  const provider = await startProvider(here);
  const log = pair ? await startLogServers(3, net?.hosts.slice(servers)) : null;
  const closing: (() => Promise<unknown> | unknown)[] = [
    () => provider.close(),
    () => log?.stop(),
    () => pair?.stop(),
    () => net?.remove(),
    () => rmSync(folder, { recursive: true, force: true }),
  ];
  try {
    if (!pair || !log) return null;
    const env = {
      DATABASE_URL: pair.url,
      NATS_URL: log.url,
      WAYMARK_LOG_MB: '256',
      WAYMARK_SHARED: join(folder, 'shared'),
      WAYMARK_SESSION_SECRET: 'a secret of the tests that is long enough',
      WAYMARK_ENGINE_MB: '256',
      WAYMARK_RATE_LIMIT: '100000',
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: 'waymark',
      OIDC_CLIENT_SECRET: 'a secret of the test alone, long enough',
    };
    const named = Array.from({ length: 6 }, (_, i) => `M${i}`);
    const { secret, tagSecrets, token } = await prepareTags(join(folder, 'reader'), env, named);
    const start = async (i: number): Promise<Running> => {
      const { address, run } = hostOf(i);
      const own = { ...env, WAYMARK_HOST: address, WAYMARK_MQTT_PORT: String(18_830 + i), WAYMARK_SERVER: `server ${i}` };
      const started = await startServer(join(folder, `server-${i}`), [...run, process.execPath], own);
      let words = '';
      started.child.stderr?.on('data', (chunk: Buffer) => {
        words = (words + chunk.toString()).slice(-4000);
      });
      // Nothing of what is done to its neighbours is a reason to end.
      started.child.once('exit', (_code, signal) => {
        if (signal !== 'SIGKILL') say(`Server ${i} ended by itself: ${words}`);
      });
      return { ...started, isUp: true };
    };
    const running: Running[] = [];
    closing.unshift(() => Promise.all(running.map(({ child }) => ended(child))));
    for (let i = 0; i < servers; i++) running.push(await start(i));
    const reader = await openWaymark(configOf(join(folder, 'reader'), { ...env, WAYMARK_ROLES: 'web' }));
    closing.unshift(() => reader.close());
    const result: ClusterResult = {
      rounds: [],
      unrecorded: 0,
      recordedTwice: 0,
      auditProblems: 0,
      usualMs: [],
      stalledMs: 0,
      left: net ? [] : faults.filter((fault) => fault.startsWith('cut')),
    };
    const acknowledged = new Set<string>();
    const counter = { next: 0 };
    const sentByTags = new Map<string, number>();
    const random = randomOf(seed);
    const mqttUrl = () => {
      const up = running.flatMap(({ isUp }, i) => (isUp ? [i] : []));
      const i = up[Math.floor(random() * up.length)] ?? 0;
      return `mqtt://${hostOf(i).address}:${18_830 + i}`;
    };
    const httpUrl = () => {
      const up = running.filter(({ isUp }) => isUp);
      return (up[Math.floor(random() * up.length)] ?? (running[0] as Running)).url;
    };
    const possible = only.filter((fault) => net || !fault.startsWith('cut'));
    for (let round = 0; round < times; round++) {
      const fault = possible[round % possible.length] as Fault;
      let wrong: string[] = [];
      await until(async () => {
        wrong = await whatIsWrong(reader, running);
        return wrong.length === 0;
      }, mendsWithinMs).catch((error: Error) => {
        throw new Error(`Before round ${round + 1}: ${wrong.join('; ')}`, { cause: error });
      });
      const http = putLoadOn(httpUrl, secret, counter, acknowledged, { clients: 3, pauseMs: 40, again: true, answersWithinMs: 5000 });
      const tags = letTagsPublish(mqttUrl, tagSecrets, sentByTags, acknowledged);
      await sleep(quietMs + 1000 * random());
      const usual = [...http.takeTimes(), ...tags.takeTimes()];
      // A log server that comes back may have the others elect again, which takes seconds: one fault at a time.
      const stalledSince = performance.now();
      await until(async () => {
        await sleep(500);
        const [overHttp, overMqtt] = [http.takeTimes(), tags.takeTimes()];
        usual.push(...overHttp, ...overMqtt);
        return overHttp.length > 0 && overMqtt.length > 0;
      }, settlesWithinMs);
      result.usualMs.push(...usual);
      result.stalledMs = Math.max(result.stalledMs, performance.now() - stalledSince - 500);
      const victim = Math.floor(random() * 3);
      const since = performance.now();
      const mend = await strike(fault, victim, { running, log, pair, start, hostOf });
      const looksAt = running.findIndex(({ isUp }) => isUp);
      const [pageMs, takeoverMs] = await Promise.all([
        until(() => answers((running[looksAt] as Running).url, token), settlesWithinMs).then(() => performance.now() - since),
        fault.endsWith('a server') ? takenOver(reader, since) : null,
        sleep(faultMs),
      ]);
      await http.stop();
      await tags.stop();
      // Before it is mended: what is left must have done all of it.
      const found = await countUp(reader, acknowledged);
      await mend();
      result.rounds.push({ fault, takeoverMs, pageMs, acknowledged: acknowledged.size, ...found });
      say(
        `${round + 1} of ${times}: ${fault}: ${acknowledged.size.toLocaleString('en-GB')} acknowledged, ${found.missing} missing, ${found.doubled} doubled; ${found.alerts.toLocaleString('en-GB')} alerts, ${found.alertsLost} lost, ${found.alertsDoubled} doubled; page after ${Math.round(pageMs)} ms${takeoverMs === null ? '' : `, taken over after ${Math.round(takeoverMs)} ms`}`,
      );
    }
    await until(async () => (await recorded(reader)) === reader.fixes.lastReceipt, settlesWithinMs).catch(() => undefined);
    Object.assign(result, await compareReceipts(reader), { auditProblems: (await verifyAudit(reader.database.db)).problems.length });
    return result;
  } finally {
    for (const close of closing) await close();
  }
}

/** An identity provider that all servers reach: without one they refuse to be reached by anybody but their own machine. */
async function startProvider(here: string): Promise<{ issuer: string; close(): void }> {
  const [port = 0] = await freePorts(1);
  const issuer = `http://${here}:${port}`;
  const client = { client_id: 'waymark', client_secret: 'a secret of the test alone, long enough', redirect_uris: [`${issuer}/callback`] };
  const server = new Provider(issuer, { clients: [client] }).listen(port, here);
  return { issuer, close: () => void server.close() };
}

interface Cluster {
  running: Running[];
  log: NonNullable<Awaited<ReturnType<typeof startLogServers>>>;
  pair: NonNullable<Awaited<ReturnType<typeof startPostgresPair>>>;
  start(i: number): Promise<Running>;
  hostOf(i: number): { cut(): void; mend(): void };
}

/** Does it; gives what mends it. */
async function strike(fault: Fault, i: number, { running, log, pair, start, hostOf }: Cluster): Promise<() => Promise<void>> {
  const victim = running[i] as Running;
  switch (fault) {
    case 'kill a server':
      victim.isUp = false;
      await ended(victim.child);
      return async () => {
        running[i] = await start(i);
      };
    case 'stop a server':
      // It stands still, and does not know of it when it goes on.
      victim.isUp = false;
      victim.child.kill('SIGSTOP');
      return async () => {
        victim.child.kill('SIGCONT');
        victim.isUp = true;
      };
    case 'cut off a server':
      victim.isUp = false;
      hostOf(i).cut();
      return async () => {
        hostOf(i).mend();
        victim.isUp = true;
      };
    case 'kill a log server':
      await log.kill(i);
      return () => log.start(i);
    case 'cut off a log server':
      hostOf(servers + i).cut();
      return async () => hostOf(servers + i).mend();
    default:
      await pair.failOver();
      return () => pair.mend();
  }
}

function ended(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  // One that stands still must go on to end.
  child.kill('SIGCONT');
  return gone;
}

/** Shares whose holder is not seen any more: of them, alerts are found by nobody. */
async function deadShares(reader: Waymark): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM platform.leases l WHERE NOT EXISTS (
      SELECT FROM platform.servers s WHERE s.id = l.holder AND s.seen_at > now() - interval '2500 milliseconds')`.execute(
    reader.database.db,
  );
  return rows[0]?.n ?? 0;
}

/** From a moment until every share is held by who lives, and each of the tags’ shares has found something anew since. Ms. */
async function takenOver(reader: Waymark, since: number): Promise<number> {
  // A dead server is seen until it was not for a while: first its shares must be nobody's.
  await until(async () => (await deadShares(reader)) > 0, 10_000);
  await until(async () => (await deadShares(reader)) === 0, settlesWithinMs);
  const at = performance.now() - since;
  // That it is done, and not only held: something of every share that has tags was found after it was taken.
  await until(async () => {
    const { rows } = await withPurpose(reader.database.db, 'supervision', 'monitoring', (tx) =>
      sql<{ n: number }>`
        SELECT count(*)::int AS n FROM platform.leases l WHERE l.name LIKE 'watch %' AND l.since > now() - interval '60 seconds'
          AND EXISTS (SELECT FROM supervision.wearings w WHERE 'watch ' || (w.id % 32) = l.name)
          AND NOT EXISTS (SELECT FROM supervision.alert_versions v JOIN supervision.alerts a ON a.id = v.alert_id
            WHERE 'watch ' || (a.wearing_id % 32) = l.name AND v.at > l.since)`.execute(tx),
    );
    return rows[0]?.n === 0;
  }, settlesWithinMs);
  return Math.max(at, performance.now() - since);
}

/** What is not as it was; empty when everything is. */
async function whatIsWrong(reader: Waymark, running: readonly Running[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const [i, { url }] of running.entries()) {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3000) }).catch((error: Error) => error);
    if (response instanceof Error) wrong.push(`server ${i}: ${response.message}`);
    else if (!response.ok) wrong.push(`server ${i}: ${await response.text()}`);
  }
  const dead = await deadShares(reader);
  if (dead > 0) wrong.push(`${dead} shares that nobody does`);
  const { rows } = await sql<{ n: number }>`SELECT count(DISTINCT holder)::int AS n FROM platform.leases`.execute(reader.database.db);
  if (rows[0]?.n !== running.length) wrong.push(`${rows[0]?.n} servers have work`);
  return wrong;
}

async function answers(url: string, token: string): Promise<boolean> {
  const response = await fetch(`${url}/api/caseload`, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(5000) });
  return response.status === 200 && ((await response.json()) as { total: number }).total > 0;
}

const recorded = (reader: Waymark) =>
  withPurpose(reader.database.db, 'supervision', 'ingest', async (tx) => {
    const { last_receipt } = await tx.selectFrom('supervision.intake_state').select('last_receipt').executeTakeFirstOrThrow();
    return last_receipt;
  });

/** Waits until everything that is stored is evaluated, and counts; what is wrong after a while is wrong. */
async function countUp(reader: Waymark, acknowledged: ReadonlySet<string>) {
  const compare = async () => ({ ...(await storedTimes(reader, acknowledged)), ...(await compareAlerts(reader, false)) });
  const until = performance.now() + settlesWithinMs;
  for (;;) {
    const found = await compare().catch(() => null);
    if (found && found.missing + found.doubled + found.alertsLost + found.alertsDoubled === 0) return found;
    if (performance.now() > until && found) return found;
    await sleep(500);
  }
}

/** @throws Error where it is not so in time */
async function until(isSo: () => Promise<boolean>, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await isSo().catch(() => false))) {
    if (performance.now() > end) throw new Error(`It was not so after ${withinMs / 1000} s: ${isSo.toString().slice(0, 200)}`);
    await sleep(100);
  }
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
