import { type Columns, type ColumnType, type Connection, Engine, emptyColumn, Readers } from '@waymark/engine';

/** Columns of stored fixes, in table order. Times in ms since 1970; NaN for what was not reported. */
export const fixShape = {
  tag: 'i32',
  wearing: 'i32',
  at: 'time',
  receivedAt: 'time',
  lon: 'f64',
  lat: 'f64',
  accuracyM: 'f32',
  speedMps: 'f32',
  headingDeg: 'f32',
  method: 'u8',
  battery: 'f32',
  seq: 'f64',
  events: 'text',
} as const satisfies Record<string, ColumnType>;
export type FixColumns = Columns<typeof fixShape>;

export const fixMethods = ['gnss', 'wifi', 'cell', 'beacon', 'unknown'] as const;
/** The method of a fix that says no more than “at home”: it was made so when it was old. */
export const atHome = 5;
/** The method of a fix whose receiver said itself that it had none: it is kept, and knows little. */
export const notValid = 6;
/** In SQL: a row that says where somebody was. The others are kept, and bear nothing out. */
export const givesEvidence = `method NOT IN (${atHome}, ${notValid})`;

/** What a row of a batch turned out to be. */
export const known = 0;
export const fresh = 1;
/** Of a moment that is known already: with new events, or at another place. It is kept beside the first. */
export const added = 2;

/** Places that are one wearing's home between two moments, each with the box that it lies in. */
export type Homes = { wearing: number; from: number; to: number; west: number; east: number; south: number; north: number }[];

/** A position that cannot be anybody's, kept as it came, with the reason. */
export interface QuarantinedFix {
  tag: string;
  /** NaN when the time could not be read. */
  at: number;
  lon: number;
  lat: number;
  reason: string;
  /** The fix as JSON, or the text that could not be read, shortened. */
  raw: string;
}

export interface FixBatch {
  source: string;
  receivedAt: number;
  count: number;
  columns: FixColumns;
  quarantined: QuarantinedFix[];
  /** What stood in the batch and was not understood, with how often. */
  notUnderstood?: ReadonlyMap<string, number>;
}

/** Something that senders write and nobody here understands. Ms since 1970. */
export interface NotUnderstood {
  source: string;
  what: string;
  count: number;
  first: number;
  last: number;
}

/** The promise given to a sender: what became of its batch, durable when it is given. */
export interface Receipt {
  receipt: number;
  accepted: number;
  duplicates: number;
  quarantined: number;
}

/** A receipt with what it says of each fix of the batch: `known`, `fresh` or `added`. */
export interface Stored extends Receipt {
  news: Uint8Array;
  /** Duplicates whose events were not known: they are kept. */
  eventsAdded: number;
  /** Accepted fixes at another place than is known of the same tag and time: neither says where the wearer was. */
  conflicting: number;
}

export interface QuarantineRow extends QuarantinedFix {
  id: number;
  receivedAt: number;
  released: boolean;
}

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

/** Different things not understood that are listed; the rest is counted together. */
const notUnderstoodAtMost = 1000;
/** Farther apart than this, and than both say they are exact, two positions of one moment are two places, metres. */
const samePlaceM = 25;

/** Characters of what was kept that lists show. */
const rawShown = 300;

/** Questions that are answered at the same time; more wait their turn. */
const readersAtOnce = 2;

const storedShape = { ...fixShape, receipt: 'i32' } as const;

/** Most rows that one commit takes; more wait for the next. */
const rowsPerCommit = 100_000;

/** What removes what is past its date. */
export type Forgets = Pick<FixStore, 'forgetWearings' | 'forgetBefore' | 'forgetQuarantine' | 'coarsen'>;

/**
 * Keeps fixes in a DuckDB file.
 *
 * Group commit: batches that arrive while a commit is under way share the next one. A batch is acknowledged only after
 * the commit that holds it, with its receipt, is on disk. The same tag, time and place is one fix, however often it comes; events
 * that a repeat brings are kept in a row of their own beside it, and so is another place at the same time, see `rowsThatTell`.
 */
