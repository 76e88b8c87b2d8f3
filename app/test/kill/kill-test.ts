import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultParameters, layArea, sigmaOf, violationsOf, ZoneWatch } from '@waymark/presence';
import { readConfig } from '../../src/config.ts';
import type { Actor } from '../../src/platform/access.ts';
import { issueApiToken } from '../../src/platform/api-tokens.ts';
import { verifyAudit } from '../../src/platform/audit.ts';
import { withPurpose } from '../../src/platform/database.ts';
import { declareGateway, declareZone, issueTagCredential, registerWearers } from '../../src/supervision/index.ts';
import { openWaymark, type Waymark } from '../../src/waymark.ts';
import { temporaryFolder } from '../serve-for-test.ts';

export interface KillResult {
  kills: number;
  acknowledged: number;
  missing: number;
  doubled: number;
  auditProblems: number;
  /** Alerts that the stored fixes give; of those, how many are not on record; and how many are on record beside them. */
  alerts: number;
  alertsLost: number;
  alertsDoubled: number;
}

const cli = join(import.meta.dirname, '../../src/cli.ts');
export const tags = 20;
export const firstAt = Date.UTC(2026, 0, 1);
const zone = { kind: 'circle' as const, lon: -1.785, lat: 53.1, radiusM: 200 };
/** Every so many seconds a tag is inside its zone for the last of them. */
const cycleS = 12;
const insideS = 5;

/**
 * Kills the server with SIGKILL at random moments under load, again and again, and then counts: every fix that was
 * acknowledged must be there once, and every alert that the fixes give must be on record once.
 *
 * @param seed decides the moments
 */
export async function killAgainAndAgain(times: number, seed: number, say: (text: string) => void = () => undefined): Promise<KillResult> {
  const folder = temporaryFolder();
  const data = join(folder.path, 'data');
  const acknowledged = new Set<string>();
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  const counter = { next: 0 };
  try {
    const secret = await prepare(data);
    for (let kill = 0; kill < times; kill++) {
      const { child, url } = await startServer(data);
      const load = putLoadOn(() => url, secret, counter, acknowledged);
      await new Promise((resolve) => setTimeout(resolve, 150 + 1200 * random()));
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      await load.stop();
      say(`killed ${kill + 1} of ${times}, ${acknowledged.size.toLocaleString('en-GB')} acknowledged`);
    }
    return { kills: times, acknowledged: acknowledged.size, ...(await count(data, acknowledged)) };
  } finally {
    folder.remove();
  }
}

export interface LoadOptions {
  clients?: number;
  /** Between two batches of a client. */
  pauseMs?: number;
  /** Whether what was not acknowledged is sent again, to whichever server is asked then. */
  again?: boolean;
  /** A request that nobody answers is given up after so long. */
  answersWithinMs?: number;
  /** Takes when each fix was made, ms since 1970. */
  madeAt?: Map<string, number>;
}

/**
 * Some clients that send batch after batch, each fix once in all.
 * @param counter of the fixes that were made so far
 * @param acknowledged takes the fixes for which the server gave its word
 */
export function putLoadOn(
  url: () => string,
  secret: string,
  counter: { next: number },
  acknowledged: Set<string>,
  { clients: howMany = 6, pauseMs = 0, again = false, answersWithinMs = 30_000, madeAt }: LoadOptions = {},
) {
  let alive = true;
  const tookMs: number[] = [];
  const send = async () => {
    const batch: string[] = [];
    const keys: string[] = [];
    for (let i = 0; i < 50; i++) {
      const n = counter.next++;
      const at = firstAt + 1000 * (1 + Math.floor(n / tags));
      keys.push(`K${n % tags}@${at}`);
      madeAt?.set(`K${n % tags}@${at}`, Date.now());
      const inside = Math.floor(n / tags) % cycleS >= cycleS - insideS;
      const lon = inside ? zone.lon : -1.8;
      batch.push(`{"tag":"K${n % tags}","at":"${new Date(at).toISOString()}","lat":53.1,"lon":${lon},"accuracy":8}`);
    }
    do {
      const since = performance.now();
      try {
        const response = await fetch(`${url()}/ingest/waymark`, {
          method: 'POST',
          headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/x-ndjson' },
          body: batch.join('\n'),
          signal: AbortSignal.timeout(answersWithinMs),
        });
        const told = response.status === 200 ? ((await response.json()) as { accepted: number; duplicates: number }) : null;
        if (told && told.accepted + (again ? told.duplicates : 0) === 50) {
          for (const key of keys) acknowledged.add(key);
          tookMs.push(performance.now() - since);
          return;
        }
      } catch {
        // Killed in the middle: nothing was promised. What was not sent leaves a gap, which must not become a silence of hours.
        await sleep(100);
      }
    } while (again && alive);
  };
  const clients = Array.from({ length: howMany }, async () => {
    while (alive) {
      await send();
      if (pauseMs > 0) await sleep(pauseMs);
    }
  });
  return {
    /** How long each acknowledgement took since this was asked last, ms. */
    takeTimes: () => tookMs.splice(0),
    stop: async () => {
      alive = false;
      await Promise.all(clients);
    },
  };
}

