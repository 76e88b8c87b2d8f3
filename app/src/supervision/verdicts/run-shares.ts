import { crimesPerPart } from '@waymark/presence';
import { type RawBuilder, sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Database, Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { deadAfterS, LeaseLostError } from '../../platform/servers/leases.ts';
import { listVersions } from '../crimes/index.ts';
import type { RunPlan } from '../schema/tables.ts';
import { askedOf, countFixes, type RunInputs, type Share } from './compute-run.ts';
import { fixesTogether, splitEvenly } from './split-evenly.ts';
import { reckoningFingerprint } from './work-out.ts';

declare module '../../platform/changes.ts' {
  interface Topics {
    /** Runs that several servers judge together. */
    'supervision.runs': true;
  }
}

/** What a server knows of the others on the same records. */
export interface RunsTogether {
  db: Database;
  /** Of this start of this server. */
  id: string;
  /** How many servers there are with a role, this one included. */
  alive(role: string): Promise<number>;
  /** Pairs of a crime and a wearing that are worth a share, unless told otherwise: for tests. */
  pairsPerShare?: number;
}

/** Fewer pairs than this are judged in seconds, and not worth reading the fixes once more. */
const usualPairsPerShare = 1_000_000;
/** More shares than servers, so that who is quicker does more, and less is lost with one. */
const sharesEach = 2;
/** A share that failed so often is not tried again: what is wrong is told, and the run is planned anew when it is next asked for. */
export const triesAtMost = 3;
/** The source that judges: two programs with another one do not judge one run. */
let fingerprint: string | null = null;
const reckoning = () => {
  fingerprint ??= reckoningFingerprint();
  return fingerprint;
};

/** No other server alive has it. What this one has and is not at any more, after a failure, it may take again. */
const isFree = (holder: RawBuilder<unknown>, { id }: RunsTogether) => sql<boolean>`(${holder} IS NULL OR ${holder} = ${id}
  OR NOT EXISTS (SELECT FROM platform.servers seen WHERE seen.id = ${holder} AND seen.seen_at > now() - make_interval(secs => ${deadAfterS})))`;

/**
 * Within the transaction of a plan: writes a run down in shares of about as many fixes each, where it is large and there are others to
 * judge it with.
 * @returns how many shares there are; 0 where it is judged here
 */
export async function shareOut(
  tx: Tx,
  { runId, inputs, byName }: { runId: number; inputs: RunInputs; byName: string },
  fixes: FixStore,
  others: RunsTogether,
): Promise<number> {
  const pairs = inputs.crimes.length * inputs.wearings.length;
  const worth = Math.floor(pairs / (others.pairsPerShare ?? usualPairsPerShare));
  const servers = worth > 1 ? await others.alive('work') : 1;
  if (servers < 2) return 0;
  const counts = await countFixes(fixes, inputs, askedOf(inputs));
  const all = counts.reduce((sum, n) => sum + n, 0);
  const shares = splitEvenly(counts, Math.max(Math.min(worth, sharesEach * servers), Math.ceil(all / fixesTogether)));
  const plan: RunPlan = {
    crimes: inputs.crimes.map(({ id }) => id),
    wearings: inputs.wearings.map(({ id, from, to, clockS }) => {
      const until = Number.isFinite(to) ? to : null;
      return clockS ? [id, from, until, clockS] : [id, from, until];
    }),
    parameters: inputs.parameters,
    timeZone: inputs.timeZone,
    receiptUpto: inputs.receiptUpto,
    crimesPerPart: crimesPerPart(inputs.wearings.length),
  };
  await tx
    .insertInto('supervision.shared_runs')
    .values({ run_id: runId, plan: JSON.stringify(plan), reckoning: reckoning(), by_name: byName, holder: null })
    .execute();
  await tx
    .insertInto('supervision.run_shares')
    .values(shares.map(({ first, last }, number) => ({ run_id: runId, number, first_wearing: first, last_wearing: last, holder: null })))
    .execute();
  return shares.length;
}

/**
 * The run that is judged together now, if any. One of another version of the program is left to the servers that have it, and given up
 * where none of them is there any more.
 */
export async function openRun(tx: Tx, others: RunsTogether): Promise<number | null> {
  const open = await tx.selectFrom('supervision.shared_runs').select(['run_id', 'reckoning']).orderBy('run_id').execute();
  for (const { run_id, reckoning: theirs } of open) {
    if (theirs === reckoning()) return run_id;
    const { rows } = await sql<{ held: boolean }>`
      SELECT bool_or(NOT ${isFree(sql.ref('holder'), others)}) AS held
        FROM supervision.run_shares WHERE run_id = ${run_id}`.execute(tx);
    if (rows[0]?.held !== true) await giveUpRun(tx, run_id);
  }
  return null;
}

export async function giveUpRun(tx: Tx, runId: number): Promise<void> {
  await tx.deleteFrom('supervision.shared_runs').where('run_id', '=', runId).execute();
}

export async function listSharedRuns(tx: Tx): Promise<number[]> {
  return (await tx.selectFrom('supervision.shared_runs').select('run_id').orderBy('run_id').execute()).map(({ run_id }) => run_id);
}

/**
 * Within the transaction that puts it on record.
 * @returns who asked for it, by name
 * @throws LeaseLostError where another server has taken it meanwhile, or has done so
 */
export async function endShared(tx: Tx, { id }: RunsTogether, runId: number): Promise<string> {
  const ended = await tx
    .deleteFrom('supervision.shared_runs')
    .where('run_id', '=', runId)
    .where('holder', '=', id)
    .returning('by_name')
    .executeTakeFirst();
  if (!ended) throw new LeaseLostError('Another server puts this run together.');
  return ended.by_name;
}

/** How far a run is that is judged together. */
export interface SharedState {
  shares: number;
  done: number;
  /** Shares that nobody alive is at. */
  free: number;
  /** Whether nobody else alive puts it together. */
  isWholeFree: boolean;
  /** Whether this server can judge it. */
  isOurs: boolean;
  plannedAt: Date;
}

/** Null where it is no longer judged: it is on record, or was given up. */
export async function stateOf(tx: Tx, runId: number, others: RunsTogether): Promise<SharedState | null> {
  const { rows } = await sql<{ shares: number; done: number; free: number; whole: boolean; reckoning: string; planned_at: Date }>`
    SELECT count(*)::int AS shares, count(*) FILTER (WHERE s.done)::int AS done,
        count(*) FILTER (WHERE NOT s.done AND ${isFree(sql.ref('s.holder'), others)})::int AS free,
        ${isFree(sql.ref('r.holder'), others)} AS whole, r.reckoning, r.planned_at
      FROM supervision.shared_runs r JOIN supervision.run_shares s USING (run_id)
      WHERE r.run_id = ${runId} GROUP BY r.run_id`.execute(tx);
  const [row] = rows;
  if (!row) return null;
  const { shares, done, free, whole } = row;
  return { shares, done, free, isWholeFree: whole, isOurs: row.reckoning === reckoning(), plannedAt: row.planned_at };
}

export interface TakenShare extends Share {
  number: number;
  tries: number;
}

/** Takes a share that nobody alive is at, with all that is judged in it; null where there is none. */
export const takeShare: Action<RunsTogether, { runId: number }, { share: TakenShare; inputs: RunInputs } | null> = {
  name: 'verdict.share',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, others, { runId }) {
    note({ kind: 'run', id: runId });
    const { rows } = await sql<{ number: number; first: number; last: number; tries: number }>`
      UPDATE supervision.run_shares SET holder = ${others.id}, tries = tries + 1 WHERE run_id = ${runId} AND number = (
        SELECT number FROM supervision.run_shares WHERE run_id = ${runId} AND NOT done AND ${isFree(sql.ref('holder'), others)}
        ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING number, first_wearing AS first, last_wearing AS last, tries`.execute(tx);
    const inputs = rows[0] && (await inputsOf(tx, runId));
    if (!rows[0] || !inputs) return null;
    note(null, { share: rows[0].number });
    return { share: { ...rows[0], crimesPerPart: inputs.crimesPerPart }, inputs };
  },
};