export class FixStore {
  readonly #engine: Engine;
  readonly #writer: Connection;
  readonly #readers: Readers;
  #queue: Waiting[] = [];
  #flushing = false;
  #writing: Promise<void> = Promise.resolve();
  #flushed: Promise<void> = Promise.resolve();
  #receipt: number;
  #quarantineId: number;
  /** Latest time stored per tag: anything later is new without asking. */
  readonly #latest: Map<number, number>;
  readonly #notUnderstood: Map<string, NotUnderstood>;
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
    this.#engine = engine;
    this.#writer = writer;
    this.#readers = readers;
    this.#receipt = receipt;
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

  /** Stores a batch; resolves when it is durable. */
  append(batch: FixBatch): Promise<Stored> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ batch, resolve, reject });
      if (!this.#flushing) this.#flushed = this.#flush();
    });
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
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
    const news = await this.#findNews(batches);
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
    const told = this.#mergeNotUnderstood(batches);
    await this.#writer.transaction(async () => {
      if (kept > 0) await this.#writer.append('fixes', storedShape, stored, kept);
      await this.#appendQuarantine(batches, first);
      await this.#keepNotUnderstood(told);
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

  /** What each row of each batch is, see `known`; a repeat with new events takes the place that is stored. */
  async #findNews(batches: FixBatch[]): Promise<News[]> {
    const latest = new Map<number, number>();
    const doubtful: [batch: number, row: number][] = [];
    const news = batches.map((batch, b): News => {
      const flags = new Uint8Array(batch.count).fill(fresh);
      for (let i = 0; i < batch.count; i++) {
        const tag = batch.columns.tag[i] as number;
        const at = batch.columns.at[i] as number;
        if (at > (latest.get(tag) ?? this.#latest.get(tag) ?? -Infinity)) latest.set(tag, at);
        else doubtful.push([b, i]);
      }
      return { flags, eventsAdded: 0, conflicting: 0 };
    });
    if (doubtful.length === 0) return news;
    const at = (pair: [number, number]) => (batches[pair[0]] as FixBatch).columns.at[pair[1]] as number;
    const tag = (pair: [number, number]) => (batches[pair[0]] as FixBatch).columns.tag[pair[1]] as number;
    const incoming = { tag: Int32Array.from(doubtful, tag), at: Float64Array.from(doubtful, at) };
    await this.#writer.run('DELETE FROM incoming');
    await this.#writer.append('incoming', { tag: 'i32', at: 'time' }, incoming, doubtful.length);
    // The bounds let whole stretches of the table be passed over.
    let low = Infinity;
    let high = -Infinity;
    for (const moment of incoming.at) {
      if (moment < low) low = moment;
      if (moment > high) high = moment;
    }
    const stored = await this.#writer.columns(
      `SELECT f.tag, f.at_ms, f.lon, f.lat, f.accuracy_m, f.method, f.events FROM fixes f SEMI JOIN incoming i ON f.tag = i.tag AND f.at_ms = i.at_ms
       WHERE f.at_ms BETWEEN ${Math.round(low)} AND ${Math.round(high)}`,
      { tag: 'i32', at: 'time', lon: 'f64', lat: 'f64', accuracyM: 'f32', method: 'u8', events: 'text' },
    );
    const seen = new Map<string, KnownMoment[]>();
    const remember = (key: string, one: KnownMoment) => {
      const all = seen.get(key);
      if (all) all.push(one);
      else seen.set(key, [one]);
    };
    for (let i = 0; i < stored.count; i++) remember(`${stored.columns.tag[i]}@${stored.columns.at[i]}`, knownMoment(stored.columns, i));
    // Rows that came in order earlier in this commit count as seen too.
    const doubtfulKeys = new Set(doubtful.map((pair) => `${tag(pair)}@${at(pair)}`));
    batches.forEach(({ columns, count }, b) => {
      const own = news[b] as News;
      for (let i = 0; i < count; i++) {
        const key = `${columns.tag[i]}@${columns.at[i]}`;
        if (!doubtfulKeys.has(key)) continue;
        const moment = knownMoment(columns, i);
        const before = seen.get(key);
        if (before) {
          const same = before.find((other) => isSamePlace(other, moment));
          own.flags[i] = same ? addEvents(before, same, columns, i, own) : added;
          if (!same) own.conflicting++;
        }
        if (own.flags[i] !== known) remember(key, knownMoment(columns, i));
      }
    });
    return news;
  }

  async #appendQuarantine(batches: FixBatch[], firstReceipt: number): Promise<void> {
    const rows = batches.flatMap((batch, b) =>
      batch.quarantined.map((fix) => ({ fix, receivedAt: batch.receivedAt, receipt: firstReceipt + b })),
    );
    if (rows.length === 0) return;
    const ids = Int32Array.from(rows, (_, i) => this.#quarantineId + 1 + i);
    this.#quarantineId += rows.length;
    await this.#writer.append(
      'quarantine',
      {
        id: 'i32',
        tag: 'text',
        at: 'f64',
        lon: 'f64',
        lat: 'f64',
        reason: 'text',
        raw: 'text',
        receivedAt: 'time',
        receipt: 'i32',
        releasedBy: 'f64',
      },
      {
        id: ids,
        tag: rows.map(({ fix }) => fix.tag),
        at: Float64Array.from(rows, ({ fix }) => fix.at),
        lon: Float64Array.from(rows, ({ fix }) => fix.lon),
        lat: Float64Array.from(rows, ({ fix }) => fix.lat),
        reason: rows.map(({ fix }) => fix.reason),
        raw: rows.map(({ fix }) => fix.raw),
        receivedAt: Float64Array.from(rows, (row) => row.receivedAt),
        receipt: Int32Array.from(rows, (row) => row.receipt),
        releasedBy: new Float64Array(rows.length).fill(Number.NaN),
      },
      rows.length,
    );
  }

  /** What was not understood, as it stands after some batches. */
  #mergeNotUnderstood(batches: FixBatch[]): NotUnderstood[] {
    const changed = new Map<string, NotUnderstood>();
    for (const { source, receivedAt, notUnderstood } of batches) {
      for (const [what, count] of notUnderstood ?? []) {
        let key = `${source}\n${what}`;
        const isNew = !changed.has(key) && !this.#notUnderstood.has(key);
        const own =
          isNew && this.#notUnderstood.size + changed.size >= notUnderstoodAtMost
            ? { source: '', what: 'more that is not listed' }
            : { source, what };
        key = `${own.source}\n${own.what}`;
        const before = changed.get(key) ?? this.#notUnderstood.get(key) ?? { ...own, count: 0, first: receivedAt, last: receivedAt };
        changed.set(key, { ...before, count: before.count + count, last: receivedAt });
      }
    }
    return [...changed.values()];
  }

  async #keepNotUnderstood(told: NotUnderstood[]): Promise<void> {
    for (const { source, what, count, first, last } of told) {
      await this.#writer.run('DELETE FROM not_understood WHERE source = ? AND what = ?', [source, what]);
      await this.#writer.run('INSERT INTO not_understood VALUES (?, ?, ?, ?, ?)', [
        source,
        what,
        count,
        Math.round(first),
        Math.round(last),
      ]);
    }
  }

  /** What senders wrote and nobody here understands, the latest first. */
  get notUnderstood(): NotUnderstood[] {
    return [...this.#notUnderstood.values()].sort((a, b) => b.last - a.last);
  }

  /** Receipts after the given one, oldest first. */
  async receiptsAfter(receipt: number): Promise<(Receipt & { source: string })[]> {
    return this.#readers.next.rows(
      'SELECT receipt, source, accepted, duplicates, quarantined FROM receipts WHERE receipt > ? ORDER BY receipt',
      [receipt],
    );
  }

  /** Fixes of one wearing in order of time. */
  async track(wearing: number, from: number, to: number, receiptUpto = 2_147_483_647): Promise<{ count: number; columns: FixColumns }> {
    return this.#readers.next.columns(
      `SELECT tag, wearing, at_ms, received_ms, lon, lat, accuracy_m, speed_mps, heading_deg, method, battery, seq, events
       FROM fixes WHERE wearing = ? AND at_ms BETWEEN ? AND ? AND receipt <= ? ORDER BY at_ms, receipt`,
      fixShape,
      { values: [wearing, Math.round(from), Math.round(to), receiptUpto] },
    );
  }

  /**
   * The last fix of a wearing before a moment, or the first after one; none where there is none. On wish those that give evidence,
   * and then some more, the nearest first, for `rowsThatTell` to choose from.
   */
  async nearest(
    wearing: number,
    side: { before: number } | { after: number },
    { receiptUpto = 2_147_483_647, exact = false }: { receiptUpto?: number; exact?: boolean } = {},
  ): Promise<{ count: number; columns: FixColumns }> {
    const [where, order, moment] = 'before' in side ? ['<', 'DESC', side.before] : ['>', 'ASC', side.after];
    return this.#readers.next.columns(
      `SELECT tag, wearing, at_ms, received_ms, lon, lat, accuracy_m, speed_mps, heading_deg, method, battery, seq, events
       FROM fixes WHERE wearing = ? AND at_ms ${where} ? AND receipt <= ?${exact ? ` AND ${givesEvidence}` : ''} ORDER BY at_ms ${order} LIMIT ${exact ? 8 : 1}`,
      fixShape,
      { values: [wearing, Math.round(moment), receiptUpto] },
    );
  }

  /** Fixes of several wearings, each in order of time, one after another. */
  async tracks(wearings: readonly number[], from = 0): Promise<{ count: number; columns: FixColumns }> {
    return this.#readers.next.columns(
      `SELECT tag, wearing, at_ms, received_ms, lon, lat, accuracy_m, speed_mps, heading_deg, method, battery, seq, events
       FROM fixes WHERE wearing IN (${[0, ...wearings].map((wearing) => Math.trunc(wearing)).join(',')}) AND at_ms >= ? ORDER BY wearing, at_ms, receipt`,
      fixShape,
      { values: [Math.round(from)] },
    );
  }

  /** How many fixes each of some wearings has. */
  async countByWearing(wearings: readonly number[]): Promise<Map<number, number>> {
    const { count, columns } = await this.#readers.next.columns(
      `SELECT wearing, count(*)::INTEGER AS n FROM fixes WHERE wearing IN (${[0, ...wearings].map((wearing) => Math.trunc(wearing)).join(',')}) GROUP BY wearing`,
      { wearing: 'i32', n: 'i32' },
    );
    return new Map(Array.from({ length: count }, (_, i) => [columns.wearing[i] as number, columns.n[i] as number]));
  }

  /** Runs a read-only query over `fixes` and gives typed columns. */
  async query<S extends Record<string, ColumnType>>(
    sql: string,
    shape: S,
    options: { values?: (number | string)[]; shared?: boolean; rowsExpected?: number } = {},
  ): Promise<{ count: number; columns: Columns<S> }> {
    return this.#readers.next.columns(sql, shape, options);
  }

  /** Runs a read-only query over `fixes` and hands it over chunk by chunk. */
  async scan<S extends Record<string, ColumnType>>(
    sql: string,
    shape: S,
    values: (number | string)[],
    onChunk: (columns: Columns<S>, count: number) => void,
  ): Promise<void> {
    await this.#readers.next.scan(sql, shape, values, onChunk);
  }

  async summary(): Promise<{ fixes: number; quarantined: number; tags: number; latest: number | null }> {
    const [row] = await this.#readers.next.rows<{ fixes: number; quarantined: number; tags: number; latest: number | null }>(
      `SELECT (SELECT count(*) FROM fixes) AS fixes, (SELECT count(*) FROM quarantine WHERE released_by IS NULL) AS quarantined,
        (SELECT count(DISTINCT tag) FROM fixes) AS tags, (SELECT max(at_ms) FROM fixes) AS latest`,
    );
    return row as { fixes: number; quarantined: number; tags: number; latest: number | null };
  }

  /** Latest fix and number of fixes per tag. */
  async lastSeen(): Promise<{ tag: number; at: number; fixes: number; battery: number | null }[]> {
    return this.#readers.next.rows(
      'SELECT tag, max(at_ms) AS "at", count(*) AS fixes, arg_max(battery, at_ms) AS battery FROM fixes GROUP BY tag',
    );
  }

  async quarantineReasons(): Promise<{ reason: string; count: number }[]> {
    return this.#readers.next.rows(
      'SELECT reason, count(*) AS count FROM quarantine WHERE released_by IS NULL GROUP BY reason ORDER BY count DESC, reason',
    );
  }

  async quarantine(options: {
    reason?: string;
    tag?: string;
    limit: number;
    offset: number;
    /** All that was kept of each, however long; else its beginning. */
    whole?: boolean;
  }): Promise<{ rows: QuarantineRow[]; total: number }> {
    const where = ['released_by IS NULL'];
    const values: string[] = [];
    if (options.reason) {
      where.push('reason = ?');
      values.push(options.reason);
    }
    if (options.tag) {
      where.push('tag = ?');
      values.push(options.tag);
    }
    const filter = where.join(' AND ');
    const rows = await this.#readers.next.rows<QuarantineRow>(
      `SELECT id, tag, at_ms AS "at", lon, lat, reason, ${options.whole ? 'raw' : `CASE WHEN length(raw) > ${rawShown} THEN raw[:${rawShown}] || '…' ELSE raw END AS raw`}, received_ms AS "receivedAt", released_by IS NOT NULL AS released
       FROM quarantine WHERE ${filter} ORDER BY id DESC LIMIT ${Math.trunc(options.limit)} OFFSET ${Math.trunc(options.offset)}`,
      values,
    );
    const [total] = await this.#readers.next.rows<{ n: number }>(`SELECT count(*) AS n FROM quarantine WHERE ${filter}`, values);
    return { rows, total: total?.n ?? 0 };
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
      const [row] = await this.#readers.next.rows<{ n: number }>(`SELECT count(*)::DOUBLE AS n FROM ${from}`);
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

  /** How many fixes there are, and when the last receipt came in, ms since 1970; null where none has. */
  async extent(): Promise<{ fixes: number; newestReceiptMs: number | null }> {
    const [row] = await this.#readers.next.rows<{ fixes: number; newest: number | null }>(
      'SELECT (SELECT count(*) FROM fixes)::DOUBLE AS fixes, (SELECT max(received_ms) FROM receipts)::DOUBLE AS newest',
    );
    return { fixes: row?.fixes ?? 0, newestReceiptMs: row?.newest ?? null };
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
  async coarsen(
    homes: Homes,
    before: number,
    coarser: (home: number, lon: number, lat: number, accuracyM: number) => { lon: number; lat: number; accuracyM: number } | null,
  ): Promise<number> {
    if (homes.length === 0) return 0;
    const shape = { home: 'i32', wearing: 'i32', from: 'f64', to: 'f64', west: 'f64', east: 'f64', south: 'f64', north: 'f64' } as const;
    const all = (name: 'from' | 'to' | 'west' | 'east' | 'south' | 'north') => Float64Array.from(homes, (home) => home[name]);
    await this.#alone(async () => {
      await this.#writer.run(
        `CREATE OR REPLACE TEMP TABLE homes (home INTEGER, wearing INTEGER, "from" DOUBLE, "to" DOUBLE, west DOUBLE, east DOUBLE, south DOUBLE, north DOUBLE)`,
      );
      await this.#writer.run('CREATE OR REPLACE TEMP TABLE coarse (tag INTEGER, at_ms BIGINT, lon DOUBLE, lat DOUBLE, accuracy_m FLOAT)');
      const columns = { from: all('from'), to: all('to'), west: all('west'), east: all('east'), south: all('south'), north: all('north') };
      const whose = { home: Int32Array.from(homes, (_, i) => i), wearing: Int32Array.from(homes, ({ wearing }) => wearing) };
      await this.#writer.append('homes', shape, { ...whose, ...columns }, homes.length);
    });
    const [span] = await this.#alone(() =>
      this.#writer.rows<{ first: number | null }>(
        `SELECT min(at_ms)::DOUBLE AS first FROM fixes WHERE method <> ${atHome} AND at_ms < ${Math.trunc(before)}`,
      ),
    );
    let changed = 0;
    const weekMs = 7 * 86_400_000;
    for (let from = span?.first ?? before; from < before; from += weekMs) {
      changed += await this.#alone(() => this.#coarsenWeek(from, Math.min(before, from + weekMs), coarser));
    }
    await this.#alone(() => this.#writer.run('DROP TABLE homes; DROP TABLE coarse'));
    // The exact positions are written over in the file, too.
    if (changed > 0) await this.#alone(() => this.#writer.run('CHECKPOINT'));
    return changed;
  }

  /** Up to when positions of some wearings say no more than “at home”, and the oldest fix there is. Ms since 1970. */
  async coarsenedUpto(wearings: readonly number[]): Promise<{ oldest: number; atHome: Map<number, number> }> {
    const [first] = await this.#readers.next.rows<{ oldest: number | null }>('SELECT min(at_ms)::DOUBLE AS oldest FROM fixes');
    const { count, columns } = await this.#readers.next.columns(
      `SELECT wearing, max(at_ms) AS at_ms FROM fixes WHERE method = ${atHome}
         AND wearing IN (${[0, ...wearings].map((wearing) => Math.trunc(wearing)).join(',')}) GROUP BY wearing`,
      { wearing: 'i32', at: 'time' },
    );
    const upto = Array.from({ length: count }, (_, i): [number, number] => [columns.wearing[i] as number, columns.at[i] as number]);
    return { oldest: first?.oldest ?? Number.NEGATIVE_INFINITY, atHome: new Map(upto) };
  }

  async #coarsenWeek(from: number, to: number, coarser: Parameters<FixStore['coarsen']>[2]): Promise<number> {
    const { count, columns } = await this.#writer.columns(
      `SELECT h.home, f.tag, f.at_ms, f.lon, f.lat, f.accuracy_m FROM fixes f JOIN homes h ON h.wearing = f.wearing
         AND f.at_ms >= h."from" AND f.at_ms < h."to" AND f.lon BETWEEN h.west AND h.east AND f.lat BETWEEN h.south AND h.north
       WHERE f.at_ms >= ${Math.trunc(from)} AND f.at_ms < ${Math.trunc(to)} AND f.method <> ${atHome}`,
      { home: 'i32', tag: 'i32', at: 'time', lon: 'f64', lat: 'f64', accuracyM: 'f32' },
    );
    const found = new Map<string, { tag: number; at: number; lon: number; lat: number; accuracyM: number }>();
    for (let i = 0; i < count; i++) {
      const [tag, at] = [columns.tag[i] as number, columns.at[i] as number];
      const made = coarser(columns.home[i] as number, columns.lon[i] as number, columns.lat[i] as number, columns.accuracyM[i] as number);
      if (made) found.set(`${tag}@${at}`, { tag, at, ...made });
    }
    if (found.size === 0) return 0;
    const rows = [...found.values()];
    await this.#writer.transaction(async () => {
      await this.#writer.run('DELETE FROM coarse');
      await this.#writer.append(
        'coarse',
        { tag: 'i32', at: 'time', lon: 'f64', lat: 'f64', accuracyM: 'f32' },
        {
          tag: Int32Array.from(rows, (row) => row.tag),
          at: Float64Array.from(rows, (row) => row.at),
          lon: Float64Array.from(rows, (row) => row.lon),
          lat: Float64Array.from(rows, (row) => row.lat),
          accuracyM: Float32Array.from(rows, (row) => row.accuracyM),
        },
        rows.length,
      );
      await this.#writer.run(
        `UPDATE fixes SET lon = c.lon, lat = c.lat, accuracy_m = c.accuracy_m, speed_mps = NULL, heading_deg = NULL, method = ${atHome}
         FROM coarse c WHERE fixes.tag = c.tag AND fixes.at_ms = c.at_ms`,
      );
    });
    return rows.length;
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
    await this.#readers.close();
    this.#writer.close();
    this.#engine.close();
  }
}

