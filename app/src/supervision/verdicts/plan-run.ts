import { createHash } from 'node:crypto';
import { defaultParameters, modelVersion } from '@waymark/presence';
import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import { givenUpWhenStill, type Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { type CrimeVersionRow, listCurrentCrimes } from '../crimes/index.ts';
import type { RunInputs } from './compute-run.ts';
import { snapshotOf, type WearingSnapshot } from './load-fleet.ts';
import { openRun, type RunsTogether, shareOut } from './run-shares.ts';
import type { VerdictStore } from './verdict-store.ts';

export interface VerdictServices {
  fixes: FixStore;
  verdicts: VerdictStore;
  timeZone: string;
  /** This server among several, which judge large runs together. */
  others?: RunsTogether | null;
}

/** So few crimes are answered from what they rest on where there are so many fixes that reading everything would keep them waiting. */
const fewCrimes = 20;
const manyFixes = 5_000_000;

/** A run of what has fallen due: to be worked out here, or with others in shares. */
export type PlannedRun = { runId: number; inputs: RunInputs } | { runId: number; inputs: null };

/** Numbers a run of what has fallen due: crimes without a verdict, and those whose window has seen fixes or wearings change since. */
export const planRun: Action<VerdictServices, null, PlannedRun | 'another plans' | null> = {
  name: 'verdict.compute',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note, tell }, services) {
    const { fixes, verdicts, timeZone, others } = services;
    if (others) {
      // One plans at a time, and for seconds where the fleet is large: who comes second joins afterwards.
      const { rows: locks } = await sql<{ free: boolean }>`
        SELECT pg_try_advisory_xact_lock(hashtext('waymark runs')) AS free, ${givenUpWhenStill}`.execute(tx);
      if (!locks[0]?.free) {
        note(null, { planned: 'by another server' });
        return 'another plans';
      }
      const open = await openRun(tx, others);
      if (open !== null) {
        note({ kind: 'run', id: open }, { joined: true });
        return { runId: open, inputs: null };
      }
    }
    const wearings = await snapshotWearings(tx);
    const crimes = await listCurrentCrimes(tx, { withMadeUp: true });
    const latest = await latestRuns(tx, verdicts);
    const receiptUpto = fixes.lastReceipt;
    const due = await dueCrimes(fixes, crimes, latest, wearings);
    if (due.length === 0) {
      note(null, { crimes: 0 });
      return null;
    }
    const { rows } = await sql<{ id: number }>`SELECT nextval('supervision.run_numbers')::int AS id`.execute(tx);
    const { id: runId } = rows[0] as { id: number };
    const reads = due.length <= fewCrimes && (await fixes.count()) > manyFixes ? ('around' as const) : ('all' as const);
    const inputs = { crimes: due, wearings, parameters: { ...defaultParameters }, timeZone, receiptUpto, reads };
    const shares = others && reads === 'all' ? await shareOut(tx, { runId, inputs, byName: actor.name }, fixes, others) : 0;
    note({ kind: 'run', id: runId }, { crimes: due.length, wearings: wearings.length, ...(shares > 0 ? { shares } : {}) });
    if (shares === 0) return { runId, inputs };
    tell('supervision.runs', [runId]);
    return { runId, inputs: null };
  },
};

async function snapshotWearings(tx: Tx): Promise<WearingSnapshot[]> {
  // As one value: tens of thousands of rows with four dates each take several times as long to come out of the database.
  const { rows } = await sql<{ worn: [number, number, number | null, number | null][] | null }>`
    SELECT json_agg(json_build_array(w.id, floor(extract(epoch FROM greatest(w.starts_at, o.starts_at)) * 1000),
        floor(extract(epoch FROM least(w.ends_at, o.ends_at)) * 1000), w.clock_error_s) ORDER BY w.id) AS worn
      FROM supervision.wearings w JOIN supervision.orders o ON o.id = w.order_id`.execute(tx);
  return (rows[0]?.worn ?? []).map(([id, from, to, clockS]) => ({ id, from, to: to ?? Infinity, ...(clockS ? { clockS } : {}) }));
}

interface LatestRun {
  crime: number;
  receiptUpto: number;
  model: string;
  /** Which wearings it was over: of the same ones it is the same. */
  worn: string;
}

