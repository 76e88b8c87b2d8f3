import { habitRatio, reasonsInWords, strengthOf, verdictNames } from '@waymark/presence';
import { sql } from 'kysely';
import { type Action, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { type CrimeVersionRow, listCurrentCrimes, listVersions } from '../crimes/index.ts';
import type { StoredVerdict } from '../schema/stored-verdict.ts';
import type { RecordedWearing } from '../schema/tables.ts';
import { type RunInputs, wayOf } from './compute-run.ts';
import { judgeInTurn } from './judge-in-turn.ts';
import { snapshotOf } from './load-fleet.ts';
import type { VerdictServices } from './plan-run.ts';

/** A verdict as the API and the command line give it. */
export interface VerdictView {
  crime: { force: string; reference: string; version: number };
  tag: string;
  subject: string;
  verdict: 'present' | 'excluded' | 'unknown';
  /** For an exclusion: `impossible` or `not plausible`. */
  strength: 'impossible' | 'not plausible' | null;
  probability: { moment: number | null; window: number | null };
  reasons: string[];
  coverage: number;
  fixes: number;
  closest: { distanceM: number; at: string } | null;
  /** Null for exclusions. */
  habit: { weeks: number; visits: number; ratio: number | null } | null;
  run: number;
}

export interface WearerName {
  wearing: number;
  tag: string;
  subject: string;
  name: string;
}

export async function wearerNames(tx: Tx, wearings?: number[]): Promise<Map<number, WearerName>> {
  // As one value: tens of thousands of rows of their own take several times as long to come out of the database.
  const { rows } = await sql<{ names: [number, string, string, string][] | null }>`
    SELECT json_agg(json_build_array(w.id, t.serial, s.reference, s.name)) AS names
      FROM supervision.wearings w JOIN supervision.tags t ON t.id = w.tag_id JOIN supervision.subjects s ON s.id = w.subject_id
      WHERE ${wearings ? sql`w.id = ANY(${wearings})` : sql`true`}`.execute(tx);
  return new Map((rows[0]?.names ?? []).map(([wearing, tag, subject, name]) => [wearing, { wearing, tag, subject, name }]));
}

export function viewOf(stored: StoredVerdict, crime: CrimeVersionRow, wearer: WearerName | undefined, radiusM: number): VerdictView {
  const name = verdictNames[stored.verdict] ?? 'unknown';
  const round = (value: number | null, digits = 4) => (value === null || Number.isNaN(value) ? null : Number(value.toFixed(digits)));
  const ratio = stored.pWindow === null ? Number.NaN : habitRatio(stored.pWindow, { weeks: stored.habitWeeks, visits: stored.habitVisits });
  const uncertaintyM = crime.place.uncertaintyM;
  return {
    crime: { force: crime.force, reference: crime.reference, version: crime.version },
    tag: wearer?.tag ?? `wearing ${stored.wearing}`,
    subject: wearer?.subject ?? '',
    verdict: name,
    strength: strengthOf(stored.verdict),
    probability: { moment: round(stored.pMoment), window: round(stored.pWindow) },
    reasons: reasonsInWords(
      { ...stored, closestM: stored.closestM ?? Number.NaN, pWindow: stored.pWindow ?? Number.NaN },
      radiusM + uncertaintyM,
    ),
    coverage: Number(stored.coverage.toFixed(4)),
    fixes: stored.fixes,
    closest:
      stored.closestM === null || stored.closestAfterMs === null
        ? null
        : { distanceM: round(stored.closestM, 1) as number, at: new Date(crime.from_at.getTime() + stored.closestAfterMs).toISOString() },
    habit:
      name === 'excluded' ? null : { weeks: stored.habitWeeks, visits: round(stored.habitVisits, 2) as number, ratio: round(ratio, 2) },
    run: stored.run,
  };
}

/** The run that speaks for a crime version; `coincidence` of others than those called present, but for runs of earlier models. */
export interface CurrentRun {
  run: number;
  coincidence: number | null;
  model: string;
}

/** The run that speaks for each crime version: its latest. */
export async function currentRuns(tx: Tx, crimes: CrimeVersionRow[]): Promise<Map<number, CurrentRun>> {
  const ids = crimes.map(({ id }) => id);
  let query = tx
    .selectFrom('supervision.run_crimes as rc')
    .innerJoin('supervision.runs as r', 'r.id', 'rc.run_id')
    .select(['rc.crime_version_id as crime', 'rc.run_id as run', 'rc.coincidence', 'r.model_version as model'])
    .where('rc.run_id', '=', sql<number>`(SELECT max(run_id) FROM supervision.run_crimes WHERE crime_version_id = rc.crime_version_id)`);
  // A page asks about one crime; only a listing of all is worth reading the whole table for.
  if (ids.length <= 1000) query = query.where('rc.crime_version_id', 'in', ids.length > 0 ? ids : [-1]);
  const wanted = new Set(ids);
  const rows = await query.execute();
  return new Map(rows.filter(({ crime }) => wanted.has(crime)).map(({ crime, ...run }) => [crime, run]));
}

export interface VerdictSelection {
  crimes: CrimeVersionRow[];
  runs: Map<number, CurrentRun>;
  wearers: Map<number, WearerName>;
}

/** Everything needed to stream the current verdicts out; the rows themselves are read from the verdict store. */
export const selectVerdicts: Action<VerdictServices, { reference?: string }, VerdictSelection> = {
  name: 'verdict.list',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { reference }) {
    const all = await listCurrentCrimes(tx);
    const crimes = reference ? all.filter((crime) => crime.reference === reference) : all;
    const runs = await currentRuns(tx, crimes);
    // Only what there is: what somebody asks for is not ours to keep.
    note(reference && crimes[0] ? { kind: 'crime', id: crimes[0].crime_id } : null, { crimes: runs.size });
    return { crimes, runs, wearers: await wearerNames(tx) };
  },
};