/**
 * Notes what became of a share; nothing where another has taken it meanwhile. Who leaves it has not failed at it.
 */
export async function settleShare(
  tx: Tx,
  { id }: RunsTogether,
  runId: number,
  number: number,
  became: 'done' | 'failed' | 'left',
): Promise<void> {
  await tx
    .updateTable('supervision.run_shares')
    .set(became === 'done' ? { done: true } : { holder: null })
    .$if(became === 'left', (query) => query.set({ tries: sql`tries - 1` }))
    .where('run_id', '=', runId)
    .where('number', '=', number)
    .where('holder', '=', id)
    .execute();
}

/** What was judged is not there: it is judged again. */
export async function judgeAgain(tx: Tx, runId: number, numbers: readonly number[]): Promise<void> {
  await tx
    .updateTable('supervision.run_shares')
    .set({ done: false, holder: null })
    .where('run_id', '=', runId)
    .where('number', 'in', [...numbers])
    .execute();
}

/** Takes the whole of it, to put it together; null where another is at that. */
export const takeWhole: Action<RunsTogether, { runId: number }, RunInputs | null> = {
  name: 'verdict.share',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, others, { runId }) {
    const { numUpdatedRows } = await tx
      .updateTable('supervision.shared_runs')
      .set({ holder: others.id })
      .where('run_id', '=', runId)
      .where(isFree(sql.ref('holder'), others))
      .executeTakeFirst();
    note({ kind: 'run', id: runId }, { taken: numUpdatedRows === 1n });
    return numUpdatedRows === 1n ? await inputsOf(tx, runId) : null;
  },
};

async function inputsOf(tx: Tx, runId: number): Promise<(RunInputs & { crimesPerPart: number }) | null> {
  const row = await tx.selectFrom('supervision.shared_runs').select('plan').where('run_id', '=', runId).executeTakeFirst();
  if (!row) return null;
  const { crimes, wearings, ...rest } = row.plan;
  return {
    ...rest,
    crimes: await listVersions(tx, crimes),
    wearings: wearings.map(([id, from, to, clockS]) => ({ id, from, to: to ?? Infinity, ...(clockS ? { clockS } : {}) })),
    reads: 'all',
  };
}
