import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { coincidenceShiftsAtMost, type Fleet, type SweepInput, type SweepPart } from './fleet.ts';
import { PartSweeper } from './sweep-part.ts';

/** As it stands here, and as it is built. */
const workerFile = import.meta.url.endsWith('.ts') ? './sweep-worker.ts' : './sweep-worker.js';

const usualRowsPerPart = 250_000;
/** Parts that a thread may have waiting for the store: it keeps working through a slow moment of the store. */
const partsAhead = 6;

export interface SweepOptions {
  /** Threads beside the caller's own, as many as there are processors unless given; 0 does all on the caller's: for tests. */
  threads?: number;
  /** Rows of a part, about; other parts give another digest, so this is for tests. */
  rowsPerPart?: number;
  /** Called as each part is stored: crimes done, crimes in all. */
  onProgress?: (done: number, all: number) => void;
}

export interface SweepResult {
  /** SHA-256 over all parts in order: the same inputs and the same split always give the same digest. */
  digest: string;
  /**
   * Per crime: how many wearers of the fleet would be near by chance, as the mean over the same hours of other days on
   * which anyone was worn. NaN when no other day is known.
   */
  coincidence: Float32Array;
}

interface Share {
  first: number;
  last: number;
}

/**
 * Judges every crime against every wearing whose time touches its window.
 *
 * Wearings are split in fixed shares, whatever the number of threads, so that the digest does not depend on the machine.
 * `store` is awaited for each part; parts may come in any order, and no thread runs more than a few parts ahead of it, so
 * memory stays bounded whatever the size.
 */
export async function sweep(
  input: SweepInput,
  store: (part: SweepPart) => Promise<void>,
  options: SweepOptions = {},
): Promise<SweepResult> {
  const shares = shareOut(input.fleet);
  const wearings = input.fleet.start.length - 1;
  const crimesPerPart = Math.max(
    1,
    Math.floor((options.rowsPerPart ?? usualRowsPerPart) / Math.max(1, Math.ceil(wearings / shares.length))),
  );
  const stretches: Share[] = [];
  for (let first = 0; first < input.crimes.length; first += crimesPerPart) {
    stretches.push({ first, last: Math.min(input.crimes.length, first + crimesPerPart) - 1 });
  }
  const digests: string[] = new Array(stretches.length * shares.length);
  const visits = new Float64Array(input.crimes.length * coincidenceShiftsAtMost);
  const worn = new Float64Array(visits.length);
  let done = 0;
  const keep = async (result: SweepPart) => {
    digests[result.part] = result.digest;
    const offset = result.firstCrime * coincidenceShiftsAtMost;
    for (let i = 0; i < result.visits.length; i++) {
      visits[offset + i] = (visits[offset + i] as number) + (result.visits[i] as number);
      worn[offset + i] = (worn[offset + i] as number) + (result.worn[i] as number);
    }
    await store(result);
    const stretch = stretches[result.part % stretches.length] as Share;
    done += stretch.last - stretch.first + 1;
    options.onProgress?.(Math.floor(done / shares.length), input.crimes.length);
  };
  const threads = options.threads ?? availableParallelism();
  if (threads === 0) {
    for (const [s, share] of shares.entries()) {
      const sweeper = new PartSweeper(input, share.first, share.last);
      for (const [i, stretch] of stretches.entries()) {
        await keep(sweeper.sweep(s * stretches.length + i, stretch.first, stretch.last));
      }
    }
  } else {
    await onThreads(input, shares, stretches, threads, keep);
  }
  return { digest: createHash('sha256').update(digests.join('\n')).digest('hex'), coincidence: meanOverDays(visits, worn) };
}

/** Two shares with about as many fixes in each. The digest is over them, so they are two whatever the machine. */
function shareOut(fleet: Fleet): Share[] {
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

/** A share needs more stretches left than this for a thread that has nothing to do to prepare its tracks once more and help. */
const worthHelping = 4;

/**
 * As many threads as there are to be, each on one share at a time: it prepares the tracks of the share once and takes stretches until
 * none are left, beside others on the same share. Which thread worked a part out is seen in nothing, so neither is their number.
 */
async function onThreads(
  input: SweepInput,
  shares: Share[],
  stretches: Share[],
  threads: number,
  keep: (part: SweepPart) => Promise<void>,
): Promise<void> {
  let storing: Promise<void> = Promise.resolve();
  const left = shares.map((share, s) => ({ share, s, next: 0, threads: 0 }));
  type Left = (typeof left)[number];
  const run = (own: Left) =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL(workerFile, import.meta.url), {
        workerData: { input, firstWearing: own.share.first, lastWearing: own.share.last },
      });
      const end = (error?: unknown) => void worker.terminate().then(() => (error ? reject(error) : resolve()), reject);
      // Parts on their way to the store, the newest last.
      const behind: Promise<void>[] = [];
      const ask = () => {
        if (own.next >= stretches.length) return void Promise.all(behind).then(() => end(), end);
        const part = own.s * stretches.length + own.next;
        const stretch = stretches[own.next++] as Share;
        worker.postMessage({ part, first: stretch.first, last: stretch.last });
      };
      worker.once('error', end);
      worker.on('message', (result: SweepPart) => {
        const stored = storing.then(() => keep(result));
        storing = stored.catch(() => undefined);
        behind.push(stored);
        const room = behind.length < partsAhead ? Promise.resolve() : (behind.shift() as Promise<void>);
        room.then(ask, end);
      });
      ask();
    });
  /** The share with the most left for each of its threads; none where a thread more would not be worth its preparing. */
  const neediest = (): Left | undefined => {
    const leftOf = (own: Left) => (stretches.length - own.next) / (own.threads + 1);
    const candidates = left.filter((own) => own.next < stretches.length && (own.threads === 0 || leftOf(own) >= worthHelping));
    return candidates.sort((a, b) => leftOf(b) - leftOf(a))[0];
  };
  const lanes = Array.from({ length: threads }, async () => {
    for (let own = neediest(); own; own = neediest()) {
      own.threads++;
      await run(own).finally(() => {
        (own as Left).threads--;
      });
    }
  });
  await Promise.all(lanes);
}