interface News {
  /** Per row: `known`, `fresh` or `added`. */
  flags: Uint8Array;
  eventsAdded: number;
  conflicting: number;
}

/** What is known of one tag at one moment, by one row. */
interface KnownMoment {
  lon: number;
  lat: number;
  accuracyM: number;
  method: number;
  events: string | null;
}

function knownMoment(columns: Pick<FixColumns, keyof KnownMoment>, i: number): KnownMoment {
  return {
    lon: columns.lon[i] as number,
    lat: columns.lat[i] as number,
    accuracyM: columns.accuracyM[i] as number,
    method: columns.method[i] as number,
    events: columns.events[i] ?? null,
  };
}

/** Whether two rows of one moment are of one place: as near as they say they are exact. What is only “at home” is never contradicted. */
function isSamePlace(a: KnownMoment, b: KnownMoment): boolean {
  if (a.method === atHome || b.method === atHome) return true;
  const y = (b.lat - a.lat) * 111_195;
  const apart = Math.abs(b.lon - a.lon);
  const x = Math.min(apart, 360 - apart) * 111_195 * Math.cos((a.lat * Math.PI) / 180);
  return Math.hypot(x, y) <= Math.max(samePlaceM, (a.accuracyM || 0) + (b.accuracyM || 0));
}

