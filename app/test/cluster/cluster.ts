import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import Provider from 'oidc-provider';
import { withPurpose } from '../../src/platform/database.ts';
import { openWaymark, type Waymark } from '../../src/waymark.ts';
import { compareAlerts, configOf, prepareTags, putLoadOn, startServer, storedTimes } from '../kill/kill-test.ts';
import { extensionsForTest } from '../lake/lake-for-test.ts';
import { freePorts, type LogServers, startLogServers } from '../log-servers.ts';
import { type CableHost, makeHosts } from './hosts.ts';
import { type PostgresPair, startPostgresPair } from './postgres-pair.ts';
import { letTagsPublish } from './tag-load.ts';

export const servers = 3;
export const settlesWithinMs = 40_000;
const mendsWithinMs = 60_000;
const mqttPorts = 18_830;

export interface Running {
  child: ChildProcess;
  url: string;
  isUp: boolean;
}

export interface Load {
  /** How long each acknowledgement took since this was asked last, ms; over HTTP and MQTT. */
  takeTimes(): [http: number[], mqtt: number[]];
  stop(): Promise<void>;
}

/** Three servers, three log servers and PostgreSQL with a standby, with what looks at them from outside. */
export interface Cluster {
  /** Whether every part is on a host of its own, so that it can be cut off. */
  canCut: boolean;
  running: Running[];
  log: LogServers;
  pair: PostgresPair;
  /** A token of a program that reads as a monitoring officer. */
  token: string;
  acknowledged: Set<string>;
  /** When each fix of the load was made, ms since 1970. */
  madeAt: ReadonlyMap<string, number>;
  /** How many crimes were brought so far. */
  crimes: { next: number };
  random(): number;
  hostOf(i: number): CableHost;
  /** @param cli the program of another checkout */
  start(i: number, cli?: string): Promise<Running>;
  /** Reads the same records and the same log, and does nothing of the work. */
  openReader(): Promise<Waymark>;
  putLoadOn(): Load;
  close(): Promise<void>;
}

/**
 * @param prepare makes tags, a gateway and a token: another checkout's, where its servers are to begin
 * @param cli the program of another checkout, where its servers are to begin
 * @returns null where PostgreSQL or NATS is not installed
 */
