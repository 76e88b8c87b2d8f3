import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  beginThreads,
  type CrimeQuestion,
  defaultParameters,
  modelVersion,
  type PresenceParameters,
  type SweepPart,
  sweep,
  threadsFor,
} from '@waymark/presence';
import { sql } from 'kysely';
import type { Actor } from '../../platform/access.ts';
import type { Action, Performer } from '../../platform/action.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { type CrimeVersionRow, listCurrentCrimes, listVersions } from '../crimes/index.ts';
import type {} from '../schema/tables.ts';
import { requireKnownModel } from './known-model.ts';
import { loadAround } from './load-around.ts';
import { type LoadedFleet, loadFleet, type WearingSnapshot } from './load-fleet.ts';
import { coincidenceShifts, habitShifts } from './shifts.ts';
import type { RunKeys, VerdictStore } from './verdict-store.ts';

/** Version of the whole program, as recorded with runs. */
export const codeVersion: string = (
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../../package.json'), 'utf8')) as { version: string }
).version;

export interface VerdictServices {
  fixes: FixStore;
  verdicts: VerdictStore;
  timeZone: string;
}

export interface RunInputs {
  crimes: CrimeVersionRow[];
  wearings: WearingSnapshot[];
  parameters: PresenceParameters;
  timeZone: string;
  /** Fixes with later receipts are not read, so that a run can be repeated after more have come. */
  receiptUpto: number;
  /** Everything of the weeks before, or only what a few crimes rest on, see `loadAround`. */
  reads?: 'all' | 'around';
}

export interface RunOutput {
  inputsHash: string;
  outputHash: string;
  fixes: number;
  verdicts: number;
  /** What the parts' numbers of crimes and wearings stand for. */
  keys: RunKeys;
  /** Per crime, in the order of the inputs. */
  coincidence: Float32Array;
  tookMs: number;
}

const weekMs = 7 * 86_400_000;
const dayMs = 86_400_000;

/** Judges crimes against wearings. The same inputs always give the same output hash. */
export async function computeRun(
  store: FixStore,
  inputs: RunInputs,
  keep: (part: SweepPart) => Promise<void>,
  onProgress?: (done: number, all: number) => void,
  threads?: number,
): Promise<RunOutput> {
  const began = performance.now();
  const { parameters, timeZone } = inputs;
  requireKnownModel(parameters);
  const crimes = [...inputs.crimes].sort((a, b) => a.from_at.getTime() - b.from_at.getTime() || a.id - b.id);
  const questions: CrimeQuestion[] = crimes.map((crime) => ({
    from: crime.from_at.getTime(),
    to: crime.to_at.getTime(),
    place: crime.place,
    habitShifts: habitShifts(crime.from_at.getTime(), parameters.habitWeeks, timeZone),
    coincidenceShifts: coincidenceShifts(crime.from_at.getTime(), parameters.coincidenceDays, timeZone),
  }));
  // They load what they need while the fixes are read.
  const ready = beginThreads(threads ?? threadsFor(crimes.length * inputs.wearings.length));
  const ended = () => Promise.all(ready.map((worker) => worker.terminate()));
  const loading =
    inputs.reads === 'around'
      ? loadAround(store, inputs.wearings, parameters, questions, inputs.receiptUpto)
      : loadAll(store, inputs, questions);
  const loaded = await loading.catch(async (error) => {
    await ended();
    throw error;
  });
  let verdicts = 0;
  const sweeping = sweep(
    { fleet: loaded.fleet, crimes: questions, parameters },
    async (part) => {
      verdicts += part.weighed.rows + part.ruledOut.rows;
      await keep(part);
    },
    // Crimes come one after the other; threads that have compiled what it takes answer in half the time.
    { onProgress, threads: ready.length, ready, restAfter: inputs.reads === 'around' },
  ).finally(ended);
  // Told where it is awaited, below, and not as nobody's while the hash is worked out.
  sweeping.catch(() => undefined);
  // While the threads are at work: there is nothing to store yet.
  const inputsHash = createHash('sha256')
    .update(await loaded.hash())
    .update(
      JSON.stringify({
        parameters: Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1)),
        modelVersion,
        timeZone,
        wearings: inputs.wearings.map((w) => [w.id, w.from, String(w.to)]),
      }),
    )
    .update(JSON.stringify(crimes.map((crime, i) => [crime.id, crime.version, questions[i]?.from, questions[i]?.to, sortedPlace(crime)])))
    .digest('hex');
  const result = await sweeping;
  const inputsMarked = inputs.reads === 'around' ? `${aroundMark}${inputsHash}` : inputsHash;
  const order = new Map(crimes.map((crime, i) => [crime.id, i]));
  const coincidence = Float32Array.from(inputs.crimes, ({ id }) => result.coincidence[order.get(id) as number] as number);
  return {
    inputsHash: inputsMarked,
    outputHash: result.digest,
    fixes: loaded.fixes,
    verdicts,
    keys: { crimes: Int32Array.from(crimes, ({ id }) => id), wearings: Int32Array.from(inputs.wearings, ({ id }) => id) },
    coincidence,
    tookMs: Math.round(performance.now() - began),
  };
}

