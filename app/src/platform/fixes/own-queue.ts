import { setImmediate } from 'node:timers/promises';
import type { FixBatch, Stored } from './fix.ts';
import type { FixOrder } from './fix-orders.ts';
import type { FixWriter } from './fix-writer.ts';

/** How what is to be stored gets to the writer: straight, or through a log that several servers share. */
export interface WayIn {
  /** Resolves when the batch is durable. */
  append(batch: FixBatch): Promise<Stored>;
  /** Resolves when the order is carried out here; gives how many rows it was about. */
  order(order: FixOrder): Promise<number>;
  /** Batches waiting. */
  readonly waiting: number;
  /** For how long what is to be stored cannot be read, ms; 0 where it can. */
  readonly unreadMs: number;
  /** Why nothing can be stored; null where the last attempt went well. */
  readonly lastFailure: Error | null;
  /**
   * Resolves when everything that anybody had stored when this was asked is here.
   * @throws Error where it does not come to be
   */
  caughtUp(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** Told of batches that have become durable. */
export type OnStored = (batches: readonly FixBatch[], stored: readonly Stored[]) => void;

interface Waiting {
  batch: FixBatch;
  resolve: (stored: Stored) => void;
  reject: (error: unknown) => void;
}

/** Most rows that one commit takes; more wait for the next. */
export const rowsPerCommit = 100_000;

/** Takes as many of the first as weigh no more than so much together, and one at least. */
export function takeFirst<T>(queue: T[], weightOf: (one: T) => number, atMost: number): T[] {
  let weight = 0;
  let take = 0;
  while (take < queue.length && (take === 0 || weight + weightOf(queue[take] as T) <= atMost)) weight += weightOf(queue[take++] as T);
  return queue.splice(0, take);
}

/** Group commit: batches that arrive while a commit is under way share the next one. */
export class OwnQueue implements WayIn {
  readonly #writer: FixWriter;
  readonly #onStored: OnStored;
  readonly #queue: Waiting[] = [];
  #flushing = false;
  #flushed: Promise<void> = Promise.resolve();
  lastFailure: Error | null = null;
  readonly unreadMs = 0;

  constructor(writer: FixWriter, onStored: OnStored) {
    this.#writer = writer;
    this.#onStored = onStored;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  append(batch: FixBatch): Promise<Stored> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ batch, resolve, reject });
      if (!this.#flushing) this.#flushed = this.#flush();
    });
  }

  order(order: FixOrder): Promise<number> {
    return this.#writer.carryOut(order);
  }

  /** Nobody else stores anything. */
  async caughtUp(): Promise<void> {}

  async close(): Promise<void> {
    while (this.#flushing) await this.#flushed;
    await this.#writer.written();
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    // What has come in with it shares its commit.
    await setImmediate();
    while (this.#queue.length > 0) {
      const group = takeFirst(this.#queue, ({ batch }) => batch.count, rowsPerCommit);
      const batches = group.map(({ batch }) => batch);
      try {
        const stored = await this.#writer.commit(batches);
        this.lastFailure = null;
        this.#onStored(batches, stored);
        group.forEach(({ resolve }, i) => {
          resolve(stored[i] as Stored);
        });
      } catch (error) {
        this.lastFailure = error as Error;
        for (const { reject } of group) reject(error);
      }
    }
    // Nothing may be awaited between the last look at the queue and this line, or a batch could be left waiting for ever.
    this.#flushing = false;
  }
}
