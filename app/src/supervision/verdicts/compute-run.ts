import { createHash } from 'node:crypto';
import {
  beginThreads,
  type CrimeQuestion,
  modelVersion,
  type PresenceParameters,
  type SweepPart,
  type SweepResult,
  sweep,
  threadsFor,
} from '@waymark/presence';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import type { CrimeVersionRow } from '../crimes/index.ts';
import { requireKnownModel } from './known-model.ts';
import { loadAround } from './load-around.ts';
import { type LoadedFleet, loadFleet, type WearingSnapshot } from './load-fleet.ts';
import type { ShareRead } from './share-file.ts';
import { coincidenceShifts, habitShifts } from './shifts.ts';
import type { RunKeys } from './verdict-store.ts';

export interface RunInputs {
  crimes: CrimeVersionRow[];
  wearings: WearingSnapshot[];
  parameters: PresenceParameters;
  timeZone: string;
  /** Fixes with later receipts are not read, so that a run can be repeated after more have come. */
  receiptUpto: number;
  /** Everything of the weeks before, or only what a few crimes rest on, see `loadAround`. */
  reads?: 'all' | 'around';
  /** Its hashes are of halves of the fleet, as those of runs of earlier versions. */
  inHalves?: boolean;
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

/** What a run asks of each wearing. */
export interface Asked {
  /** In the order in which the parts number them. */
  crimes: CrimeVersionRow[];
  questions: CrimeQuestion[];
}

export function askedOf({ crimes, parameters, timeZone }: RunInputs): Asked {
  const sorted = [...crimes].sort((a, b) => a.from_at.getTime() - b.from_at.getTime() || a.id - b.id);
  const questions = sorted.map((crime) => ({
    from: crime.from_at.getTime(),
    to: crime.to_at.getTime(),
    place: crime.place,
    habitShifts: habitShifts(crime.from_at.getTime(), parameters.habitWeeks, timeZone),
    coincidenceShifts: coincidenceShifts(crime.from_at.getTime(), parameters.coincidenceDays, timeZone),
  }));
  return { crimes: sorted, questions };
}

/** Judges crimes against wearings. The same inputs always give the same output hash. */
export async function computeRun(
  store: FixStore,
  inputs: RunInputs,
  keep: (part: SweepPart) => Promise<void>,
  onProgress?: (done: number, all: number) => void,
  threads?: number,
): Promise<RunOutput> {
  const began = performance.now();
  let verdicts = 0;
  const counting = (part: SweepPart) => {
    verdicts += part.weighed.rows + part.ruledOut.rows;
    return keep(part);
  };
  const { inHalves = false } = inputs;
  const asked = askedOf(inputs);
  const { loaded, read, result } = await judge<string | string[]>(store, inputs, asked, counting, {
    onProgress,
    threads,
    inHalves,
    hash: (fleet) => (inHalves ? fleet.hash() : fleet.hashes()),
  });
  return outputOf(inputs, asked, read, { ...result, fixes: loaded.fixes, verdicts, tookMs: Math.round(performance.now() - began) });
}

/** A share of a run: the wearings from the first to the last, by their place among those of the run. */
export interface Share {
  first: number;
  last: number;
  /** How long the parts of the run are, see `crimesPerPart`. */
  crimesPerPart: number;
}

/** Judges the crimes of a run against some of its wearings: parts are pieces of the run's own. */
export async function computeShare(
  store: FixStore,
  inputs: RunInputs,
  { first, last, crimesPerPart }: Share,
  keep: (part: SweepPart) => Promise<void>,
  options: ShareOptions = {},
): Promise<ShareRead> {
  const own = { ...inputs, wearings: inputs.wearings.slice(first, last + 1) };
  const { loaded, read } = await judge(store, own, askedOf(inputs), keep, {
    numberedFrom: first,
    crimesPerPart,
    hash: (fleet) => fleet.hashes(),
    ...options,
  });
  return { fixes: loaded.fixes, hashes: read };
}

export interface ShareOptions {
  /** Breaks it off. */
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, all: number) => void) | undefined;
  threads?: number | undefined;
  /** Another follows at once: its threads have compiled what it takes. */
  restAfter?: boolean;
}

interface Judging<H> extends ShareOptions {
  hash: (loaded: LoadedFleet) => Promise<H>;
  inHalves?: boolean;
  /** Where the wearings are some of a run's. */
  numberedFrom?: number;
  crimesPerPart?: number;
}