/** Stands before the hash of the inputs of a run that read only what its crimes rest on. */
const aroundMark = 'around-';
/** How a recorded run read its fixes. */
export const readsOf = (inputsHash: string): 'all' | 'around' => (inputsHash.startsWith(aroundMark) ? 'around' : 'all');

function loadAll(
  store: FixStore,
  { wearings, parameters, receiptUpto }: RunInputs,
  questions: readonly CrimeQuestion[],
): Promise<LoadedFleet> {
  const first = questions[0]?.from ?? 0;
  const last = questions.reduce((latest, question) => Math.max(latest, question.to), first);
  return loadFleet(store, wearings, parameters, {
    from: first - parameters.habitWeeks * weekMs - dayMs,
    to: last + (parameters.coincidenceDays + 1) * dayMs,
    receiptUpto,
  });
}

function sortedPlace(crime: CrimeVersionRow): unknown {
  return Object.entries(crime.place).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** So few crimes are answered from what they rest on where there are so many fixes that reading everything would keep them waiting. */
const fewCrimes = 20;
const manyFixes = 5_000_000;

/** Numbers a run of what has fallen due: crimes without a verdict, and those whose window has seen fixes or wearings change since. */
const planRun: Action<VerdictServices, { crimeVersions?: number[] }, { runId: number; inputs: RunInputs } | null> = {
  name: 'verdict.compute',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, { fixes, verdicts, timeZone }, { crimeVersions }) {
    const wearings = await snapshotWearings(tx);
    const crimes = crimeVersions ? await listVersions(tx, crimeVersions) : await listCurrentCrimes(tx, { withMadeUp: true });
    const latest = crimeVersions ? [] : await latestRuns(tx, verdicts);
    const receiptUpto = fixes.lastReceipt;
    const due = crimeVersions ? crimes : await dueCrimes(fixes, crimes, latest, wearings);
    if (due.length === 0) {
      note(null, { crimes: 0 });
      return null;
    }
    const { rows } = await sql<{ id: number }>`SELECT nextval('supervision.run_numbers')::int AS id`.execute(tx);
    const { id: runId } = rows[0] as { id: number };
    note({ kind: 'run', id: runId }, { crimes: due.length, wearings: wearings.length });
    const reads = due.length <= fewCrimes && (await fixes.count()) > manyFixes ? ('around' as const) : ('all' as const);
    const inputs = { crimes: due, wearings, parameters: { ...defaultParameters }, timeZone, receiptUpto, reads };
    return { runId, inputs };
  },
};

type Tx = Parameters<typeof listCurrentCrimes>[0];

