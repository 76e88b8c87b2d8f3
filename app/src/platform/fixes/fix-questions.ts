import type { Columns, ColumnType, Connection, Readers } from '@waymark/engine';
import {
  atHome,
  type FixColumns,
  fixShape,
  givesEvidence,
  type QuarantineRow,
  type Receipt,
  type TrackColumns,
  trackShape,
} from './fix.ts';
import type { LogPart } from './fix-log.ts';
import type { Lake } from './lake.ts';
import { listQuarantined, quarantineReasons } from './quarantine.ts';

/** Fixes that are read back together, about, for whoever follows what is stored. */
const readTogether = 50_000;

/** What can be asked of stored fixes. Questions are answered beside each other, and beside what is being stored. */
export class FixQuestions {
  protected readonly readers: Readers;
  protected lake: Lake | null = null;
  /** To these `fixes` is this server's own file alone, which has all from some months ago on, and the last of every wearing. */
  protected readonly recent: Readers;

  /** @param recent readers that are never shown a lake */
  protected constructor(readers: Readers, recent: Readers) {
    this.readers = readers;
    this.recent = recent;
  }

  /** Who answers about fixes from a moment on: the lake is asked only about what is nowhere else. */
  #from(at: number): Connection {
    return (this.lake && at < this.lake.older.before ? this.readers : this.recent).next;
  }

  /** Receipts after the given one, oldest first; on wish only so many. */
  async receiptsAfter(receipt: number, atMost = Number.MAX_SAFE_INTEGER): Promise<(Receipt & { source: string })[]> {
    return this.recent.next.rows(
      `SELECT receipt, source, accepted, duplicates, quarantined FROM receipts WHERE receipt > ? ORDER BY receipt LIMIT ${Math.trunc(atMost)}`,
      [receipt],
    );
  }

  /** Wearings that have fixes under receipts after the given one, with the time of the oldest; numbers below zero are protected persons' devices. */
  async wearingsAfter(receipt: number): Promise<{ wearing: number; oldest: number }[]> {
    return this.readers.next.rows('SELECT wearing, min(at_ms)::DOUBLE AS oldest FROM fixes WHERE receipt > ? GROUP BY wearing', [receipt]);
  }

  /** Fixes that receipts after one and up to another stored, as many receipts as there is room for, and how far that goes. */
  protected async storedBetween(after: number, upto: number): Promise<LogPart> {
    const [last] = await this.recent.next.rows<{ receipt: number | null }>(
      `SELECT max(receipt) AS receipt FROM (SELECT receipt FROM fixes WHERE receipt > ? AND receipt <= ? ORDER BY receipt LIMIT ${readTogether})`,
      [after, upto],
    );
    if (last?.receipt == null) return { upto, entries: [] };
    const stored = await this.recent.next.columns(
      `SELECT tag, wearing, at_ms, received_ms, lon, lat, accuracy_m, speed_mps, heading_deg, method, battery, seq, events
       FROM fixes WHERE receipt > ? AND receipt <= ? ORDER BY receipt, at_ms`,
      fixShape,
      { values: [after, last.receipt] },
    );
    return { upto: last.receipt, entries: [{ receipt: last.receipt, ...stored, news: null }] };
  }

  /** Fixes of one wearing in order of time. */
  async track(
    wearing: number,
    from: number,
    to: number,
    receiptUpto = Number.MAX_SAFE_INTEGER,
  ): Promise<{ count: number; columns: FixColumns }> {
    return this.#from(from).columns(
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
    { receiptUpto = Number.MAX_SAFE_INTEGER, exact = false }: { receiptUpto?: number; exact?: boolean } = {},
  ): Promise<{ count: number; columns: FixColumns }> {
    const [where, order, moment] = 'before' in side ? ['<', 'DESC', side.before] : ['>', 'ASC', side.after];
    const ask = (connection: Connection) =>
      connection.columns(
        `SELECT tag, wearing, at_ms, received_ms, lon, lat, accuracy_m, speed_mps, heading_deg, method, battery, seq, events
       FROM fixes WHERE wearing = ? AND at_ms ${where} ? AND receipt <= ?${exact ? ` AND ${givesEvidence}` : ''} ORDER BY at_ms ${order} LIMIT ${exact ? 8 : 1}`,
        fixShape,
        { values: [wearing, Math.round(moment), receiptUpto] },
      );
    if ('after' in side) return ask(this.#from(side.after));
    // What was nearest is seldom years ago.
    const found = await ask(this.recent.next);
    const isWhole =
      found.count > 0 && (found.columns.at[found.count - 1] as number) >= (this.lake?.older.before ?? Number.NEGATIVE_INFINITY);
    return !this.lake || (isWhole && found.count === (exact ? 8 : 1)) ? found : ask(this.readers.next);
  }

  /** Fixes of several wearings, each in order of time, one after another. */
  async tracks(wearings: readonly number[], from = 0): Promise<{ count: number; columns: TrackColumns }> {
    return this.#from(from).columns(
      `SELECT wearing, at_ms, lon, lat, accuracy_m, speed_mps, method, battery, events
       FROM fixes WHERE wearing IN (${[0, ...wearings].map((wearing) => Math.trunc(wearing)).join(',')}) AND at_ms >= ? ORDER BY wearing, at_ms, receipt`,
      trackShape,
      { values: [Math.round(from)] },
    );
  }

  /** How many fixes each of some wearings has, from a moment of its own on: ms since 1970. */
  async countByWearing(since: ReadonlyMap<number, number>): Promise<Map<number, number>> {
    const wanted = [...since, [0, 0] as const].map(([wearing, from]) => [Math.trunc(wearing), Math.max(Math.round(from), 0)] as const);
    const { count, columns } = await this.#from(Math.min(...since.values())).columns(
      `SELECT f.wearing, count(*)::INTEGER AS n FROM fixes f
         JOIN (VALUES ${wanted.map(([wearing, from]) => `(${wearing}, ${from})`).join(',')}) AS s(wearing, since) ON f.wearing = s.wearing
       WHERE f.at_ms >= s.since AND f.at_ms >= ${Math.min(...wanted.slice(0, -1).map(([, from]) => from))} GROUP BY f.wearing`,
      { wearing: 'i32', n: 'i32' },
    );
    return new Map(Array.from({ length: count }, (_, i) => [columns.wearing[i] as number, columns.n[i] as number]));
  }

  /**
   * Runs a read-only query over `fixes` and gives typed columns.
   * @param from it is about fixes from this moment on, ms since 1970, and about the last of each wearing; all there are unless it says so
   */
  async query<S extends Record<string, ColumnType>>(
    sql: string,
    shape: S,
    {
      from = Number.NEGATIVE_INFINITY,
      ...options
    }: { values?: (number | string)[]; shared?: boolean; rowsExpected?: number; from?: number } = {},
  ): Promise<{ count: number; columns: Columns<S> }> {
    return this.#from(from).columns(sql, shape, options);
  }

  /** Runs a read-only query over `fixes` and hands it over chunk by chunk; `from` as for `query`. */
  async scan<S extends Record<string, ColumnType>>(
    sql: string,
    shape: S,
    values: (number | string)[],
    onChunk: (columns: Columns<S>, count: number) => void,
    from = Number.NEGATIVE_INFINITY,
  ): Promise<void> {
    await this.#from(from).scan(sql, shape, values, onChunk);
  }

  /** How many fixes there are. */
  async count(): Promise<number> {
    const [row] = await this.recent.next.rows<{ n: number }>(`SELECT count(*)::DOUBLE AS n FROM fixes${this.#here()}`);
    return (row?.n ?? 0) + (await this.#olderByTag()).total;
  }

  /** In SQL: fixes of this server's own file that are counted in the lake are not counted here. */
  #here(): string {
    if (!this.lake || this.lake.older.receipt < 0) return '';
    const { before, receipt } = this.lake.older;
    return ` WHERE NOT (at_ms < ${before} AND receipt <= ${receipt})`;
  }

  async #olderByTag(): Promise<{ byTag: ReadonlyMap<number, number>; total: number }> {
    const byTag = (await this.lake?.countOlder()) ?? new Map<number, number>();
    return { byTag, total: [...byTag.values()].reduce((sum, n) => sum + n, 0) };
  }

  /** When what has been in quarantine longest came, ms since 1970; null where there is nothing. */
  async oldestQuarantined(): Promise<number | null> {
    const [row] = await this.recent.next.rows<{ at: number | null }>(
      'SELECT min(received_ms)::DOUBLE AS "at" FROM quarantine WHERE released_by IS NULL',
    );
    return row?.at ?? null;
  }

  async summary(): Promise<{ fixes: number; quarantined: number; tags: number; latest: number | null }> {
    const [row] = await this.recent.next.rows<{ fixes: number; quarantined: number; tags: number; latest: number | null }>(
      `SELECT (SELECT count(*) FROM fixes${this.#here()}) AS fixes, (SELECT count(*) FROM quarantine WHERE released_by IS NULL) AS quarantined,
        (SELECT count(DISTINCT tag) FROM fixes) AS tags, (SELECT max(at_ms) FROM fixes) AS latest`,
    );
    const own = row as { fixes: number; quarantined: number; tags: number; latest: number | null };
    return { ...own, fixes: own.fixes + (await this.#olderByTag()).total };
  }

  /** Latest fix and number of fixes per tag. */
  async lastSeen(): Promise<{ tag: number; at: number; fixes: number; battery: number | null }[]> {
    const counted = this.#here().replace(' WHERE', 'FILTER (WHERE');
    const own = await this.recent.next.rows<{ tag: number; at: number; fixes: number; battery: number | null }>(
      `SELECT tag, max(at_ms) AS "at", count(*) ${counted}${counted && ')'} AS fixes, arg_max(battery, at_ms) AS battery FROM fixes GROUP BY tag`,
    );
    const { byTag } = await this.#olderByTag();
    return own.map((one) => ({ ...one, fixes: one.fixes + (byTag.get(one.tag) ?? 0) }));
  }

  quarantineReasons(): Promise<{ reason: string; count: number }[]> {
    return quarantineReasons(this.recent.next);
  }

  quarantine(options: Parameters<typeof listQuarantined>[1]): Promise<{ rows: QuarantineRow[]; total: number }> {
    return listQuarantined(this.recent.next, options);
  }

  /** How many fixes there are, and when the last receipt came in, ms since 1970; null where none has. */
  async extent(): Promise<{ fixes: number; newestReceiptMs: number | null }> {
    const [row] = await this.recent.next.rows<{ fixes: number; newest: number | null }>(
      `SELECT (SELECT count(*) FROM fixes${this.#here()})::DOUBLE AS fixes, (SELECT max(received_ms) FROM receipts)::DOUBLE AS newest`,
    );
    return { fixes: (row?.fixes ?? 0) + (await this.#olderByTag()).total, newestReceiptMs: row?.newest ?? null };
  }

  /**
   * Up to when positions of some wearings say no more than “at home”, and the oldest fix there is. Ms since 1970.
   * @param from what is before this moment makes no difference to the asker
   */
  async coarsenedUpto(
    wearings: readonly number[],
    from = Number.NEGATIVE_INFINITY,
  ): Promise<{ oldest: number; atHome: Map<number, number> }> {
    const [first] = await this.#from(from).rows<{ oldest: number | null }>('SELECT min(at_ms)::DOUBLE AS oldest FROM fixes');
    const { count, columns } = await this.#from(from).columns(
      `SELECT wearing, max(at_ms) AS at_ms FROM fixes WHERE method = ${atHome}
         AND wearing IN (${[0, ...wearings].map((wearing) => Math.trunc(wearing)).join(',')}) GROUP BY wearing`,
      { wearing: 'i32', at: 'time' },
    );
    const upto = Array.from({ length: count }, (_, i): [number, number] => [columns.wearing[i] as number, columns.at[i] as number]);
    return { oldest: first?.oldest ?? Number.NEGATIVE_INFINITY, atHome: new Map(upto) };
  }
}
