import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { verifyAudit } from '../../src/platform/audit.ts';
import { withPurpose } from '../../src/platform/database.ts';
import type { LakeCheck } from '../../src/platform/fixes/check-lake.ts';
import type { Waymark } from '../../src/waymark.ts';
import { compareReceipts } from '../kill/kill-test.ts';
import {
  type Cluster,
  countUp,
  deadShares,
  ended,
  type Load,
  mended,
  type Running,
  recorded,
  servers,
  settlesWithinMs,
  startCluster,
  until,
} from './cluster.ts';
import { judgedAfterwards, lastRunOf, letCrimesCome, pairsPerShare, type RunsFound, sharesTaken } from './crimes-load.ts';

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
  /** Runs of verdicts that the servers judged in shares meanwhile. */
  verdicts: RunsFound;
}

export interface ClusterResult {
  rounds: RoundResult[];
  unrecorded: number;
  recordedTwice: number;
  auditProblems: number;
  /** What the lake has against what a server has that nothing was done to; null where there is none. */
  lake: LakeCheck | null;
  /** Shares of runs that were taken, and of those how many were taken again from a server that was gone. */
  shares: { taken: number; again: number };
  /** Of acknowledgements over HTTP and MQTT while nothing was wrong, ms. */
  usualMs: number[];
  /** For how long at most nothing was acknowledged after something had been mended, ms. */
  stalledMs: number;
  /** Faults that this machine could not be made to have. */
  left: Fault[];
}

const faultMs = 5000;
const quietMs = 2500;
/** Of each round. */
const runsRepeated = 6;

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
  const cluster = await startCluster({ seed, say });
  if (!cluster) return null;
  try {
    const reader = await cluster.openReader();
    if (reader.together) reader.together.runs.pairsPerShare = pairsPerShare;
    const result: ClusterResult = {
      rounds: [],
      unrecorded: 0,
      recordedTwice: 0,
      auditProblems: 0,
      usualMs: [],
      stalledMs: 0,
      lake: null,
      shares: { taken: 0, again: 0 },
      left: cluster.canCut ? [] : faults.filter((fault) => fault.startsWith('cut')),
    };
    const possible = only.filter((fault) => cluster.canCut || !fault.startsWith('cut'));
    for (let round = 0; round < times; round++) {
      const own = await breakOnce(cluster, reader, possible[round % possible.length] as Fault, result);
      result.rounds.push(own);
      say(
        `${round + 1} of ${times}: ${own.fault}: ${own.acknowledged.toLocaleString('en-GB')} acknowledged, ${own.missing} missing, ${own.doubled} doubled; ${own.alerts.toLocaleString('en-GB')} alerts, ${own.alertsLost} lost, ${own.alertsDoubled} doubled; ${own.verdicts.runs} runs judged together, ${own.verdicts.different} different, ${own.verdicts.unjudged} crimes not judged${own.verdicts.left ? ` (${own.verdicts.left})` : ''}; page after ${Math.round(own.pageMs)} ms${own.takeoverMs === null ? '' : `, taken over after ${Math.round(own.takeoverMs)} ms`}`,
      );
    }
    await until(async () => (await recorded(reader)) === reader.fixes.lastReceipt, settlesWithinMs).catch(() => undefined);
    result.lake = await heldAgainstLake(reader);
    result.shares = await sharesTaken(reader);
    Object.assign(result, await compareReceipts(reader), { auditProblems: (await verifyAudit(reader.database.db)).problems.length });
    return result;
  } finally {
    await cluster.close();
  }
}

/** What the lake has, against what a server has that was never touched. */
async function heldAgainstLake({ fixes }: Waymark): Promise<LakeCheck | null> {
  if (!fixes.hasLake) return null;
  await fixes.seal();
  return fixes.checkLake();
}