async function snapshotWearings(tx: Tx): Promise<WearingSnapshot[]> {
  // As one value: tens of thousands of rows with four dates each take several times as long to come out of the database.
  const { rows } = await sql<{ worn: [number, number, number | null][] | null }>`
    SELECT json_agg(json_build_array(w.id, floor(extract(epoch FROM greatest(w.starts_at, o.starts_at)) * 1000),
        floor(extract(epoch FROM least(w.ends_at, o.ends_at)) * 1000)) ORDER BY w.id) AS worn
      FROM supervision.wearings w JOIN supervision.orders o ON o.id = w.order_id`.execute(tx);
  return (rows[0]?.worn ?? []).map(([id, from, to]) => ({ id, from, to: to ?? Infinity }));
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

const wornIn = (wearings: readonly { id: number; from: number; to: number }[]): string => {
  const hash = createHash('sha256');
  for (const { id, from, to } of wearings) hash.update(`${id}/${from}/${to},`);
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
      const worn = (wearings as { id: number; from: string; to: string | null }[]).map(({ id: wearing, from, to }) => ({
        id: wearing,
        from: Date.parse(from),
        to: to === null ? Infinity : Date.parse(to),
      }));
      known.set(id, { receiptUpto: receipt_upto, model: model_version, worn: wornIn(worn) });
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

interface RunRecord {
  inputs: RunInputs;
  output: RunOutput;
  runId: number;
  counts: Map<number, { present: number; excluded: number; unknown: number }>;
}

const recordRun: Action<VerdictServices, RunRecord, void> = {
  name: 'verdict.compute',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, { inputs, output, runId, counts }) {
    await tx
      .insertInto('supervision.runs')
      .values({
        id: runId,
        by_name: actor.name,
        model_version: modelVersion,
        code_version: codeVersion,
        parameters: JSON.stringify(inputs.parameters),
        time_zone: inputs.timeZone,
        receipt_upto: inputs.receiptUpto,
        wearings: JSON.stringify(
          inputs.wearings.map(({ id, from, to }) => ({
            id,
            from: new Date(from).toISOString(),
            to: Number.isFinite(to) ? new Date(to).toISOString() : null,
          })),
        ),
        inputs_hash: output.inputsHash,
        output_hash: output.outputHash,
        crimes: inputs.crimes.length,
        verdicts: output.verdicts,
        fixes: output.fixes,
        took_ms: output.tookMs,
      })
      .execute();
    const rows = inputs.crimes.map((crime, i) => ({
      run_id: runId,
      crime_version_id: crime.id,
      coincidence: Number.isNaN(output.coincidence[i]) ? null : (output.coincidence[i] as number),
      ...(counts.get(crime.id) ?? { present: 0, excluded: 0, unknown: 0 }),
    }));
    for (let i = 0; i < rows.length; i += 2000) {
      await tx
        .insertInto('supervision.run_crimes')
        .values(rows.slice(i, i + 2000))
        .execute();
    }
    note({ kind: 'run', id: runId }, { crimes: inputs.crimes.length, verdicts: output.verdicts, fixes: output.fixes });
  },
};

export interface ComputedRun {
  runId: number;
  crimes: number;
  verdicts: number;
  fixes: number;
  tookMs: number;
  outputHash: string;
}

/**
 * Works out what is due and records it as one run; null when nothing is due.
 *
 * The heavy part runs outside any transaction. The run counts only once it is recorded, so a crash in the middle leaves
 * verdicts that nothing points to, and the next run starts afresh.
 */
export async function computeDueVerdicts(
  performer: Performer,
  services: VerdictServices,
  actor: Actor,
  options: { onProgress?: (done: number, all: number) => void } = {},
): Promise<ComputedRun | null> {
  const planned = await performer.perform(actor, planRun, services, {});
  if (planned === null) return null;
  const { runId, inputs } = planned;
  const output = await services.verdicts.write(runId, (append) => computeRun(services.fixes, inputs, append, options.onProgress));
  const counts = new Map((await services.verdicts.countByCrime(runId)).map(({ crime, ...rest }) => [crime, rest]));
  await performer.perform(actor, recordRun, services, { inputs, output, runId, counts });
  return {
    runId,
    crimes: inputs.crimes.length,
    verdicts: output.verdicts,
    fixes: output.fixes,
    tookMs: output.tookMs,
    outputHash: output.outputHash,
  };
}