/** Current verdicts in batches, in order of crime and wearing. */
export async function* streamVerdicts(
  services: VerdictServices,
  { crimes, runs, wearers }: VerdictSelection,
  radiusM: number,
): AsyncGenerator<VerdictView[]> {
  const byId = new Map(crimes.map((crime) => [crime.id, crime]));
  const pairs = [...crimes]
    .sort((a, b) => a.id - b.id)
    .flatMap(({ id }) => {
      const current = runs.get(id);
      return current ? [{ run: current.run, crime: id }] : [];
    });
  for await (const rows of services.verdicts.stream(pairs)) {
    yield rows.map((row) => viewOf(row, byId.get(row.crime) as CrimeVersionRow, wearers.get(row.wearing), radiusM));
  }
}

export interface RunRow {
  id: number;
  at: Date;
  by_name: string;
  model_version: string;
  code_version: string;
  parameters: unknown;
  time_zone: string;
  receipt_upto: number;
  wearings: RecordedWearing[];
  inputs_hash: string;
  output_hash: string;
  crimes: number;
  verdicts: number;
  fixes: number;
  took_ms: number;
}

export const listRuns: Action<null, null, Omit<RunRow, 'wearings'>[]> = {
  name: 'run.list',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx }) {
    const rows = await tx
      .selectFrom('supervision.runs')
      .select([
        'id',
        'at',
        'by_name',
        'model_version',
        'code_version',
        'parameters',
        'time_zone',
        'receipt_upto',
        'inputs_hash',
        'output_hash',
        'crimes',
        'verdicts',
        'fixes',
        'took_ms',
      ])
      .orderBy('id', 'desc')
      .limit(200)
      .execute();
    return rows as Omit<RunRow, 'wearings'>[];
  },
};

export interface RunToRepeat {
  run: RunRow;
  crimes: CrimeVersionRow[];
}

export const readRun: Action<null, { id: number }, RunToRepeat> = {
  name: 'run.read',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'run', id });
    const run = (await tx.selectFrom('supervision.runs').selectAll().where('id', '=', id).executeTakeFirst()) as RunRow | undefined;
    if (!run) throw new NotFoundError(`There is no run ${id}.`);
    const versions = await tx.selectFrom('supervision.run_crimes').select('crime_version_id').where('run_id', '=', id).execute();
    return {
      run,
      crimes: await listVersions(
        tx,
        versions.map((row) => row.crime_version_id),
      ),
    };
  },
};

export interface Repetition {
  run: number;
  inputs: { recorded: string; now: string; same: boolean };
  output: { recorded: string; now: string; same: boolean };
  verdicts: number;
}

/** Works a recorded run out again from what it read then, and compares both hashes. Nothing is stored. */
export async function repeatRun(
  services: VerdictServices,
  { run, crimes }: RunToRepeat,
  onProgress?: (done: number, all: number) => void,
): Promise<Repetition> {
  const output = await judgeInTurn(
    services.fixes,
    services.verdicts,
    run.id,
    {
      crimes,
      wearings: run.wearings.map(snapshotOf),
      parameters: run.parameters as RunInputs['parameters'],
      timeZone: run.time_zone,
      receiptUpto: run.receipt_upto,
      ...wayOf(run.inputs_hash),
    },
    async () => undefined,
    { onProgress },
  );
  return {
    run: run.id,
    inputs: { recorded: run.inputs_hash, now: output.inputsHash, same: run.inputs_hash === output.inputsHash },
    output: { recorded: run.output_hash, now: output.outputHash, same: run.output_hash === output.outputHash },
    verdicts: output.verdicts,
  };
}
