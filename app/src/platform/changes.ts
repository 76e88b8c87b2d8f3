import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { OpenDatabase, Tx } from './database.ts';

/** What can change that is also kept in memory, by name, and what is said of it. Features add theirs by declaration merging. */
// biome-ignore lint/suspicious/noEmptyInterface: features fill it
export interface Topics {}

export type Topic = keyof Topics;

/** What an action changed: which kind of thing, and which of them. No ids: any of them. */
export interface Change {
  topic: Topic;
  ids: number[];
}

type Listener = (ids: number[]) => void | Promise<void>;

const channel = 'waymark_changes';
/** Ids in one message: PostgreSQL takes 8,000 bytes. */
const idsTogether = 500;
/** What could not be heard is tried again so soon, ms. */
const againMs = 1000;

/**
 * Tells what actions changed to whoever keeps it in memory: in this process before the action's answer is given, and in every other
 * server on the same PostgreSQL as soon as the transaction is on record.
 */
export class Changes {
  readonly #database: OpenDatabase;
  /** Tells our own messages from those of others. */
  readonly #self = randomUUID();
  readonly #listeners = new Map<Topic, Listener[]>();
  readonly #waiting = new Set<NodeJS.Timeout>();
  #stop: (() => Promise<void>) | null = null;
  #isClosed = false;
  onError: (error: unknown) => void = () => undefined;

  constructor(database: OpenDatabase) {
    this.#database = database;
  }

  /** Has `hear` called with what changed. Listeners of one topic are called in the order in which they came. */
  listen(topic: Topic, hear: Listener): void {
    this.#listeners.set(topic, [...(this.#listeners.get(topic) ?? []), hear]);
  }

  /** Within the transaction that changes it: other servers hear of it when that is on record, and not before. */
  async announce(tx: Tx, changes: readonly Change[]): Promise<void> {
    if (this.#database.kind !== 'postgres') return;
    for (const { topic, ids } of changes) {
      for (let i = 0; i === 0 || i < ids.length; i += idsTogether) {
        const message = JSON.stringify({ from: this.#self, topic, ids: ids.slice(i, i + idsTogether) });
        await sql`SELECT pg_notify(${channel}, ${message})`.execute(tx);
      }
    }
  }

  /** After that transaction: everybody in this process has heard when it resolves. Who could not is told again until they can. */
  async settle(changes: readonly Change[]): Promise<void> {
    for (const { topic, ids } of changes) for (const hear of this.#listeners.get(topic) ?? []) await this.#tell(hear, ids);
  }

  /** Listens to other servers, where there can be any. After a break everybody is told that anything may have changed. */
  async listenToOthers(): Promise<void> {
    this.#stop = await this.#database.listen(channel, {
      onMessage: (text) => {
        const message = read(text);
        if (!message) this.onError(new Error(`A message on ${channel} is none of ours, and is passed over.`));
        else if (message.from !== this.#self) void this.settle([message]);
      },
      onBreak: () => void this.settle([...this.#listeners.keys()].map((topic) => ({ topic, ids: [] }))),
      onError: (error) => this.onError(error),
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
    await this.#stop?.();
  }

  async #tell(hear: Listener, ids: number[]): Promise<void> {
    try {
      await hear(ids);
    } catch (error) {
      this.onError(error);
      if (this.#isClosed) return;
      const timer = setTimeout(() => {
        this.#waiting.delete(timer);
        void this.#tell(hear, ids);
      }, againMs);
      this.#waiting.add(timer);
    }
  }
}

/** Whoever may sign in to the database can send on the channel: null for what is no message of a Waymark. */
function read(text: string): (Change & { from: string }) | null {
  try {
    const { from, topic, ids } = JSON.parse(text) as Record<string, unknown>;
    const isOne = typeof from === 'string' && typeof topic === 'string' && Array.isArray(ids) && ids.every(Number.isSafeInteger);
    return isOne ? { from, topic: topic as Topic, ids: ids as number[] } : null;
  } catch {
    return null;
  }
}
