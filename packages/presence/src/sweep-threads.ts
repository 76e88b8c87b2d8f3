import { Worker } from 'node:worker_threads';
import type { SweepInput, SweepPart } from './fleet.ts';

/** As it stands here, and as it is built. */
const workerFile = import.meta.url.endsWith('.ts') ? './sweep-worker.ts' : './sweep-worker.js';

/** Parts that a thread may have waiting for the store: it keeps working through a slow moment of the store. */
const partsAhead = 6;
/** So many threads may rest, one for each share, and so long, ms: what they judged may stay in their memory until they end. */
const restingAtMost = 2;
const restsMs = 300_000;

/** From the first to the last, both included. */
export interface Share {
  first: number;
  last: number;
}

/** What a thread is told first. */
export interface Begin {
  input: SweepInput;
  firstWearing: number;
  lastWearing: number;
  /** Whether other threads judge the rest of the same share. */
  isPiece: boolean;
  /** See `PartSweeper`. */
  setsInTurn: number;
}

/** Threads that have loaded and compiled what judging takes, and keep no program from ending; each with what ends it after a while. */
const resting = new Map<Worker, NodeJS.Timeout>();

/**
 * Begins as many threads as a sweep will use, while its fixes are still being read: by then they have loaded what they need. Whoever
 * begins them ends those that were not used.
 * @param count as in the options of the sweep
 */
export function beginThreads(count: number): Worker[] {
  return Array.from({ length: count }, beginThread);
}

/** One that rests, or a new one. */
export function beginThread(): Worker {
  for (const [worker, ending] of resting) {
    resting.delete(worker);
    clearTimeout(ending);
    if (worker.threadId === -1) continue;
    worker.ref();
    return worker;
  }
  // One that fails before it is used ends, which whoever would use it sees.
  return new Worker(new URL(workerFile, import.meta.url)).on('error', () => undefined);
}

/**
 * A thread that judges some wearings for every stretch; it is asked for the next as long as not too many wait for the store. The rows of a part
 * may be overwritten once it is stored.
 */
export function runThread(
  worker: Worker,
  work: {
    begin: Omit<Begin, 'setsInTurn'>;
    firstPart: number;
    stretches: readonly Share[];
    store: (part: SweepPart) => Promise<void>;
    restAfter: boolean;
  },
): Promise<void> {
  const { begin, firstPart, stretches, store, restAfter } = work;
  return new Promise<void>((resolve, reject) => {
    // What waits for the store, and what is being judged.
    worker.postMessage({ ...begin, setsInTurn: partsAhead + 1 } satisfies Begin);
    let isEnding = false;
    const end = (error?: unknown) => {
      isEnding = true;
      worker.off('error', end).off('exit', onExit).off('message', onMessage);
      if (error === undefined && restAfter && rest(worker)) resolve();
      else void worker.terminate().then(() => (error ? reject(error) : resolve()), reject);
    };
    let next = 0;
    // Parts on their way to the store, the newest last.
    const behind: Promise<void>[] = [];
    const ask = () => {
      if (next >= stretches.length) return void Promise.all(behind).then(() => end(), end);
      const stretch = stretches[next] as Share;
      worker.postMessage({ part: firstPart + next++, first: stretch.first, last: stretch.last });
    };
    // Ended by itself: what it said of why went before this, if anything.
    const onExit = () => isEnding || reject(new Error('A thread of the sweep ended before its work was done.'));
    const onMessage = (result: SweepPart) => {
      behind.push(store(result));
      const room = behind.length < partsAhead ? Promise.resolve() : (behind.shift() as Promise<void>);
      room.then(ask, end);
    };
    worker.once('error', end);
    if (worker.threadId === -1) onExit();
    else worker.once('exit', onExit);
    worker.on('message', onMessage);
    ask();
  });
}

/** Lets a thread forget what it judged and wait for more; false where enough rest already. */
function rest(worker: Worker): boolean {
  if (resting.size >= restingAtMost) return false;
  worker.postMessage({ rest: true });
  worker.unref();
  const end = () => {
    resting.delete(worker);
    void worker.terminate();
  };
  resting.set(worker, setTimeout(end, restsMs).unref());
  return true;
}
