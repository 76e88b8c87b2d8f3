import { type Columns, type Connection, emptyColumn } from '@waymark/engine';
import { findNews, type News } from './find-news.ts';
import { type FixBatch, type FixColumns, fixShape, type NotUnderstood, type Stored } from './fix.ts';
import { copyRows, rowsOf } from './fix-columns.ts';
import { carryOut, type FixOrder } from './fix-orders.ts';
import { keepOrder } from './kept-orders.ts';
import type { Lake } from './lake.ts';
import { keepNotUnderstood, mergeNotUnderstood } from './not-understood.ts';
import { appendQuarantine } from './quarantine.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS fixes (
    tag INTEGER NOT NULL, wearing INTEGER NOT NULL, at_ms BIGINT NOT NULL, received_ms BIGINT NOT NULL,
    lon DOUBLE NOT NULL, lat DOUBLE NOT NULL, accuracy_m FLOAT, speed_mps FLOAT, heading_deg FLOAT,
    method UTINYINT NOT NULL, battery FLOAT, seq DOUBLE, events VARCHAR, receipt BIGINT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS quarantine (
    id BIGINT NOT NULL, tag VARCHAR NOT NULL, at_ms DOUBLE, lon DOUBLE, lat DOUBLE, reason VARCHAR NOT NULL,
    raw VARCHAR NOT NULL, received_ms BIGINT NOT NULL, receipt BIGINT NOT NULL, released_by BIGINT
  );
  CREATE TABLE IF NOT EXISTS receipts (
    receipt BIGINT NOT NULL, received_ms BIGINT NOT NULL, source VARCHAR NOT NULL,
    accepted INTEGER NOT NULL, duplicates INTEGER NOT NULL, quarantined INTEGER NOT NULL
  );
  ALTER TABLE receipts ADD COLUMN IF NOT EXISTS records_seq BIGINT;
  CREATE TABLE IF NOT EXISTS installation (id VARCHAR NOT NULL, accepted_receipt BIGINT NOT NULL);
  CREATE TABLE IF NOT EXISTS not_understood (
    source VARCHAR NOT NULL, what VARCHAR NOT NULL, count BIGINT NOT NULL, first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS log_position (message BIGINT NOT NULL);
  CREATE TABLE IF NOT EXISTS lake_use (since BIGINT NOT NULL, before_ms BIGINT NOT NULL, receipt BIGINT NOT NULL, ordered BIGINT NOT NULL);
  CREATE TABLE IF NOT EXISTS kept_orders (id BIGINT NOT NULL, receipt BIGINT NOT NULL, what VARCHAR NOT NULL);`;

/** What is in the lake too bears this name on the writer's connection, where there is a lake. */
const everything = 'all_fixes';
const tidyAgainMs = 5000;
/** Receipts that are let go of at a time. */
const receiptsTogether = 2_000_000;

const storedShape = { ...fixShape, receipt: 'time' } as const;

/**
 * Writes what is stored, one piece after another. The same batches in the same order always give the same rows, receipts and news,
 * however they are grouped: so servers that read one log hold the same.
 */
export class FixWriter {
  /** A connection has one transaction at a time: whoever uses it does so through `alone`. */
  readonly connection: Connection;
  /** Latest time stored per tag: anything later is new without asking. */
  readonly #latest: Map<number, number>;
  readonly #notUnderstood: Map<string, NotUnderstood>;
  #writing: Promise<void> = Promise.resolve();
  #receipt: number;
  /** The last entry of the records' audit that was known here when something was stored. */
  recordsSeq = 0;
  #lake: Lake | null = null;
  #tidying: NodeJS.Timeout | null = null;

  private constructor(connection: Connection, receipt: number, latest: Map<number, number>, told: NotUnderstood[]) {
    this.connection = connection;
    this.#receipt = receipt;
    this.#latest = latest;
    this.#notUnderstood = new Map(told.map((one) => [`${one.source}\n${one.what}`, one]));
  }

  /** Makes the tables where there are none, and learns what they hold. */
  static async open(connection: Connection): Promise<FixWriter> {
    for (const statement of schema.split(';')) if (statement.trim()) await connection.run(statement);
    await connection.run('INSERT INTO log_position SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM log_position)');
    await widen(connection);
    await connection.run('CREATE TEMP TABLE IF NOT EXISTS incoming (tag INTEGER NOT NULL, at_ms BIGINT NOT NULL)');
    const [last] = await connection.rows<{ receipt: number }>('SELECT coalesce(max(receipt), 0) AS receipt FROM receipts');
    const latest = await connection.rows<{ tag: number; at: number }>('SELECT tag, max(at_ms) AS "at" FROM fixes GROUP BY tag');
    return new FixWriter(
      connection,
      last?.receipt ?? 0,
      new Map(latest.map(({ tag, at }) => [tag, at])),
      await connection.rows<NotUnderstood>('SELECT source, what, count, first_ms AS first, last_ms AS last FROM not_understood'),
    );
  }

  /** Asks the lake too, where something may be known that has left the file. */
  useLake(lake: Lake): void {
    this.#lake = lake;
  }

  /**
   * Has the file written anew without what is gone from it. While somebody reads that may not be done: it is tried again until it is.
   * Called within `alone`.
   */
  async tidy(): Promise<void> {
    try {
      await this.connection.run('CHECKPOINT');
    } catch {
      this.#tidying ??= setTimeout(() => {
        this.#tidying = null;
        void this.alone(() => this.tidy());
      }, tidyAgainMs).unref();
    }
  }

  async close(): Promise<void> {
    if (this.#tidying) clearTimeout(this.#tidying);
    await this.written();
    await this.connection.end();
  }

  /** The newest receipt that is durable. */
  get lastReceipt(): number {
    return this.#receipt;
  }

  /** What senders wrote and nobody here understands, the latest first. */
  get notUnderstood(): NotUnderstood[] {
    return [...this.#notUnderstood.values()].sort((a, b) => b.last - a.last);
  }

  /** One piece of writing after another. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  /** Resolves when everything that was asked for is written. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /**
   * Stores batches in one transaction, each under a receipt of its own.
   * @param message the last message of the log that they come from; null where there is none
   */
  commit(batches: FixBatch[], message: number | null = null): Promise<Stored[]> {
    return this.alone(() => this.#commit(batches, message));
  }

  /** Carries an order out; gives how many rows it was about. */
  carryOut(order: FixOrder, message: number | null = null): Promise<number> {
    return this.alone(async () => {
      const known = order.do === 'coarsen' || order.do === 'release' ? null : await this.#lake?.countTaken(order);
      // All of it or nothing: who reads the mark up to which orders were followed must find that they were.
      const here = await this.connection.transaction(async () => {
        await keepOrder(this.connection, order, this.#receipt, message);
        const rows = await carryOut(this.connection, order);
        if (message !== null) await this.#noteMessage(message);
        return rows;
      });
      await this.#lake?.look(this.connection);
      if (here > 0 && order.do !== 'release' && order.do !== 'forget below zero') await this.tidy();
      return known ?? here;
    });
  }

  /** The last message of the log that is written here; 0 before the first. */
  async lastMessage(): Promise<number> {
    const [row] = await this.alone(() =>
      this.connection.rows<{ message: number }>('SELECT coalesce(max(message), 0)::DOUBLE AS message FROM log_position'),
    );
    return row?.message ?? 0;
  }

  /** No receipt up to this number is given again: those after the last that is here are lost, and stand as that. */
  async goOnAfter(receipt: number): Promise<void> {
    await this.alone(() =>
      this.connection.run(
        'INSERT INTO receipts (receipt, received_ms, source, accepted, duplicates, quarantined) VALUES (?, ?, ?, 0, 0, 0)',
        [receipt, Date.now(), 'lost'],
      ),
    );
    this.#receipt = receipt;
  }

  /**
   * Lets go of receipts of before a time, ms since 1970, up to one of them; the last that was given stays, so that the next is known. Some after
   * others: meanwhile what comes is stored.
   */
  async forgetReceipts(before: number, upto: number): Promise<void> {
    const which = () => `received_ms < ${Math.trunc(before)} AND receipt <= ${Math.trunc(upto)} AND receipt < ${this.#receipt}`;
    const [found] = await this.alone(() =>
      this.connection.rows<{ first: number | null; last: number }>(
        `SELECT min(receipt)::DOUBLE AS first, max(receipt)::DOUBLE AS last FROM receipts WHERE ${which()}`,
      ),
    );
    if (!found || found.first === null) return;
    for (let from = found.first; from <= found.last; from += receiptsTogether)
      await this.alone(() =>
        this.connection.run(`DELETE FROM receipts WHERE ${which()} AND receipt >= ${from} AND receipt < ${from + receiptsTogether}`),
      );
    await this.alone(() => this.tidy());
  }

  async #noteMessage(message: number): Promise<void> {
    // There is one row from the first message on; a table without it is made when the store is opened.
    await this.connection.run(`UPDATE log_position SET message = ${Math.trunc(message)}`);
  }

  async #commit(batches: FixBatch[], message: number | null): Promise<Stored[]> {
    const writer = this.connection;
    const rows = batches.reduce((sum, batch) => sum + batch.count, 0);
    const news = await findNews(writer, this.#latest, batches, async (at) => {
      if (!this.#lake || at >= this.#lake.older.before) return 'fixes';
      await this.#lake.showOnce(writer, everything);
      return everything;
    });
    const stored = Object.fromEntries(Object.entries(storedShape).map(([name, type]) => [name, emptyColumn(type, rows)])) as Columns<
      typeof storedShape
    >;
    const names = Object.keys(fixShape) as (keyof FixColumns)[];
    const first = this.#receipt + 1;
    let kept = 0;
    const receipts = batches.map((batch, b): Stored => {
      const { flags, eventsAdded, conflicting } = news[b] as News;
      const own = rowsOf(flags);
      for (const name of names) copyRows(stored[name], kept, batch.columns[name], own, batch.count);
      stored.receipt.fill(first + b, kept, kept + own.length);
      kept += own.length;
      const accepted = own.length - eventsAdded;
      const counts = { accepted, duplicates: batch.count - accepted, quarantined: batch.quarantined.length, eventsAdded, conflicting };
      return { receipt: first + b, ...counts, news: flags };
    });
    const told = mergeNotUnderstood(this.#notUnderstood, batches);
    await writer.transaction(async () => {
      if (kept > 0) await writer.append('fixes', storedShape, stored, kept);
      await appendQuarantine(writer, batches, first);
      await keepNotUnderstood(writer, told);
      await this.#appendReceipts(receipts, batches);
      if (message !== null) await this.#noteMessage(message);
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

  async #appendReceipts(receipts: Stored[], batches: FixBatch[]): Promise<void> {
    await this.connection.append(
      'receipts',
      { receipt: 'time', receivedAt: 'time', source: 'text', accepted: 'i32', duplicates: 'i32', quarantined: 'i32', recordsSeq: 'f64' },
      {
        receipt: Float64Array.from(receipts, (r) => r.receipt),
        receivedAt: Float64Array.from(batches, (b) => b.receivedAt),
        source: batches.map((b) => b.source),
        accepted: Int32Array.from(receipts, (r) => r.accepted),
        duplicates: Int32Array.from(receipts, (r) => r.duplicates),
        quarantined: Int32Array.from(receipts, (r) => r.quarantined),
        recordsSeq: new Float64Array(receipts.length).fill(this.recordsSeq),
      },
      receipts.length,
    );
  }
}

/**
 * Receipts were numbers of four bytes once. Each message of a tag has one: twenty thousand tags that send by the minute use as many up in
 * eleven weeks.
 */
async function widen(connection: Connection): Promise<void> {
  const narrow = await connection.rows<{ table: string; column: string }>(
    `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
     WHERE data_type = 'INTEGER' AND (column_name IN ('receipt', 'released_by', 'accepted_receipt') OR (table_name = 'quarantine' AND column_name = 'id'))
       AND table_name IN ('fixes', 'quarantine', 'receipts', 'installation')`,
  );
  for (const { table, column } of narrow) await connection.run(`ALTER TABLE ${table} ALTER COLUMN ${column} TYPE BIGINT`);
}
