import { randomUUID } from 'node:crypto';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { FixBatch, Stored } from './fix.ts';
import type { FixOrder } from './fix-orders.ts';
import type { FixWriter } from './fix-writer.ts';
import { bytesInMessage, decodeLogged, encodeLogged, inMessages, type Logged } from './log-message.ts';
import type { LogMessage, MessageLog } from './message-log.ts';
import { type OnStored, rowsPerCommit, takeFirst, type WayIn } from './own-queue.ts';

interface Waiting {
  batch: FixBatch;
  bytes: number;
  resolve: (stored: Stored) => void;
  reject: (error: unknown) => void;
}

/** What became of a message once it was read here: of its batches, or of its order. */
type Outcome = Stored[] | number;

/** Messages that are offered to the log at the same time; what comes meanwhile shares the next. */
const messagesAtOnce = 4;
/** A message takes about so many bytes at most: log servers take a megabyte unless they are told otherwise. */
const bytesPerMessage = 600_000;
/** Bytes that may wait for the log; what comes then is refused, and its sender sends it again. */
const bytesWaitingAtMost = 32_000_000;
/** What the log has taken is read here within this time, ms, or its sender is told that it was not. */
const readWithinMs = 20_000;
/** A start that cannot read the log is given up after this long, ms. */
const beginsWithinMs = 60_000;
const retryMs = 1000;

/**
 * What is to be stored goes to a log that several servers share, and every one of them stores what it reads there. It is acknowledged
 * when a majority of the log's servers has it on disk and it was read and stored here, which says what of it was new.
 */
export class SharedQueue implements WayIn {
  readonly #writer: FixWriter;
  readonly #log: MessageLog;
  readonly #onStored: OnStored;
  readonly #queue: Waiting[] = [];
  #bytesWaiting = 0;
  #underWay = 0;
  #pumping = false;
  /** By the name of the message: whoever waits for it to be read. */
  readonly #expected = new Map<string, (outcome: Outcome) => void>();
  #reading: Promise<void> = Promise.resolve();
  readonly #ended = new AbortController();
  #lastRead = 0;
  /** Reading has ended by itself: what comes next is not in the log any more. */
  #isOver = false;
  /** Of reading, and of having the log take something. */
  #readFailure: Error | null = null;
  #unreadSince: number | null = null;
  #offerFailure: Error | null = null;
  #trying: NodeJS.Timeout | null = null;
  onError: (error: unknown) => void = () => undefined;

  private constructor(writer: FixWriter, log: MessageLog, onStored: OnStored) {
    this.#writer = writer;
    this.#log = log;
    this.#onStored = onStored;
  }

  /** Reads what is in the log and not here yet, and goes on reading. Resolves when everything that the log held is here. */
  static async open(writer: FixWriter, log: MessageLog, onStored: OnStored): Promise<SharedQueue> {
    const queue = new SharedQueue(writer, log, onStored);
    queue.#lastRead = await writer.lastMessage();
    const { last } = await log.extent();
    queue.#reading = queue.#read();
    const failure = await queue.#readUpto(last);
    if (!failure) return queue;
    await queue.close();
    throw failure;
  }

  get lastFailure(): Error | null {
    return this.#offerFailure ?? this.#readFailure;
  }

  get unreadMs(): number {
    return this.#unreadSince === null ? 0 : Date.now() - this.#unreadSince;
  }

  get waiting(): number {
    return this.#queue.length + this.#expected.size;
  }