export async function startCluster({
  seed,
  say,
  prepare = prepareTags,
  cli,
}: {
  seed: number;
  say: (text: string) => void;
  prepare?: typeof prepareTags;
  cli?: string;
}): Promise<Cluster | null> {
  const net = makeHosts(servers + 3);
  const here = net?.here ?? '127.0.0.1';
  const hostOf = (i: number): CableHost => net?.hosts[i] ?? { address: '127.0.0.1', run: [], cut: () => undefined, mend: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'waymark-cluster-'));
  const closing: (() => Promise<unknown> | unknown)[] = [() => net?.remove(), () => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const one of closing.splice(0)) await one();
  };
  try {
    const pair = await startPostgresPair(here);
    closing.unshift(() => pair?.stop());
    const log = pair ? await startLogServers(3, net?.hosts.slice(servers)) : null;
    closing.unshift(() => log?.stop());
    if (!pair || !log) {
      await close();
      return null;
    }
    const provider = await startProvider(here);
    closing.unshift(() => provider.close());
    const extensions = extensionsForTest();
    const env = {
      DATABASE_URL: pair.url,
      NATS_URL: log.url,
      WAYMARK_LOG_MB: '256',
      WAYMARK_SHARED: join(folder, 'shared'),
      // Where it can be had: all that is killed may be writing into it.
      ...(extensions ? { WAYMARK_LAKE: join(folder, 'lake'), WAYMARK_LAKE_EXTENSIONS: extensions } : {}),
      WAYMARK_SESSION_SECRET: 'a secret of the tests that is long enough',
      WAYMARK_ENGINE_MB: '256',
      WAYMARK_RATE_LIMIT: '100000',
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: 'waymark',
      OIDC_CLIENT_SECRET: 'a secret of the test alone, long enough',
    };
    const named = Array.from({ length: 6 }, (_, i) => `M${i}`);
    const { secret, tagSecrets, token } = await prepare(join(folder, 'reader'), env, named);
    const running: Running[] = [];
    closing.unshift(() => Promise.all(running.map(({ child }) => ended(child))));
    const start = async (i: number, from?: string): Promise<Running> => {
      const { address, run } = hostOf(i);
      const own = { ...env, WAYMARK_HOST: address, WAYMARK_MQTT_PORT: String(mqttPorts + i), WAYMARK_SERVER: `server ${i}` };
      const started = await startServer(join(folder, `server-${i}`), [...run, process.execPath], own, from);
      tellWhenItEnds(started.child, i, say);
      return { ...started, isUp: true };
    };
    for (let i = 0; i < servers; i++) running.push(await start(i, cli));
    const random = randomOf(seed);
    const acknowledged = new Set<string>();
    const madeAt = new Map<string, number>();
    const counter = { next: 0 };
    const sentByTags = new Map<string, number>();
    const anyUp = () => {
      const up = running.flatMap(({ isUp }, i) => (isUp ? [i] : []));
      return up[Math.floor(random() * up.length)] ?? 0;
    };
    return {
      canCut: net !== null,
      running,
      log,
      pair,
      token,
      acknowledged,
      madeAt,
      crimes: { next: 0 },
      random,
      hostOf,
      start,
      openReader: async () => {
        const reader = await openWaymark(configOf(join(folder, 'reader'), { ...env, WAYMARK_ROLES: 'web' }));
        closing.unshift(() => reader.close());
        return reader;
      },
      putLoadOn: () => {
        const httpUrl = () => (running[anyUp()] as Running).url;
        const mqttUrl = () => {
          const i = anyUp();
          return `mqtt://${hostOf(i).address}:${mqttPorts + i}`;
        };
        const options = { clients: 3, pauseMs: 40, again: true, answersWithinMs: 5000, madeAt };
        const http = putLoadOn(httpUrl, secret, counter, acknowledged, options);
        const tags = letTagsPublish(mqttUrl, tagSecrets, sentByTags, acknowledged, madeAt);
        return {
          takeTimes: () => [http.takeTimes(), tags.takeTimes()],
          stop: async () => {
            await Promise.all([http.stop(), tags.stop()]);
          },
        };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Nothing of what is done to its neighbours is a reason for a server to end. */
function tellWhenItEnds(child: ChildProcess, i: number, say: (text: string) => void): void {
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-4000);
  });
  child.once('exit', (code, signal) => {
    if (signal !== 'SIGKILL' && code !== 0) say(`Server ${i} ended by itself: ${words}`);
  });
}

/** An identity provider that all servers reach: without one they refuse to be reached by anybody but their own machine. */
async function startProvider(here: string): Promise<{ issuer: string; close(): void }> {
  const [port = 0] = await freePorts(1);
  const issuer = `http://${here}:${port}`;
  const client = { client_id: 'waymark', client_secret: 'a secret of the test alone, long enough', redirect_uris: [`${issuer}/callback`] };
  const server = new Provider(issuer, { clients: [client] }).listen(port, here);
  return { issuer, close: () => void server.close() };
}

export function ended(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  // One that stands still must go on to end.
  child.kill('SIGCONT');
  return gone;
}

/** @throws Error where something is not as it was */
export async function mended(reader: Waymark, running: readonly Running[]): Promise<void> {
  let wrong: string[] = [];
  await until(async () => {
    wrong = await whatIsWrong(reader, running);
    return wrong.length === 0;
  }, mendsWithinMs).catch((error: Error) => {
    throw new Error(`It is not whole: ${wrong.join('; ')}`, { cause: error });
  });
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

/** Shares whose holder is not seen any more: of them, alerts are found by nobody. */
export async function deadShares(reader: Waymark): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM platform.leases l WHERE NOT EXISTS (
      SELECT FROM platform.servers s WHERE s.id = l.holder AND s.seen_at > now() - interval '2500 milliseconds')`.execute(
    reader.database.db,
  );
  return rows[0]?.n ?? 0;
}

export const recorded = (reader: Waymark) =>
  withPurpose(reader.database.db, 'supervision', 'ingest', async (tx) => {
    const { last_receipt } = await tx.selectFrom('supervision.intake_state').select('last_receipt').executeTakeFirstOrThrow();
    return last_receipt;
  });

/** Waits until everything that is stored is evaluated, and counts; what is wrong after a while is wrong. */
export async function countUp(reader: Waymark, acknowledged: ReadonlySet<string>) {
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
export async function until(isSo: () => Promise<boolean>, withinMs: number): Promise<void> {
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