async function judge<H>(
  store: FixStore,
  inputs: RunInputs,
  { questions }: Asked,
  keep: (part: SweepPart) => Promise<void>,
  { hash, onProgress, threads, inHalves, numberedFrom, crimesPerPart, signal, restAfter }: Judging<H>,
): Promise<{ loaded: LoadedFleet; read: H; result: SweepResult }> {
  const { parameters } = inputs;
  requireKnownModel(parameters);
  signal?.throwIfAborted();
  // They load what they need while the fixes are read.
  const ready = beginThreads(threads ?? threadsFor(questions.length * inputs.wearings.length));
  const ended = () => Promise.all(ready.map((worker) => worker.terminate()));
  signal?.addEventListener('abort', ended, { once: true });
  const loading =
    inputs.reads === 'around'
      ? loadAround(store, inputs.wearings, parameters, questions, inputs.receiptUpto)
      : loadAll(store, inputs, questions, numberedFrom !== undefined);
  const loaded = await loading.catch(async (error) => {
    await ended();
    throw error;
  });
  const sweeping = sweep(
    { fleet: loaded.fleet, crimes: questions, parameters, ...(numberedFrom === undefined ? {} : { numberedFrom }) },
    keep,
    {
      threads: ready.length,
      ready,
      // Crimes come one after the other; threads that have compiled what it takes answer in half the time.
      restAfter: restAfter ?? inputs.reads === 'around',
      ...(onProgress ? { onProgress } : {}),
      ...(inHalves ? { inHalves } : {}),
      ...(crimesPerPart ? { crimesPerPart } : {}),
    },
  ).finally(() => {
    signal?.removeEventListener('abort', ended);
    return ended();
  });
  // Told where it is awaited, below, and not as nobody's while the hash is worked out.
  sweeping.catch(() => undefined);
  // While the threads are at work: there is nothing to store yet.
  const read = await hash(loaded);
  return { loaded, read, result: await sweeping };
}

/**
 * What is told of a run, of its fixes and what came of them.
 * @param read SHA-256 of the fixes of each wearing; one of all of them for a run in halves
 */
export function outputOf(
  inputs: RunInputs,
  { crimes, questions }: Asked,
  read: string | readonly string[],
  { digest, coincidence, ...told }: SweepResult & { fixes: number; verdicts: number; tookMs: number },
): RunOutput {
  const { parameters, timeZone, wearings } = inputs;
  const inputsHash = createHash('sha256')
    .update(typeof read === 'string' ? read : read.join('\n'))
    .update(
      JSON.stringify({
        parameters: Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1)),
        modelVersion,
        timeZone,
        wearings: wearings.map((w) => [w.id, w.from, String(w.to), ...(w.clockS ? [w.clockS] : [])]),
      }),
    )
    .update(JSON.stringify(crimes.map((crime, i) => [crime.id, crime.version, questions[i]?.from, questions[i]?.to, sortedPlace(crime)])))
    .digest('hex');
  const order = new Map(crimes.map((crime, i) => [crime.id, i]));
  return {
    ...told,
    inputsHash: `${inputs.reads === 'around' ? aroundMark : ''}${inputs.inHalves ? '' : eachMark}${inputsHash}`,
    outputHash: digest,
    keys: { crimes: Int32Array.from(crimes, ({ id }) => id), wearings: Int32Array.from(wearings, ({ id }) => id) },
    coincidence: Float32Array.from(inputs.crimes, ({ id }) => coincidence[order.get(id) as number] as number),
  };
}

/** Stand before the hash of the inputs: of a run that read only what its crimes rest on, and of one that hashes each wearing by itself. */
const aroundMark = 'around-';
const eachMark = 'each-';

/** How a recorded run read its fixes and put them together. */
export const wayOf = (inputsHash: string): { reads: 'all' | 'around'; inHalves: boolean } => ({
  reads: inputsHash.startsWith(aroundMark) ? 'around' : 'all',
  inHalves: !inputsHash.includes(eachMark),
});

function loadAll(
  store: FixStore,
  { wearings, parameters, receiptUpto }: RunInputs,
  questions: readonly CrimeQuestion[],
  isShare: boolean,
): Promise<LoadedFleet> {
  return loadFleet(store, wearings, parameters, { ...spanOf(questions, parameters), receiptUpto, isShare });
}

function spanOf(questions: readonly CrimeQuestion[], parameters: PresenceParameters): { from: number; to: number } {
  const first = questions[0]?.from ?? 0;
  const last = questions.reduce((latest, question) => Math.max(latest, question.to), first);
  return { from: first - parameters.habitWeeks * weekMs - dayMs, to: last + (parameters.coincidenceDays + 1) * dayMs };
}

/** How many fixes of each wearing a run reads, about: some of them say nothing new. */
export async function countFixes(store: FixStore, inputs: RunInputs, { questions }: Asked): Promise<number[]> {
  const { from, to } = spanOf(questions, inputs.parameters);
  const place = new Map(inputs.wearings.map(({ id }, i) => [id, i]));
  const fixes: number[] = new Array(inputs.wearings.length).fill(0);
  const { count, columns } = await store.query(
    'SELECT wearing, count(*)::INTEGER AS n FROM fixes WHERE at_ms BETWEEN ? AND ? AND receipt <= ? GROUP BY wearing',
    { wearing: 'i32', n: 'i32' },
    { values: [Math.round(from), Math.round(to), inputs.receiptUpto], from },
  );
  for (let i = 0; i < count; i++) {
    const w = place.get(columns.wearing[i] as number);
    if (w !== undefined) fixes[w] = columns.n[i] as number;
  }
  return fixes;
}

function sortedPlace(crime: CrimeVersionRow): unknown {
  return Object.entries(crime.place).sort(([a], [b]) => (a < b ? -1 : 1));
}