async function breakOnce(cluster: Cluster, reader: Waymark, fault: Fault, result: ClusterResult): Promise<RoundResult> {
  const { running, random, acknowledged, token } = cluster;
  await mended(reader, running);
  const load = cluster.putLoadOn();
  const lastRun = await lastRunOf(reader);
  const crimes = letCrimesCome(reader, cluster.madeAt, cluster.crimes);
  await sleep(quietMs + 1000 * random());
  result.usualMs.push(...load.takeTimes().flat());
  result.stalledMs = Math.max(result.stalledMs, await untilItFlows(load, result.usualMs));
  const victim = Math.floor(random() * 3);
  const since = performance.now();
  const mend = await strike(fault, victim, cluster);
  const looksAt = running.findIndex(({ isUp }) => isUp);
  const [pageMs, takeoverMs] = await Promise.all([
    until(() => answers((running[looksAt] as Running).url, token), settlesWithinMs).then(() => performance.now() - since),
    fault.endsWith('a server') ? takenOver(reader, since, cluster.madeAt) : null,
    sleep(faultMs),
  ]);
  await Promise.all([load.stop(), crimes.stop()]);
  // Before it is mended: what is left must have done all of it.
  const found = await countUp(reader, acknowledged);
  const verdicts = await judgedAfterwards(reader, lastRun, runsRepeated);
  await mend();
  return { fault, takeoverMs, pageMs, acknowledged: acknowledged.size, ...found, verdicts };
}

/** A log server that comes back may have the others elect again, which takes seconds: one fault at a time. Gives how long it was so, ms. */
async function untilItFlows(load: Load, usualMs: number[]): Promise<number> {
  const since = performance.now();
  await until(async () => {
    await sleep(500);
    const [http, mqtt] = load.takeTimes();
    usualMs.push(...http, ...mqtt);
    return http.length > 0 && mqtt.length > 0;
  }, settlesWithinMs);
  return performance.now() - since - 500;
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

/**
 * From a moment until each share of the work is done by a server that lives, ms: it is held, and of every share that has tags something
 * was found since. For as long as there was nothing to be found yet, because the load had not brought it, nobody is late.
 */
async function takenOver(reader: Waymark, since: number, madeAt: ReadonlyMap<string, number>): Promise<number> {
  // A dead server is seen until it was not for a while: first its shares must be nobody's.
  await until(async () => (await deadShares(reader)) > 0, 10_000);
  await until(async () => (await deadShares(reader)) === 0, settlesWithinMs);
  const heldAt = performance.now();
  let found: FirstFound[] = [];
  await until(async () => {
    found = await firstFound(reader);
    return found.every(({ at }) => at !== null);
  }, settlesWithinMs);
  const late = found.map(({ serial, at, confirmedAt }) => {
    const foundAt = (at as Date).getTime() - performance.timeOrigin;
    const couldBeFound = (madeAt.get(`${serial}@${(confirmedAt as Date).getTime()}`) ?? 0) - performance.timeOrigin;
    return foundAt - Math.max(0, couldBeFound - heldAt);
  });
  return Math.max(heldAt, ...late) - since;
}

interface FirstFound {
  serial: string | null;
  /** When it was put on record; null while nothing was. */
  at: Date | null;
  /** The fix by which it was found. */
  confirmedAt: Date | null;
}

/** Of each share that was taken in the last minute and has tags: the first alert that was raised since. */
async function firstFound(reader: Waymark): Promise<FirstFound[]> {
  const { rows } = await withPurpose(reader.database.db, 'supervision', 'monitoring', (tx) =>
    sql<FirstFound>`
      SELECT f.serial, f.at, f."confirmedAt" FROM platform.leases l LEFT JOIN LATERAL (
        SELECT t.serial, v.at, a.confirmed_at AS "confirmedAt" FROM supervision.alert_versions v
          JOIN supervision.alerts a ON a.id = v.alert_id JOIN supervision.wearings w ON w.id = a.wearing_id
          JOIN supervision.tags t ON t.id = w.tag_id
        WHERE 'watch ' || (a.wearing_id % 32) = l.name AND v.change = 'raised' AND v.at > l.since ORDER BY v.at LIMIT 1) f ON true
      WHERE l.name LIKE 'watch %' AND l.since > now() - interval '60 seconds'
        AND EXISTS (SELECT FROM supervision.wearings w WHERE 'watch ' || (w.id % 32) = l.name)`.execute(tx),
  );
  return rows;
}

async function answers(url: string, token: string): Promise<boolean> {
  const response = await fetch(`${url}/api/caseload`, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(5000) });
  return response.status === 200 && ((await response.json()) as { total: number }).total > 0;
}
