import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ToldError } from './told-error.ts';

/** What one thread may take. */
export interface ThreadLimits {
  /** Longer than this and it is ended, seconds. */
  seconds: number;
  /** Memory of its own, megabytes. */
  memoryMb: number;
}

const usualLimits: ThreadLimits = { seconds: 1800, memoryMb: 4096 };

/** A thread that has nothing to do is kept for so long: what comes next need not load its modules again, milliseconds. */
const keptIdleMs = 10_000;

/** A thread took more time or memory than it may; what it worked on is too large, or made to be. */
export class ThreadLimitError extends ToldError {
  override name = 'ThreadLimitError';
}

/** What a thread says: a part when it was asked for one, and at last the end. */
export type ThreadMessage = { part: unknown } | 'end';

/** Threads with nothing to do, at most one for each module and memory; each ends by itself. */
const idle = new Map<string, { worker: Worker; late: NodeJS.Timeout; onExit: () => void }>();

/**
 * Runs a module's work in a thread of its own, so that pages are answered meanwhile. The module calls `workInThread`.
 * @returns the last thing that the work hands over
 * @throws ThreadLimitError, or whatever the thread throws
 */
export async function inThread<T>(module: URL, data: object, limits: ThreadLimits = usualLimits): Promise<T> {
  let last: T | undefined;
  for await (const part of partsFromThread<T>(module, data, limits)) last = part;
  return last as T;
}

/**
 * Runs a module's work in a thread of its own and takes its results in parts, each asked for when the one before has been dealt with:
 * neither thread gathers what the other has not taken. The module calls `workInThread`.
 * @throws ThreadLimitError, or whatever the thread throws
 */
export async function* partsFromThread<T>(module: URL, data: object, limits: ThreadLimits = usualLimits): AsyncGenerator<T, void> {
  const kind = `${limits.memoryMb} ${module.href}`;
  const worker = takeIdle(kind) ?? new Worker(module, { resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb } });
  const ended = endOf(worker, module, limits);
  ended.promise.catch(() => undefined);
  let isDone = false;
  try {
    worker.postMessage({ task: data });
    for (;;) {
      const next = once(worker, 'message').then(([message]) => message as ThreadMessage);
      next.catch(() => undefined);
      worker.postMessage('next');
      const message = await Promise.race([next, ended.promise]);
      if (message === 'end') {
        isDone = true;
        return;
      }
      yield message.part as T;
    }
  } finally {
    ended.forget();
    // One that failed, or whose reader went away, is not used again.
    if (isDone) keepIdle(kind, worker);
    else void worker.terminate();
  }
}

function takeIdle(kind: string): Worker | undefined {
  const kept = idle.get(kind);
  if (!kept) return undefined;
  idle.delete(kind);
  clearTimeout(kept.late);
  kept.worker.off('exit', kept.onExit);
  kept.worker.ref();
  return kept.worker;
}

function keepIdle(kind: string, worker: Worker): void {
  if (idle.has(kind)) {
    void worker.terminate();
    return;
  }
  worker.unref();
  const onExit = () => idle.delete(kind);
  worker.once('exit', onExit);
  const late = setTimeout(() => {
    idle.delete(kind);
    void worker.terminate();
  }, keptIdleMs).unref();
  idle.set(kind, { worker, late, onExit });
}

/** Never resolves; rejects when the thread fails, ends without a word, or takes too much. */
function endOf(worker: Worker, module: URL, { seconds, memoryMb }: ThreadLimits): { promise: Promise<never>; forget(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = setTimeout(() => {
    reject(new ThreadLimitError(`It takes longer than ${seconds} seconds. Split it and send the parts.`));
    void worker.terminate();
  }, seconds * 1000);
  const onError = (error: NodeJS.ErrnoException) => {
    const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    reject(isMemory ? new ThreadLimitError(`It takes more than ${memoryMb} MB of memory. Split it and send the parts.`) : error);
  };
  const onExit = (code: number) => {
    clearTimeout(late);
    // What it posted last may still be on its way.
    setImmediate(() => reject(new Error(`The thread of ${module.pathname.split('/').pop()} ended with code ${code}`)));
  };
  // There is one who listens for errors as long as the thread is.
  if (worker.listenerCount('error') === 0) worker.on('error', () => undefined);
  worker.on('error', onError);
  worker.on('exit', onExit);
  return {
    promise,
    forget: () => {
      clearTimeout(late);
      worker.off('exit', onExit);
      worker.off('error', onError);
    },
  };
}
