import { setTimeout as sleep } from 'node:timers/promises';
import type { FixColumns } from './fix.ts';

/** What receipts stored, as a follower takes it. */
export interface LogEntry {
  /** Of what was read back from the store, the last of several. */
  receipt: number;
  columns: FixColumns;
  count: number;
  /** Per fix: `known`, `fresh` or `added`; null where it was read back from the store: then what is not known, only that it is there. */
  news: Uint8Array | null;
}

/** What a follower is handed at once: all entries after what it had, up to a receipt. */
export interface LogPart {
  upto: number;
  entries: LogEntry[];
}

/** Gives some of what is stored after one receipt and up to another, and how far that goes. */
export type ReadBack = (after: number, upto: number) => Promise<LogPart>;

/** A follower: what it does with each part, and who is told when that fails. */
export interface Takes {
  take(part: LogPart): Promise<void> | void;
  failed(error: unknown): void;
}

interface Follower {
  name: string;
  /** The last receipt that it has taken. */
  offset: number;
  wake(): void;
}

/** Fixes that are kept in memory for followers that are behind; what is older is read back. */
const keptFixes = 200_000;
/** After a failure, for instance of the database, it is tried again after this long, ms. */
const retryMs = 1000;

/**
 * What is stored, in order of receipts, for whoever follows. A follower begins at an offset of its own and takes what there is at
 * its own pace: the newest is in memory, and what a follower missed, or was too slow for, is read back from the store. So nobody
 * who stores waits for a follower, and a slow one costs no memory.
 */
export class FixLog {
  readonly #readBack: ReadBack;
  readonly #followers = new Set<Follower>();
  #kept: LogEntry[] = [];
  #keptFixes = 0;
  /** The last receipt of what is not kept. */
  #before: number;
  #last: number;

  /** @param last the last receipt that is stored */
  constructor(last: number, readBack: ReadBack) {
    this.#readBack = readBack;
    this.#before = last;
    this.#last = last;
  }

  /** Takes what has become durable, in order of receipts. */
  push(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.#last = entry.receipt;
      this.#kept.push(entry);
      this.#keptFixes += entry.count;
    }
    this.#letGo();
    for (const follower of this.#followers) follower.wake();
  }

  /** No receipt up to this one is given any more. */
  goOnAfter(receipt: number): void {
    this.#last = receipt;
    this.#before = receipt;
    this.#kept = [];
    this.#keptFixes = 0;
  }

  /** How many receipts each follower is behind. */
  behind(): Map<string, number> {
    return new Map([...this.#followers].map(({ name, offset }) => [name, this.#last - offset]));
  }

  /**
   * Hands over what is stored after a receipt, and what will be, part after part, until the signal; what fails is tried again.
   * Resolves when it has ended: then nothing is being taken any more.
   * @param name of who follows, for how far behind it is
   * @param from the last receipt that was taken before
   */
  async follow(name: string, from: number, { take, failed }: Takes, signal: AbortSignal): Promise<void> {
    let wake = () => {};
    const follower: Follower = { name, offset: from, wake: () => wake() };
    const stop = () => wake();
    signal.addEventListener('abort', stop);
    this.#followers.add(follower);
    while (!signal.aborted) {
      if (follower.offset >= this.#last) {
        // Nothing is awaited between the look and this promise, so no push is missed.
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      try {
        const part = follower.offset < this.#before ? await this.#readBack(follower.offset, this.#before) : this.#after(follower.offset);
        await take(part);
        follower.offset = part.upto;
        this.#letGo();
      } catch (error) {
        failed(error);
        await sleep(retryMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
    signal.removeEventListener('abort', stop);
    this.#followers.delete(follower);
    this.#letGo();
  }

  #after(offset: number): LogPart {
    return { upto: this.#last, entries: this.#kept.filter(({ receipt }) => receipt > offset) };
  }

  /** Keeps what somebody has yet to take, and no more than there is room for. */
  #letGo(): void {
    const taken = Math.min(this.#last, ...[...this.#followers].map(({ offset }) => offset));
    let gone = 0;
    while (gone < this.#kept.length) {
      const entry = this.#kept[gone] as LogEntry;
      if (entry.receipt > taken && this.#keptFixes <= keptFixes) break;
      this.#keptFixes -= entry.count;
      this.#before = entry.receipt;
      gone++;
    }
    if (gone > 0) this.#kept.splice(0, gone);
  }
}
