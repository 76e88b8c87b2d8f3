import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { coincidenceShiftsAtMost, type Fleet, type SweepInput, type SweepPart } from './fleet.ts';
import { joinParts, PartSweeper, type PartTold, rowSet } from './sweep-part.ts';
import { beginThread, runThread, type Share } from './sweep-threads.ts';

const usualRowsPerPart = 250_000;

export interface SweepOptions {
  /** Threads beside the caller's own, as many as `threadsFor` says unless given; 0 does all on the caller's: for tests. */
  threads?: number;
  /** Threads that were begun before there was anything to judge, see `beginThreads`; each is used at most once. */
  ready?: Worker[];
  /** Threads rest afterwards, for the next sweep, and are not ended. For what is asked again and again of few fixes. */
  restAfter?: boolean;
  /** Rows of a part, about; other parts give another digest, so this is for tests. */
  rowsPerPart?: number;
  /**
   * The wearings of the input are some of those of a run: its parts are as long as those of all of them, see `crimesPerPart`. They are pieces of the
   * run's own, and neither they nor the whole has a digest.
   */
  crimesPerPart?: number;
  /** Parts and digest are of each half of the fleet, as those of runs of earlier versions: to repeat them. */
  inHalves?: boolean;
  /** Called as each part is stored: crimes done, crimes in all. */
  onProgress?: (done: number, all: number) => void;
}

export interface SweepResult {
  /** SHA-256 over all parts in order: the same inputs and the same split always give the same digest. */
  digest: string;
  /**
   * Per crime: how many wearers of the fleet, others than those called present, would be near by chance, as the mean over the same hours of other days on
   * which anyone was worn. NaN when no other day is known.
   */
  coincidence: Float32Array;
}

/**
 * Judges every crime against every wearing whose time touches its window.
 *
 * A part is some crimes against all wearings, in order, whatever the number of threads, so that the digest does not depend on the
 * machine, nor on how many machines there were. `store` is awaited for each part, whose rows are overwritten afterwards; parts may come in any order, and no thread runs more
 * than a few parts ahead of it, so memory stays bounded whatever the size.
 */
export async function sweep(
  input: SweepInput,
  store: (part: SweepPart) => Promise<void>,
  options: SweepOptions = {},
): Promise<SweepResult> {
  const wearings = input.fleet.start.length - 1;
  const shares = options.inHalves ? halvesOf(input.fleet) : [{ first: 0, last: wearings - 1 }];
  const perPart = options.crimesPerPart ?? crimesPerPart(Math.ceil(wearings / shares.length), options.rowsPerPart);
  const stretches = stretchesOf(input.crimes.length, perPart);
  const isPiece = options.crimesPerPart !== undefined;
  const gathered = new GatheredParts(input.crimes.length, stretches.length * shares.length);
  let done = 0;
  const keep = async (result: SweepPart) => {
    gathered.take(result);
    await store(result);
    const stretch = stretches[result.part % stretches.length] as Share;
    done += stretch.last - stretch.first + 1;
    options.onProgress?.(Math.floor(done / shares.length), input.crimes.length);
  };
  const threads = options.threads ?? threadsFor(input.crimes.length * wearings);
  if (threads === 0) {
    for (const [s, share] of shares.entries()) {
      const sweeper = new PartSweeper(input, share.first, share.last);
      for (const [i, stretch] of stretches.entries()) {
        await keep(sweeper.sweep(s * stretches.length + i, stretch.first, stretch.last, isPiece));
      }
    }
  } else {
    const { ready = [], restAfter = false } = options;
    await onThreads(input, { shares, stretches, isPiece }, keep, { threads, ready, restAfter });
  }
  return gathered.result();
}

/** How many crimes a part has where they are judged against so many wearings. */
export function crimesPerPart(wearings: number, rowsPerPart = usualRowsPerPart): number {
  return Math.max(1, Math.floor(rowsPerPart / Math.max(1, wearings)));
}

function stretchesOf(crimes: number, perPart: number): Share[] {
  const stretches: Share[] = [];
  for (let first = 0; first < crimes; first += perPart) stretches.push({ first, last: Math.min(crimes, first + perPart) - 1 });
  return stretches;
}

/** What is told of a run as a whole, from its parts in any order. */
export class GatheredParts {
  readonly #digests: string[];
  readonly #visits: Float64Array;
  readonly #worn: Float64Array;

  constructor(crimes: number, parts: number) {
    this.#digests = new Array(parts);
    this.#visits = new Float64Array(crimes * coincidenceShiftsAtMost);
    this.#worn = new Float64Array(this.#visits.length);
  }

  take({ part, digest, firstCrime, visits, worn }: PartTold): void {
    this.#digests[part] = digest;
    const offset = firstCrime * coincidenceShiftsAtMost;
    for (let i = 0; i < visits.length; i++) {
      this.#visits[offset + i] = (this.#visits[offset + i] as number) + (visits[i] as number);
      this.#worn[offset + i] = (this.#worn[offset + i] as number) + (worn[i] as number);
    }
  }

