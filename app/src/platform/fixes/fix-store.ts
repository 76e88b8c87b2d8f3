import { setImmediate } from 'node:timers/promises';
import { type Columns, type Connection, Engine, emptyColumn, Readers } from '@waymark/engine';
import { backUpFixes, type FixesInBackup, fillFixes } from './back-up-fixes.ts';
import { type Coarser, coarsenFixes } from './coarsen-fixes.ts';
import { findNews, type News } from './find-news.ts';
import { type FixBatch, type FixColumns, fixShape, type Homes, type NotUnderstood, type Stored } from './fix.ts';
import { copyRows, rowsOf } from './fix-columns.ts';
import { FixLog } from './fix-log.ts';
import { FixQuestions } from './fix-questions.ts';
import { keepNotUnderstood, mergeNotUnderstood } from './not-understood.ts';
import { appendQuarantine } from './quarantine.ts';

interface Waiting {
  batch: FixBatch;
  resolve: (stored: Stored) => void;
  reject: (error: unknown) => void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS fixes (
    tag INTEGER NOT NULL, wearing INTEGER NOT NULL, at_ms BIGINT NOT NULL, received_ms BIGINT NOT NULL,
    lon DOUBLE NOT NULL, lat DOUBLE NOT NULL, accuracy_m FLOAT, speed_mps FLOAT, heading_deg FLOAT,
    method UTINYINT NOT NULL, battery FLOAT, seq DOUBLE, events VARCHAR, receipt INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS quarantine (
    id INTEGER NOT NULL, tag VARCHAR NOT NULL, at_ms DOUBLE, lon DOUBLE, lat DOUBLE, reason VARCHAR NOT NULL,
    raw VARCHAR NOT NULL, received_ms BIGINT NOT NULL, receipt INTEGER NOT NULL, released_by INTEGER
  );
  CREATE TABLE IF NOT EXISTS receipts (
    receipt INTEGER NOT NULL, received_ms BIGINT NOT NULL, source VARCHAR NOT NULL,
    accepted INTEGER NOT NULL, duplicates INTEGER NOT NULL, quarantined INTEGER NOT NULL
  );
  ALTER TABLE receipts ADD COLUMN IF NOT EXISTS records_seq BIGINT;
  CREATE TABLE IF NOT EXISTS installation (id VARCHAR NOT NULL, accepted_receipt INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS not_understood (
    source VARCHAR NOT NULL, what VARCHAR NOT NULL, count BIGINT NOT NULL, first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL
  );`;

/** Questions that are answered at the same time; more wait their turn. */
const readersAtOnce = 2;

const storedShape = { ...fixShape, receipt: 'i32' } as const;

/** Most rows that one commit takes; more wait for the next. */
const rowsPerCommit = 100_000;

type BackUpArguments = Parameters<typeof backUpFixes> extends [unknown, ...infer Rest] ? Rest : never;

/** What removes what is past its date. */
export type Forgets = Pick<FixStore, 'forgetWearings' | 'forgetBefore' | 'forgetQuarantine' | 'coarsen'>;

/**
 * Keeps fixes in a DuckDB file.
 *
 * Group commit: batches that arrive while a commit is under way share the next one. A batch is acknowledged only after
 * the commit that holds it, with its receipt, is on disk. The same tag, time and place is one fix, however often it comes; events
 * that a repeat brings are kept in a row of their own beside it, and so is another place at the same time, see `rowsThatTell`.
 */
export class FixStore extends FixQuestions {
  readonly #engine: Engine;
  readonly #writer: Connection;
  #queue: Waiting[] = [];
  #flushing = false;
  #writing: Promise<void> = Promise.resolve();
  #flushed: Promise<void> = Promise.resolve();
  #receipt: number;
  #quarantineId: number;
  /** Latest time stored per tag: anything later is new without asking. */
  readonly #latest: Map<number, number>;
  readonly #notUnderstood: Map<string, NotUnderstood>;
  readonly #log: FixLog;
  #lastFailure: Error | null = null;
  #installation: string | null = null;
  /** The last entry of the records' audit that was known here when something was stored. */
  #recordsMark = 0;
  #recordsSeq = 0;

  private constructor(
    engine: Engine,
    writer: Connection,
    readers: Readers,
    receipt: number,
    quarantineId: number,
    latest: Map<number, number>,
    notUnderstood: NotUnderstood[],
  ) {
    super(readers);
    this.#engine = engine;
    this.#writer = writer;
    this.#receipt = receipt;
    this.#log = new FixLog(receipt, (after, upto) => this.storedBetween(after, upto));
    this.#quarantineId = quarantineId;
    this.#latest = latest;
    this.#notUnderstood = new Map(notUnderstood.map((one) => [`${one.source}\n${one.what}`, one]));
  }

  /** @throws EngineBusyError when another process holds the file */
  static async open(path: string, memoryMb: number): Promise<FixStore> {
    const engine = await Engine.open(path, { memoryMb, checkpointMb: 256 });
    const writer = await engine.connect();
    for (const statement of schema.split(';')) if (statement.trim()) await writer.run(statement);
    await writer.run('CREATE TEMP TABLE incoming (tag INTEGER NOT NULL, at_ms BIGINT NOT NULL)');
    const [last] = await writer.rows<{ receipt: number; quarantine: number }>(
      'SELECT coalesce((SELECT max(receipt) FROM receipts), 0) AS receipt, coalesce((SELECT max(id) FROM quarantine), 0) AS quarantine',
    );
    const latest = await writer.rows<{ tag: number; at: number }>('SELECT tag, max(at_ms) AS "at" FROM fixes GROUP BY tag');
    const store = new FixStore(
      engine,
      writer,
      await Readers.open(engine, readersAtOnce),
      last?.receipt ?? 0,
      last?.quarantine ?? 0,
      new Map(latest.map(({ tag, at }) => [tag, at])),
      await writer.rows<NotUnderstood>('SELECT source, what, count, first_ms AS first, last_ms AS last FROM not_understood'),
    );
    const [own] = await writer.rows<{ id: string; accepted: number }>('SELECT id, accepted_receipt AS accepted FROM installation');
    const [mark] = await writer.rows<{ seq: number }>(
      `SELECT coalesce(max(records_seq), 0)::BIGINT AS seq FROM receipts WHERE receipt > ${Math.trunc(own?.accepted ?? 0)}`,
    );
    store.#installation = own?.id ?? null;
    store.#recordsMark = Number(mark?.seq ?? 0);
    return store;
  }

  /**
   * Makes a store of what a backup holds, where there is none yet.
   * @returns rows by table
   */
  static async restore(path: string, memoryMb: number, folder: string, backup: FixesInBackup): Promise<Record<string, number>> {
    const store = await FixStore.open(path, memoryMb);
    try {
      return await fillFixes(store.#writer, folder, backup);
    } finally {
      await store.close();
    }
  }

  /** Writes what the store holds up to a receipt into a folder, while it goes on, see `backUpFixes`. */
  async backUp(...[folder, receipt, before, onPart]: BackUpArguments): Promise<FixesInBackup> {
    const reader = await this.#engine.connect();
    try {
      return await backUpFixes(reader, folder, receipt, before, onPart);
    } finally {
      reader.close();
    }
  }

  /** Runs work while nothing is written; what is handed over meanwhile waits. */
  whileStill<T>(work: () => Promise<T>): Promise<T> {
    return this.#alone(work);
  }

  /** Which installation this store belongs to; null where nobody has said yet. */
  get installation(): string | null {
    return this.#installation;
  }

  /** The last entry of the records' audit that this store has seen. */
  get recordsMark(): number {
    return this.#recordsMark;
  }

  async setInstallation(id: string): Promise<void> {
    await this.#alone(() =>
      this.#writer.transaction(async () => {
        await this.#writer.run('DELETE FROM installation');
        await this.#writer.run('INSERT INTO installation VALUES (?, 0)', [id]);
      }),
    );
    this.#installation = id;
  }

  /** Notes how far the records have come; stored with what is stored next. */
  noteRecords(seq: number): void {
    this.#recordsSeq = Math.max(this.#recordsSeq, seq);
  }

  /** No receipt up to this number is given again: those after the last that is here are lost, and stand as that. */
  async goOnAfter(receipt: number): Promise<void> {
    await this.#alone(() =>
      this.#writer.run('INSERT INTO receipts (receipt, received_ms, source, accepted, duplicates, quarantined) VALUES (?, ?, ?, 0, 0, 0)', [
        receipt,
        Date.now(),
        'lost',
      ]),
    );
    this.#receipt = receipt;
    this.#log.goOnAfter(receipt);
  }

  /** What is known here of newer records counts no more: they are lost, and the older ones are right. */
  async acceptRecords(): Promise<void> {
    await this.#alone(() => this.#writer.run('UPDATE installation SET accepted_receipt = ?', [this.#receipt]));
    this.#recordsMark = 0;
  }

  /** Whether the last attempt to store anything went well. */
  get lastFailure(): Error | null {
    return this.#lastFailure;
  }

  /** The newest receipt that is durable. */
  get lastReceipt(): number {
    return this.#receipt;
  }

  /** Batches waiting for a commit. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Hands over what receipts stored after one, and what they will, see `FixLog`. */
  follow(...follower: Parameters<FixLog['follow']>): Promise<void> {
    return this.#log.follow(...follower);
  }

  /** How many receipts each follower is behind. */
  get behind(): Map<string, number> {
    return this.#log.behind();
  }

  /** Stores a batch; resolves when it is durable. */
  append(batch: FixBatch): Promise<Stored> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ batch, resolve, reject });
      if (!this.#flushing) this.#flushed = this.#flush();
    });
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    // What has come in with it shares its commit.
    await setImmediate();
    while (this.#queue.length > 0) {
      let rows = 0;
      let take = 0;
      while (take < this.#queue.length && (take === 0 || rows + (this.#queue[take]?.batch.count ?? 0) <= rowsPerCommit)) {
        rows += this.#queue[take++]?.batch.count ?? 0;
      }
      const group = this.#queue.splice(0, take);
      try {
        const receipts = await this.#alone(() => this.#commit(group.map(({ batch }) => batch)));
        this.#lastFailure = null;
        this.#log.push(group.map(({ batch: { columns, count } }, i) => ({ ...(receipts[i] as Stored), columns, count })));
        group.forEach(({ resolve }, i) => {
          resolve(receipts[i] as Stored);
        });
      } catch (error) {
        this.#lastFailure = error as Error;
        for (const { reject } of group) reject(error);
      }
    }
    // Nothing may be awaited between the last look at the queue and this line, or a batch could be left waiting for ever.
    this.#flushing = false;
  }

  /** One piece of writing after another: a connection has one transaction at a time. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  async #commit(batches: FixBatch[]): Promise<Stored[]> {
    const rows = batches.reduce((sum, batch) => sum + batch.count, 0);
    const news = await findNews(this.#writer, this.#latest, batches);
    const stored = Object.fromEntries(Object.entries(storedShape).map(([name, type]) => [name, emptyColumn(type, rows)])) as Columns<
      typeof storedShape
    >;
    const names = Object.keys(fixShape) as (keyof FixColumns)[];
    const first = this.#receipt + 1;
    let kept = 0;
    const receipts = batches.map((batch, b): Stored => {
      const { flags, eventsAdded, conflicting } = news[b] as News;
      const rows = rowsOf(flags);
      for (const name of names) copyRows(stored[name], kept, batch.columns[name], rows, batch.count);
      stored.receipt.fill(first + b, kept, kept + rows.length);
      kept += rows.length;
      const accepted = rows.length - eventsAdded;
      const counts = { accepted, duplicates: batch.count - accepted, quarantined: batch.quarantined.length, eventsAdded, conflicting };
      return { receipt: first + b, ...counts, news: flags };
    });
    const told = mergeNotUnderstood(this.#notUnderstood, batches);
    await this.#writer.transaction(async () => {
      if (kept > 0) await this.#writer.append('fixes', storedShape, stored, kept);
      this.#quarantineId = await appendQuarantine(this.#writer, batches, first, this.#quarantineId);
      await keepNotUnderstood(this.#writer, told);
      await this.#writer.append(
        'receipts',
        { receipt: 'i32', receivedAt: 'time', source: 'text', accepted: 'i32', duplicates: 'i32', quarantined: 'i32', recordsSeq: 'f64' },
        {
          receipt: Int32Array.from(receipts, (r) => r.receipt),
          receivedAt: Float64Array.from(batches, (b) => b.receivedAt),
          source: batches.map((b) => b.source),
          accepted: Int32Array.from(receipts, (r) => r.accepted),
          duplicates: Int32Array.from(receipts, (r) => r.duplicates),
          quarantined: Int32Array.from(receipts, (r) => r.quarantined),
          recordsSeq: new Float64Array(receipts.length).fill(this.#recordsSeq),
        },
        receipts.length,
      );
    });
    // Only now: what is remembered in memory is what stands on disk.
    for (let i = 0; i < kept; i++) {
      const tag = stored.tag[i] as number;
      const at = stored.at[i] as number;
      if (at > (this.#latest.get(tag) ?? -Infinity)) this.#latest.set(tag, at);
    }
    this.#receipt = first + batches.length - 1;
    for (const one of told) this.#notUnderstood.set(`${one.source}\n${one.what}`, one);
    return receipts;
  }

  /** What senders wrote and nobody here understands, the latest first. */
  get notUnderstood(): NotUnderstood[] {
    return [...this.#notUnderstood.values()].sort((a, b) => b.last - a.last);
  }

  /** Marks quarantined fixes as released under a receipt. */
  async markReleased(ids: number[], receipt: number): Promise<void> {
    if (ids.length === 0) return;
    const list = ids.map((id) => Math.trunc(id)).join(',');
    await this.#alone(() => this.#writer.run(`UPDATE quarantine SET released_by = ${receipt} WHERE id IN (${list})`));
  }

  /** Forgets fixes of before a moment that are nobody's who is supervised: those with a number below zero. Gives how many. */
  async forgetBelowZero(before: number): Promise<number> {
    const [row] = await this.#alone(() =>
      this.#writer.rows<{ Count: number }>(`DELETE FROM fixes WHERE wearing < 0 AND at_ms < ${Math.trunc(before)}`),
    );
    return Number(row?.Count ?? 0);
  }

  /** Forgets nothing, and gives how many it would be. Positions made coarser are not counted. */
  preview(): Forgets {
    const count = async (from: string) => {
      const [row] = await this.readers.next.rows<{ n: number }>(`SELECT count(*)::DOUBLE AS n FROM ${from}`);
      return row?.n ?? 0;
    };
    const list = (ids: readonly number[]) => [0, ...ids].map((id) => Math.trunc(id)).join(',');
    return {
      forgetWearings: (wearings) => count(`fixes WHERE wearing IN (${list(wearings)})`),
      forgetBefore: (before, except = []) => count(`fixes WHERE at_ms < ${Math.trunc(before)} AND wearing NOT IN (${list(except)})`),
      forgetQuarantine: (before) => count(`quarantine WHERE received_ms < ${Math.trunc(before)}`),
      coarsen: async () => 0,
    };
  }

  /** Forgets every fix of some wearings. Gives how many. */
  async forgetWearings(wearings: readonly number[]): Promise<number> {
    if (wearings.length === 0) return 0;
    const list = wearings.map((id) => Math.trunc(id)).join(',');
    return this.#forget(`DELETE FROM fixes WHERE wearing IN (${list})`);
  }

  /** Forgets every fix that was taken before a moment, but for those of some wearings. Gives how many. */
  async forgetBefore(before: number, except: readonly number[] = []): Promise<number> {
    const kept = [0, ...except].map((id) => Math.trunc(id)).join(',');
    return this.#forget(`DELETE FROM fixes WHERE at_ms < ${Math.trunc(before)} AND wearing NOT IN (${kept})`);
  }

  /**
   * Makes fixes of before a moment that lie in a home coarser, week by week. Gives how many.
   * @param coarser the home's number, the position and its accuracy; null where it is not in the home after all
   */
  coarsen(homes: Homes, before: number, coarser: Coarser): Promise<number> {
    return coarsenFixes(this.#writer, (work) => this.#alone(work), homes, before, coarser);
  }

  /** Forgets what was put into quarantine before a moment. Gives how many. */
  async forgetQuarantine(before: number): Promise<number> {
    return this.#forget(`DELETE FROM quarantine WHERE received_ms < ${Math.trunc(before)}`);
  }

  async #forget(statement: string): Promise<number> {
    const [row] = await this.#alone(() => this.#writer.rows<{ Count: number }>(statement));
    const gone = Number(row?.Count ?? 0);
    // Its room in the file is given free, and written over by what comes.
    if (gone > 0) await this.#alone(() => this.#writer.run('CHECKPOINT'));
    return gone;
  }

  async close(): Promise<void> {
    while (this.#flushing) await this.#flushed;
    await this.#writing;
    await this.readers.close();
    this.#writer.close();
    this.#engine.close();
  }
}