/**
 * @param run how the program is started: by itself, or by another that limits it
 * @param from the program of another checkout
 */
export async function startServer(
  data: string,
  run = [process.execPath],
  more: Record<string, string> = {},
  from = cli,
): Promise<{ child: ChildProcess; url: string }> {
  const [program = '', ...before] = run;
  // For whoever looks into a failure: each server's log, by the name of its folder.
  const logs = process.env.SERVER_LOGS;
  if (logs) mkdirSync(logs, { recursive: true });
  const child = spawn(program, [...before, from, 'serve', '--data', data, '--port', '0'], {
    stdio: ['ignore', logs ? openSync(join(logs, `${basename(data)}.log`), 'a') : 'ignore', 'pipe'],
    env: { ...process.env, WAYMARK_LOG: logs ? 'warn' : 'silent', WAYMARK_DEMO: 'no', NODE_ENV: 'test', WAYMARK_MQTT_PORT: '0', ...more },
  });
  let words = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr?.on('data', (chunk) => {
      words += chunk;
      const ready = /is ready at (\S+)/.exec(words)?.[1];
      if (ready) resolve(ready);
    });
    child.once('exit', () => reject(new Error(`The server did not start: ${words}`)));
  });
  return { child, url };
}

export const configOf = (data: string, more: Record<string, string> = {}) =>
  readConfig({ NODE_ENV: 'test', WAYMARK_DATA: data, WAYMARK_DEMO: 'no', ...more });

/** Tags that are worn, each under a zone, and a gateway to send through. */
export async function prepare(data: string, more: Record<string, string> = {}): Promise<string> {
  return (await prepareTags(data, more, [])).secret;
}

/** The same, with some tags besides that have secrets of their own, and a token for a program that reads as a monitoring officer. */
export async function prepareTags(
  data: string,
  more: Record<string, string>,
  named: readonly string[],
): Promise<{ secret: string; tagSecrets: Map<string, string>; token: string }> {
  const waymark = await openWaymark(configOf(data, more));
  const actor = (role: 'operator' | 'system', purpose: Actor['purpose']): Actor => ({ id: 'test', name: 'Test', role, purpose });
  try {
    const names = [...Array.from({ length: tags }, (_, i) => `K${i}`), ...named];
    const wearers = names.map((tag, i) => ({ tag, name: `Nobody ${i}`, firstAt }));
    const { orders } = await waymark.performer.perform(actor('operator', 'administration'), registerWearers, null, wearers);
    for (const orderId of orders) {
      const draft = { orderId, name: 'A zone', kind: 'exclusion', area: zone, hours: [], effectiveAt: new Date(firstAt) };
      await waymark.performer.perform(actor('system', 'monitoring'), declareZone, null, draft);
    }
    const asOperator = actor('operator', 'administration');
    const { secret } = await waymark.performer.perform(asOperator, declareGateway, null, { name: 'kill test' });
    const tagSecrets = new Map<string, string>();
    for (const serial of named)
      tagSecrets.set(serial, (await waymark.performer.perform(asOperator, issueTagCredential, null, { serial })).secret);
    const { token } = await waymark.performer.perform(asOperator, issueApiToken, null, { name: 'pages', role: 'monitoring-officer' });
    return { secret, tagSecrets, token };
  } finally {
    await waymark.close();
  }
}

export async function count(
  data: string,
  acknowledged: ReadonlySet<string>,
  more: Record<string, string> = {},
): Promise<Omit<KillResult, 'kills' | 'acknowledged'>> {
  const waymark = await openWaymark(configOf(data, more));
  try {
    // What lasted when the last server ended is not known to last.
    await waymark.together?.begin();
    await waymark.live.settled();
    const { missing, doubled } = await storedTimes(waymark, acknowledged);
    const auditProblems = (await verifyAudit(waymark.database.db)).problems.length;
    return { missing, doubled, auditProblems, ...(await compareAlerts(waymark)) };
  } finally {
    await waymark.close();
  }
}

