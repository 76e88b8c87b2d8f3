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

/** A thread took more time or memory than it may; what it worked on is too large, or made to be. */
export class ThreadLimitError extends ToldError {
  override name = 'ThreadLimitError';
}

/**
 * Runs a module in a thread of its own, so that pages are answered meanwhile. The module posts one message: the result.
 * @throws ThreadLimitError, or whatever the thread throws
 */
export async function inThread<T>(module: URL, data: object, limits: ThreadLimits = usualLimits): Promise<T> {
  const worker = start(module, data, limits);
  const ended = endOf(worker, module, limits);
  try {
    return await Promise.race([once(worker, 'message').then(([message]) => message as T), ended]);
  } finally {
    ended.catch(() => undefined);
    void worker.terminate();
  }
}

/**
 * Runs a module in a thread of its own and takes its results in parts, each asked for when the one before has been dealt with:
 * neither thread gathers what the other has not taken. The module calls `sendParts`.
 * @throws ThreadLimitError, or whatever the thread throws
 */
export async function* partsFromThread<T>(module: URL, data: object, limits: ThreadLimits = usualLimits): AsyncGenerator<T, void> {
  const worker = start(module, data, limits);
  const ended = endOf(worker, module, limits);
  ended.catch(() => undefined);
  try {
    for (;;) {
      const next = once(worker, 'message').then(([message]) => message as { part: T } | 'end');
      next.catch(() => undefined);
      worker.postMessage('next');
      const message = await Promise.race([next, ended]);
      if (message === 'end') return;
      yield message.part;
    }
  } finally {
    void worker.terminate();
  }
}

function start(module: URL, data: object, { memoryMb }: ThreadLimits): Worker {
  return new Worker(module, { workerData: data, resourceLimits: { maxOldGenerationSizeMb: memoryMb } });
}

/** Never resolves; rejects when the thread fails, ends without a word, or takes too much. */
function endOf(worker: Worker, module: URL, { seconds, memoryMb }: ThreadLimits): Promise<never> {
  return new Promise((_, reject) => {
    const late = setTimeout(() => {
      reject(new ThreadLimitError(`It takes longer than ${seconds} seconds. Split it and send the parts.`));
      void worker.terminate();
    }, seconds * 1000);
    worker.once('error', (error: NodeJS.ErrnoException) => {
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      reject(isMemory ? new ThreadLimitError(`It takes more than ${memoryMb} MB of memory. Split it and send the parts.`) : error);
    });
    worker.once('exit', (code) => {
      clearTimeout(late);
      // What it posted last may still be on its way.
      setImmediate(() => reject(new Error(`The thread of ${module.pathname.split('/').pop()} ended with code ${code}`)));
    });
  });
}