  result(): SweepResult {
    return {
      digest: createHash('sha256').update(this.#digests.join('\n')).digest('hex'),
      coincidence: meanOverDays(this.#visits, this.#worn),
    };
  }
}

/** Two shares with about as many fixes in each. */
function halvesOf(fleet: Fleet): Share[] {
  const wearings = fleet.start.length - 1;
  if (wearings < 2) return [{ first: 0, last: wearings - 1 }];
  const half = (fleet.start[wearings] as number) / 2;
  let middle = 1;
  while (middle < wearings - 1 && (fleet.start[middle] as number) < half) middle++;
  return [
    { first: 0, last: middle - 1 },
    { first: middle, last: wearings - 1 },
  ];
}

function meanOverDays(visits: Float64Array, worn: Float64Array): Float32Array {
  const crimes = visits.length / coincidenceShiftsAtMost;
  const mean = new Float32Array(crimes).fill(Number.NaN);
  for (let c = 0; c < crimes; c++) {
    let days = 0;
    let sum = 0;
    for (let s = c * coincidenceShiftsAtMost; s < (c + 1) * coincidenceShiftsAtMost; s++) {
      if ((worn[s] as number) === 0) continue;
      days++;
      sum += visits[s] as number;
    }
    if (days > 0) mean[c] = sum / days;
  }
  return mean;
}

/**
 * As many threads as there are to be: where there are more than shares, each share is split among some, by wearings, and what they make of
 * a stretch is put together as one thread would have made it. So each track is prepared once, and nothing shows how many there were.
 */
async function onThreads(
  input: SweepInput,
  { shares, stretches, isPiece }: { shares: Share[]; stretches: Share[]; isPiece: boolean },
  keep: (part: SweepPart) => Promise<void>,
  { threads, ready, restAfter }: { threads: number; ready: Worker[]; restAfter: boolean },
): Promise<void> {
  const pieces = Math.max(1, Math.floor(threads / shares.length));
  let storing: Promise<void> = Promise.resolve();
  const store = (part: () => SweepPart): Promise<void> => {
    const stored = storing.then(() => keep(part()));
    storing = stored.catch(() => undefined);
    return stored;
  };
  const waiting = shares.map((share, s) => async () => {
    const split = splitShare(input.fleet, share, pieces);
    const joined = joinPieces(split.length, isPiece, store);
    await Promise.all(
      split.map((own, piece) =>
        runThread(ready.shift() ?? beginThread(), {
          begin: { input, firstWearing: own.first, lastWearing: own.last, isPiece: isPiece || split.length > 1 },
          firstPart: s * stretches.length,
          stretches,
          store: (part) => joined(piece, part),
          restAfter,
        }),
      ),
    );
  });
  const lanes = Array.from({ length: Math.min(threads, shares.length) }, async () => {
    for (let task = waiting.shift(); task; task = waiting.shift()) await task();
  });
  await Promise.all(lanes);
}

/** Fewer pairs of a crime and a wearing than this are not worth another thread, which takes a fifth of a second to begin. */
const pairsPerThread = 5000;

/** How many threads so many pairs of a crime and a wearing are worth: two at least, and no more than there are processors beyond that. */
export function threadsFor(pairs: number): number {
  return Math.max(2, Math.min(availableParallelism(), Math.ceil(pairs / pairsPerThread)));
}

/** The wearings of a share in so many pieces with about as many fixes in each; fewer where there are not so many wearings. */
function splitShare({ start }: Fleet, { first, last }: Share, pieces: number): Share[] {
  const split: Share[] = [];
  let begin = first;
  for (let piece = 1; piece <= pieces && begin <= last; piece++) {
    const upto = (start[first] as number) + (((start[last + 1] as number) - (start[first] as number)) * piece) / pieces;
    let end = begin;
    while (end < last && (start[end + 1] as number) < upto) end++;
    if (piece === pieces) end = last;
    split.push({ first: begin, last: end });
    begin = end + 1;
  }
  return split;
}

/**
 * Puts the pieces of each part together, in order of wearing, and hands them on.
 * @returns to be called with each piece; resolves when its part is stored
 */
function joinPieces(
  pieces: number,
  isPiece: boolean,
  store: (part: () => SweepPart) => Promise<void>,
): (piece: number, part: SweepPart) => Promise<void> {
  if (pieces === 1) return (_piece, part) => store(() => part);
  // One part is put together and stored at a time.
  const room = rowSet(false);
  const open = new Map<number, Joining>();
  return (piece, part) => {
    let own = open.get(part.part);
    if (!own) {
      own = joining();
      open.set(part.part, own);
    }
    own.parts[piece] = part;
    if (++own.come === pieces) {
      open.delete(part.part);
      const { parts } = own;
      own.end(store(() => joinParts(parts, isPiece, room)));
    }
    return own.stored;
  };
}

/** A part whose pieces come one after another. */
interface Joining {
  parts: SweepPart[];
  come: number;
  stored: Promise<void>;
  end(stored: Promise<void>): void;
}

function joining(): Joining {
  let end: Joining['end'] = () => undefined;
  const stored = new Promise<void>((resolve) => {
    end = resolve;
  });
  // Told where it is waited for, which may be after the store has failed.
  stored.catch(() => undefined);
  return { parts: [], come: 0, stored, end };
}