type KnownRun = Omit<LatestRun, 'crime'>;

const runsTogether = 20;

/** Runs never change: what has been read of them is kept, for the list of the wearings of a large fleet is long. */
const knownRuns = new WeakMap<VerdictStore, Map<number, KnownRun>>();

const wornIn = (wearings: readonly WearingSnapshot[]): string => {
  const hash = createHash('sha256');
  for (const { id, from, to, clockS } of wearings) hash.update(`${id}/${from}/${to}${clockS ? `/${clockS}` : ''},`);
  return hash.digest('base64');
};

/** The latest run of each crime version whose verdicts can be read. */
async function latestRuns(tx: Tx, verdicts: VerdictStore): Promise<LatestRun[]> {
  const rows = await tx
    .selectFrom('supervision.run_crimes as rc')
    .select(['rc.crime_version_id as crime', sql<number>`max(rc.run_id)::int`.as('run')])
    .groupBy('rc.crime_version_id')
    .execute();
  const known = knownRuns.get(verdicts) ?? new Map<number, KnownRun>();
  knownRuns.set(verdicts, known);
  const ids = [...new Set(rows.map(({ run }) => run))];
  const unread = ids.filter((id) => !known.has(id));
  // A few at a time: of a large fleet each is a megabyte and more.
  for (let i = 0; i < unread.length; i += runsTogether) {
    const runs = await tx
      .selectFrom('supervision.runs')
      .select(['id', 'receipt_upto', 'model_version', 'wearings'])
      .where('id', 'in', unread.slice(i, i + runsTogether))
      .execute();
    for (const { id, receipt_upto, model_version, wearings } of runs) {
      known.set(id, { receiptUpto: receipt_upto, model: model_version, worn: wornIn(wearings.map(snapshotOf)) });
    }
  }
  const readable = new Set<number>();
  for (const id of ids) if (await verdicts.has(id)) readable.add(id);
  return rows.flatMap(({ crime, run }) => {
    const found = known.get(run);
    return found && readable.has(run) ? [{ crime, ...found }] : [];
  });
}

/** A fix this long after or before the window can still change what was possible inside it, or whether a receiver lived. */
const reachMs = 6 * 3_600_000;

async function dueCrimes(
  store: FixStore,
  crimes: CrimeVersionRow[],
  latest: LatestRun[],
  wearings: WearingSnapshot[],
): Promise<CrimeVersionRow[]> {
  const known = new Map(latest.map((run) => [run.crime, run]));
  const now = wornIn(wearings);
  // Per receipt level: the hours in which later fixes lie.
  const touched = new Map<number, Set<number>>();
  const hourMs = 3_600_000;
  for (const receipt of new Set(latest.map(({ receiptUpto }) => receiptUpto))) {
    const { count, columns } = await store.query(
      'SELECT DISTINCT (at_ms // 3600000)::INTEGER AS hour FROM fixes WHERE receipt > ?',
      { hour: 'i32' },
      { values: [receipt] },
    );
    touched.set(receipt, new Set(columns.hour.subarray(0, count)));
  }
  const isDue = (crime: CrimeVersionRow): boolean => {
    const run = known.get(crime.id);
    if (!run || run.model !== modelVersion || run.worn !== now) return true;
    const hours = touched.get(run.receiptUpto);
    if (!hours || hours.size === 0) return false;
    for (let hour = Math.floor((crime.from_at.getTime() - reachMs) / hourMs); hour <= (crime.to_at.getTime() + reachMs) / hourMs; hour++) {
      if (hours.has(hour)) return true;
    }
    return false;
  };
  const due = crimes.filter(isDue);
  // New ones alone: nothing of theirs can be known better already.
  if (!due.some(({ id }) => known.has(id))) return due;
  // What positions of its time have been removed by age, or made into “at home”, keeps the verdicts that it had: judged anew it
  // would know less.
  const { oldest: gone, atHome } = await store.coarsenedUpto(wearings.map(({ id }) => id));
  const oldest = [...atHome.values()].reduce((latest, at) => Math.max(latest, at), gone);
  return due.filter(({ id, from_at }) => !known.has(id) || from_at.getTime() >= oldest);
}
