import { existsSync } from 'node:fs';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { type Columns, type ColumnType, type ColumnValues, chunkRows, emptyChunk, emptyColumn, fillChunk, readColumn } from './columns.ts';

export interface EngineOptions {
  /** Ceiling for DuckDB's own buffers, in megabytes. */
  memoryMb?: number;
  threads?: number;
  /** How much write-ahead log may gather before it is folded into the file, in megabytes. */
  checkpointMb?: number;
  /** Only reads, beside others that do; nobody may write meanwhile. */
  readOnly?: boolean;
}

/** Another process holds the file. */
export class EngineBusyError extends Error {
  override name = 'EngineBusyError';
}

/** The file is there and cannot be read. */
export class EngineDamagedError extends Error {
  override name = 'EngineDamagedError';
}

export type SqlValue = string | number | bigint | boolean | null;

/**
 * One embedded analytical database: a DuckDB file, or memory.
 *
 * The file is locked by the operating system for as long as it is open, and the lock goes with the process
 * however it ends, so a crashed owner never leaves it shut.
 */
export class Engine {
  readonly #instance: DuckDBInstance;
  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  /**
   * Opens a file, or memory with `':memory:'`.
   * @throws EngineBusyError when another process holds the file.
   */
  static async open(path: string, options: EngineOptions = {}): Promise<Engine> {
    const settings: Record<string, string> = {};
    if (options.memoryMb) settings.memory_limit = `${options.memoryMb}MB`;
    if (options.threads) settings.threads = String(options.threads);
    if (options.checkpointMb) settings.checkpoint_threshold = `${options.checkpointMb}MB`;
    if (options.readOnly) settings.access_mode = 'READ_ONLY';
    try {
      return new Engine(await DuckDBInstance.create(path, settings));
    } catch (error) {
      const said = String(error);
      if (/could not set lock|conflicting lock|being used by another process/i.test(said))
        throw new EngineBusyError(`${path} is in use by another process`, { cause: error });
      if (existsSync(path))
        throw new EngineDamagedError(
          `${path} cannot be opened: ${said
            .replace(/^Error:\s*/, '')
            .split('\n')[0]
            ?.slice(
              0,
              300,
            )}. It is damaged, or no file of this program. Restore it from a backup, together with the records; what stands beside it is left as it is.`,
          { cause: error },
        );
      throw error;
    }
  }

  /** A connection of its own; statements on one connection run one after another. */
  async connect(): Promise<Connection> {
    return new Connection(await this.#instance.connect());
  }

  close(): void {
    this.#instance.closeSync();
  }
}

/**
 * Statements on one connection run one after another: a result that is still being read would end without a word as soon as
 * the next statement began, and a question would seem to have no answer.
 */
export class Connection {
  readonly #duck: DuckDBConnection;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Says in other words what goes wrong here, for whoever may not be told it as it is. */
  rephrase: (error: unknown) => unknown = (error) => error;

  constructor(duck: DuckDBConnection) {
    this.#duck = duck;
  }

  /** How many statements are under way or wait their turn. */
  get busy(): number {
    return this.#waiting;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const own = this.#last
      .then(work)
      .catch((error) => Promise.reject(this.rephrase(error)))
      .finally(() => {
        this.#waiting--;
      });
    this.#last = own.catch(() => undefined);
    return own;
  }

  /** Runs a statement and forgets its result. */
  async run(sql: string, values: SqlValue[] = []): Promise<void> {
    await this.#inTurn(() => this.#duck.run(sql, given(values)));
  }

  /** Rows as plain objects; BIGINT comes back as a number. */
  async rows<T>(sql: string, values: SqlValue[] = []): Promise<T[]> {
    const reader = await this.#inTurn(() => this.#duck.runAndReadAll(sql, given(values)));
    const rows = reader.getRowObjects();
    for (const row of rows) for (const key in row) if (typeof row[key] === 'bigint') row[key] = Number(row[key]);
    return rows as T[];
  }

  /**
   * The result as one typed array per column, in the order of `shape`.
   *
   * @param shared puts numbers on shared memory, for worker threads to read without a copy.
   * @param rowsExpected sizes the arrays at once; they grow when it was too low.
   */
  async columns<S extends Record<string, ColumnType>>(
    sql: string,
    shape: S,
    { values = [], shared = false, rowsExpected = 4 * chunkRows }: { values?: SqlValue[]; shared?: boolean; rowsExpected?: number } = {},
  ): Promise<{ count: number; columns: Columns<S> }> {
    return this.#inTurn(() => this.#columns(sql, shape, values, shared, rowsExpected));
  }