/** Of the fixes that were acknowledged, how many are not stored; and how many are stored more than once. */
export async function storedTimes(
  waymark: Pick<Waymark, 'database' | 'fixes'>,
  acknowledged: ReadonlySet<string>,
): Promise<{ missing: number; doubled: number }> {
  const names = await withPurpose(waymark.database.db, 'supervision', 'ingest', (tx) =>
    tx.selectFrom('supervision.tags').select(['id', 'serial']).execute(),
  );
  const serial = new Map(names.map((row) => [row.id, row.serial]));
  const { count: rows, columns } = await waymark.fixes.query('SELECT tag, at_ms FROM fixes', { tag: 'i32', at: 'time' });
  const seen = new Map<string, number>();
  for (let i = 0; i < rows; i++) {
    const key = `${serial.get(columns.tag[i] as number)}@${columns.at[i]}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  let missing = 0;
  for (const key of acknowledged) if (!seen.has(key)) missing++;
  const doubled = [...seen.values()].filter((times) => times > 1).length;
  return { missing, doubled };
}

/**
 * The alerts on record beside those that a watch made anew finds in the stored fixes.
 * @param silent whether what lasts at the last fix is over, because nothing more is heard
 */
export async function compareAlerts(
  waymark: Pick<Waymark, 'database' | 'fixes'>,
  silent = true,
): Promise<Pick<KillResult, 'alerts' | 'alertsLost' | 'alertsDoubled'>> {
  const { recorded, wearings } = await withPurpose(waymark.database.db, 'supervision', 'monitoring', async (tx) => ({
    recorded: await tx
      .selectFrom('supervision.alerts')
      .select(['wearing_id as wearing', 'from_at', 'to_at'])
      .where('state', '<>', 'retracted')
      .execute(),
    wearings: await tx.selectFrom('supervision.wearings').select('id').execute(),
  }));
  const key = (wearing: number, from: number, to: number | null) => `${wearing}/${from}/${to}`;
  const record = recorded.map(({ wearing, from_at, to_at }) => key(wearing, from_at.getTime(), to_at?.getTime() ?? null));
  const expected = new Set<string>();
  for (const { id } of wearings) {
    const watch = new ZoneWatch([{ id: 'zone', area: layArea(zone), stayIn: false }]);
    const { count: fixes, columns } = await waymark.fixes.track(id, 0, Number.MAX_SAFE_INTEGER);
    for (let i = 0; i < fixes; i++) {
      const sigma = sigmaOf(columns.accuracyM[i] as number, defaultParameters);
      watch.take([{ at: columns.at[i] as number, lon: columns.lon[i] as number, lat: columns.lat[i] as number, sigma }]);
    }
    for (const { from, to, lasts } of violationsOf(watch.spans('zone'), 'in', Float64Array.of(0, Infinity), { silent })) {
      expected.add(key(id, from, lasts ? null : to));
    }
  }
  const found = new Set(record);
  return {
    alerts: expected.size,
    alertsLost: [...expected].filter((alert) => !found.has(alert)).length,
    alertsDoubled: record.length - [...found].filter((alert) => expected.has(alert)).length,
  };
}

/** Of all receipts up to the last, how many are not in the audit, and how many are there twice. */
export async function compareReceipts(
  waymark: Pick<Waymark, 'database' | 'fixes'>,
): Promise<{ unrecorded: number; recordedTwice: number }> {
  const entries = await withPurpose(waymark.database.db, 'oversight', 'oversight', (tx) =>
    tx.selectFrom('oversight.audit_entries').select('about_id').where('about_kind', 'in', ['receipt', 'receipts']).execute(),
  );
  const times = new Uint8Array(waymark.fixes.lastReceipt + 1);
  for (const { about_id } of entries) {
    const [first = 0, last = first] = (about_id ?? '').split('-').map(Number);
    for (let receipt = first; receipt <= last; receipt++) times[receipt] = (times[receipt] ?? 0) + 1;
  }
  const own = times.subarray(1);
  return { unrecorded: own.filter((n) => n === 0).length, recordedTwice: own.filter((n) => n > 1).length };
}