  async append(batch: FixBatch): Promise<Stored> {
    if (this.#bytesWaiting > bytesWaitingAtMost)
      throw this.#log.refusal('More comes than the log takes at the moment. Nothing of this was stored: send it again.');
    const stored = await Promise.all(inMessages(batch, bytesPerMessage).map((part) => this.#append(part)));
    return stored.length === 1 ? (stored[0] as Stored) : together(stored);
  }

  #append(batch: FixBatch): Promise<Stored> {
    const bytes = bytesInMessage(batch);
    this.#bytesWaiting += bytes;
    return new Promise<Stored>((resolve, reject) => {
      this.#queue.push({ batch, bytes, resolve, reject });
      if (!this.#pumping) void this.#pump();
    }).finally(() => {
      this.#bytesWaiting -= bytes;
    });
  }

  async order(order: FixOrder): Promise<number> {
    return (await this.#offer({ batches: [], order })) as number;
  }

  /** Has the log take a message that says nothing. */
  async sayNothing(): Promise<void> {
    await this.#offer({ batches: [], order: null });
  }

  async caughtUp(): Promise<void> {
    const { last } = await this.#log.extent();
    const failure = await this.#readUpto(last);
    if (failure) throw failure;
  }

  async close(): Promise<void> {
    while (this.#queue.length > 0 || this.#underWay > 0) await sleep(20);
    if (this.#trying) clearTimeout(this.#trying);
    this.#ended.abort();
    await this.#reading;
    await this.#writer.written();
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    // What has come in with it shares its message.
    await setImmediate();
    while (this.#queue.length > 0 && this.#underWay < messagesAtOnce) {
      const group = takeFirst(this.#queue, ({ bytes }) => bytes, bytesPerMessage);
      this.#underWay++;
      void this.#offer({ batches: group.map(({ batch }) => batch), order: null })
        .then(
          (stored) =>
            group.forEach(({ resolve }, i) => {
              resolve((stored as Stored[])[i] as Stored);
            }),
          (error) => {
            for (const { reject } of group) reject(error);
          },
        )
        .finally(() => {
          this.#underWay--;
          if (this.#queue.length > 0 && !this.#pumping) void this.#pump();
        });
    }
    this.#pumping = false;
  }

  /** Resolves when it is in the log and was read here. */
  async #offer(what: Omit<Logged, 'id'>): Promise<Outcome> {
    const id = randomUUID();
    let timer: NodeJS.Timeout | undefined;
    const isRead = new Promise<Outcome>((resolve) => this.#expected.set(id, resolve));
    try {
      await this.#log.publish(encodeLogged({ id, ...what }));
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(this.#log.refusal('The log has taken it, and this server does not come to read it. It may be sent again.')),
          readWithinMs,
        );
      });
      const outcome = await Promise.race([isRead, late]);
      this.#offerFailure = null;
      return outcome;
    } catch (error) {
      // One that is larger than the log takes says nothing of the others.
      if (!/larger than it takes/.test((error as Error).message)) {
        this.#offerFailure = error as Error;
        this.#tryLater();
      }
      throw error;
    } finally {
      clearTimeout(timer);
      this.#expected.delete(id);
    }
  }

  /** Who is not ready may be sent nothing any more: whether the log takes something again is tried with a message that says nothing. */
  #tryLater(): void {
    this.#trying ??= setTimeout(() => {
      this.#trying = null;
      if (this.#offerFailure && !this.#ended.signal.aborted) void this.sayNothing().catch(() => undefined);
    }, retryMs).unref();
  }

  async #read(): Promise<void> {
    const told = (error: unknown) => {
      this.#failedToRead(error as Error | null);
      if (error !== null) this.onError(error);
    };
    try {
      await this.#log.read(this.#lastRead, (messages) => this.#take(messages), told, this.#ended.signal);
    } catch (error) {
      this.#isOver = true;
      told(error);
    }
  }

  #failedToRead(error: Error | null): void {
    this.#readFailure = error;
    if (error === null) this.#unreadSince = null;
    else this.#unreadSince ??= Date.now();
  }

  /** Resolves when a message has been read; or after a while, with why it was not. */
  async #readUpto(message: number): Promise<Error | null> {
    const until = Date.now() + beginsWithinMs;
    while (this.#lastRead < message) {
      if (this.#isOver || (this.#readFailure && Date.now() > until)) return this.#readFailure;
      await sleep(20);
    }
    return null;
  }

  /** Takes what it can, each once. @throws Error at the first that it cannot take; nothing after that one is taken before it is */
  async #take(messages: readonly LogMessage[]): Promise<void> {
    const logged: (Logged & { seq: number })[] = [];
    let failure: unknown = null;
    for (const { seq, data } of messages) {
      if (seq <= this.#lastRead) continue;
      try {
        logged.push({ seq, ...decodeLogged(data) });
      } catch (error) {
        failure = error;
        break;
      }
    }
    for (let from = 0; from < logged.length; ) {
      let to = from;
      let rows = 0;
      while (to < logged.length && logged[to]?.order === null && (to === from || rows < rowsPerCommit))
        rows += (logged[to++]?.batches ?? []).reduce((sum, { count }) => sum + count, 0);
      if (to === from) await this.#surely(() => this.#carryOut(logged[from] as (typeof logged)[number]));
      else {
        const part = logged.slice(from, to);
        await this.#surely(() => this.#commit(part));
      }
      from = Math.max(to, from + 1);
    }
    if (failure) throw failure;
  }

  async #commit(part: (Logged & { seq: number })[]): Promise<void> {
    const batches = part.flatMap((own) => own.batches);
    const seq = part[part.length - 1]?.seq ?? 0;
    const stored = await this.#writer.commit(batches, seq);
    this.#onStored(batches, stored);
    let at = 0;
    for (const { id, batches: own } of part) {
      this.#expected.get(id)?.(stored.slice(at, at + own.length));
      at += own.length;
    }
    this.#wasRead(seq);
  }

  async #carryOut({ id, seq, order }: Logged & { seq: number }): Promise<void> {
    const count = await this.#writer.carryOut(order as FixOrder, seq);
    this.#expected.get(id)?.(count);
    this.#wasRead(seq);
  }

  #wasRead(seq: number): void {
    this.#lastRead = seq;
    this.#failedToRead(null);
  }

  /** What was read must be stored before anything after it is: a full disk is waited for. */
  async #surely(work: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        this.#failedToRead(error as Error);
        this.onError(error);
        if (this.#ended.signal.aborted) throw error;
        await sleep(retryMs);
      }
    }
  }
}

/** What became of a batch that took several messages; its receipt is the last of theirs. */
function together(parts: readonly Stored[]): Stored {
  const sum = (count: 'accepted' | 'duplicates' | 'quarantined' | 'eventsAdded' | 'conflicting') =>
    parts.reduce((all, part) => all + part[count], 0);
  const news = new Uint8Array(parts.reduce((all, part) => all + part.news.length, 0));
  let at = 0;
  for (const part of parts) {
    news.set(part.news, at);
    at += part.news.length;
  }
  return {
    receipt: Math.max(...parts.map(({ receipt }) => receipt)),
    accepted: sum('accepted'),
    duplicates: sum('duplicates'),
    quarantined: sum('quarantined'),
    eventsAdded: sum('eventsAdded'),
    conflicting: sum('conflicting'),
    news,
  };
}