  async #columns<S extends Record<string, ColumnType>>(
    sql: string,
    shape: S,
    values: SqlValue[],
    shared: boolean,
    rowsExpected: number,
  ): Promise<{ count: number; columns: Columns<S> }> {
    const types = Object.values(shape);
    let room = Math.max(chunkRows, rowsExpected);
    let arrays = types.map((type) => emptyColumn(type, room, shared));
    let count = 0;
    const result = await this.#duck.stream(sql, values as DuckDBValue[]);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) break;
      if (count + chunk.rowCount > room) {
        room = Math.ceil((count + chunk.rowCount) * 1.5);
        arrays = arrays.map((array, i) => copyInto(emptyColumn(types[i] as ColumnType, room, shared), array));
      }
      for (let i = 0; i < types.length; i++) readColumn(chunk, i, types[i] as ColumnType, arrays[i] as ColumnValues[ColumnType], count);
      count += chunk.rowCount;
    }
    const trimmed = arrays.map((array) => (Array.isArray(array) ? array.slice(0, count) : array.subarray(0, count)));
    return { count, columns: Object.fromEntries(Object.keys(shape).map((key, i) => [key, trimmed[i]])) as Columns<S> };
  }

  /** Hands the result over chunk by chunk, so that a large one is never held twice. The columns are reused between calls. */
  async scan<S extends Record<string, ColumnType>>(
    sql: string,
    shape: S,
    values: SqlValue[],
    onChunk: (columns: Columns<S>, count: number) => void,
  ): Promise<void> {
    return this.#inTurn(() => this.#scan(sql, shape, values, onChunk));
  }

  async #scan<S extends Record<string, ColumnType>>(
    sql: string,
    shape: S,
    values: SqlValue[],
    onChunk: (columns: Columns<S>, count: number) => void,
  ): Promise<void> {
    const types = Object.values(shape);
    const arrays = types.map((type) => emptyColumn(type, chunkRows));
    const columns = Object.fromEntries(Object.keys(shape).map((key, i) => [key, arrays[i]])) as Columns<S>;
    const result = await this.#duck.stream(sql, values as DuckDBValue[]);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) return;
      for (let i = 0; i < types.length; i++) readColumn(chunk, i, types[i] as ColumnType, arrays[i] as ColumnValues[ColumnType], 0);
      onChunk(columns, chunk.rowCount);
    }
  }

  /** Appends `count` rows of typed columns to a table whose columns stand in the same order as `shape`. */
  async append<S extends Record<string, ColumnType>>(table: string, shape: S, columns: Columns<S>, count: number): Promise<void> {
    return this.#inTurn(() => this.#append(table, shape, columns, count));
  }

  async #append<S extends Record<string, ColumnType>>(table: string, shape: S, columns: Columns<S>, count: number): Promise<void> {
    const types = Object.values(shape);
    const arrays = Object.keys(shape).map((key) => columns[key] as ColumnValues[ColumnType]);
    const appender = await this.#duck.createAppender(table);
    const chunk = emptyChunk(types);
    for (let from = 0; from < count; from += chunkRows) {
      fillChunk(chunk, types, arrays, from, Math.min(chunkRows, count - from));
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
  }

  /** Runs `work` between BEGIN and COMMIT; any error rolls all of it back. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.run('BEGIN TRANSACTION');
    try {
      const result = await work();
      await this.run('COMMIT');
      return result;
    } catch (error) {
      await this.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  close(): void {
    this.#duck.closeSync();
  }

  /** Closes when every statement has had its answer. */
  async end(): Promise<void> {
    await this.#last;
    this.#duck.closeSync();
  }
}

/** What is prepared is planned in another transaction than it runs in, which some statements on attached databases cannot bear. */
const given = (values: SqlValue[]): DuckDBValue[] | undefined => (values.length > 0 ? (values as DuckDBValue[]) : undefined);

/** Several connections for reading, so that a long answer keeps no short question waiting. */
export class Readers {
  readonly #connections: readonly Connection[];

  private constructor(connections: readonly Connection[]) {
    this.#connections = connections;
  }

  static async open(engine: Engine, count: number): Promise<Readers> {
    return new Readers(await Promise.all(Array.from({ length: count }, () => engine.connect())));
  }

  get all(): readonly Connection[] {
    return this.#connections;
  }

  /** The connection with the least to do. */
  get next(): Connection {
    return this.#connections.reduce((best, own) => (own.busy < best.busy ? own : best));
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    for (const connection of this.#connections) await connection.end();
  }
}

function copyInto<T extends ColumnValues[ColumnType]>(target: T, source: T): T {
  if (Array.isArray(target)) for (let i = 0; i < source.length; i++) target[i] = (source as (string | null)[])[i] as string | null;
  else (target as Float64Array).set(source as Float64Array);
  return target;
}