/** A repeat: with events that no row of its moment has it becomes a row of its own, at the place that is known. */
function addEvents(before: readonly KnownMoment[], same: KnownMoment, columns: FixColumns, i: number, news: News): number {
  const had = new Set(before.flatMap(({ events }) => events?.split(' ') ?? []));
  const fresh = (columns.events[i]?.split(' ') ?? []).filter((name) => !had.has(name));
  if (fresh.length === 0) return known;
  news.eventsAdded++;
  columns.events[i] = fresh.join(' ');
  columns.lon[i] = same.lon;
  columns.lat[i] = same.lat;
  columns.accuracyM[i] = same.accuracyM;
  columns.method[i] = same.method;
  return added;
}

/**
 * Of rows `begin` to `end` in order of time, those that say where the wearer was: of a moment that stands there several times the
 * first, where all are of one place, and none where they are of two.
 */
export function rowsThatTell(
  { at, lon, lat }: { at: ArrayLike<number>; lon: ArrayLike<number>; lat: ArrayLike<number> },
  begin: number,
  end: number,
): number[] {
  const rows: number[] = [];
  for (let i = begin; i < end; ) {
    let next = i + 1;
    let agree = true;
    for (; next < end && at[next] === at[i]; next++) if (lon[next] !== lon[i] || lat[next] !== lat[i]) agree = false;
    if (agree) rows.push(i);
    i = next;
  }
  return rows;
}

/** The rows that are marked. */
function rowsOf(marked: Uint8Array): number[] {
  const rows: number[] = [];
  for (let i = 0; i < marked.length; i++) if (marked[i]) rows.push(i);
  return rows;
}

/** Copies some rows of a column, or all of them at once, behind what another holds. */
function copyRows(into: FixColumns[keyof FixColumns], at: number, from: FixColumns[keyof FixColumns], rows: number[], all: number): void {
  if (!Array.isArray(into) && rows.length === all && all > 8) {
    (into as Float64Array).set((from as Float64Array).subarray(0, all), at);
    return;
  }
  for (let i = 0; i < rows.length; i++) (into as unknown[])[at + i] = from[rows[i] as number];
}

/** Columns with room for `count` fixes. */
export function fixColumns(count: number): FixColumns {
  return Object.fromEntries(Object.entries(fixShape).map(([name, type]) => [name, emptyColumn(type, count)])) as FixColumns;
}
