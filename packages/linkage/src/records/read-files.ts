import { type Connection, Engine } from '@waymark/engine';
import type { Field } from '../standardise/field.ts';
import { Records } from './records.ts';

/** A file cannot be read, or lacks what was asked for. */
export class InputFileError extends Error {
  override name = 'InputFileError';
}

/** A file of records as a table of text. */
export interface InputFile {
  path: string;
  /** Column names, trimmed. */
  columns: string[];
  rows: number;
}

/** Files of records opened for reading; call `close` when done. CSV (any separator, gzip) and Parquet. */
export class InputFiles {
  readonly files: InputFile[] = [];
  readonly #engine: Engine;
  readonly #db: Connection;

  private constructor(engine: Engine, db: Connection) {
    this.#engine = engine;
    this.#db = db;
  }

  /**
   * @throws InputFileError naming the file and what is wrong with it
   */
  static async open(paths: string[], memoryMb = 1024): Promise<InputFiles> {
    const engine = await Engine.open(':memory:', { memoryMb });
    const input = new InputFiles(engine, await engine.connect());
    try {
      for (const path of paths) await input.#openOne(path);
      return input;
    } catch (error) {
      input.close();
      throw error;
    }
  }

  async #openOne(path: string): Promise<void> {
    const table = `input_${this.files.length}`;
    const quoted = path.replace(/'/g, "''");
    const source = /\.(parquet|pq)$/i.test(path)
      ? `read_parquet('${quoted}')`
      : `read_csv('${quoted}', all_varchar = true, header = true, null_padding = true)`;
    try {
      await this.#db.run(`CREATE TABLE ${table} AS SELECT * FROM ${source}`);
    } catch (error) {
      throw new InputFileError(`${path} cannot be read: ${(error as Error).message.split('\n')[0]}`, { cause: error });
    }
    const described = await this.#db.rows<{ column_name: string }>(
      `SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index`,
      [table],
    );
    const columns = described.map(({ column_name }) => column_name.trim());
    const twice = columns.find((column, i) => columns.indexOf(column) !== i);
    if (twice !== undefined) throw new InputFileError(`${path} has two columns called "${twice}"; rename one`);
    for (const [i, { column_name }] of described.entries()) {
      await this.#db.run(`ALTER TABLE ${table} RENAME COLUMN "${column_name.replace(/"/g, '""')}" TO c${i}`);
    }
    const [counted] = await this.#db.rows<{ n: number }>(`SELECT count(*) AS n FROM ${table}`);
    this.files.push({ path, columns, rows: counted?.n ?? 0 });
  }

  /** Columns that every file has. */
  get columns(): string[] {
    const [first, ...rest] = this.files;
    return (first?.columns ?? []).filter((column) => rest.every(({ columns }) => columns.includes(column)));
  }

  /** Up to `limit` values of each column of a file, for guessing what they are; `null` where empty. */
  async sample(file: number, limit: number): Promise<Map<string, (string | null)[]>> {
    const { columns } = this.files[file] as InputFile;
    const found = new Map<string, (string | null)[]>(columns.map((column) => [column, []]));
    await this.#scan(
      file,
      columns.map((_, i) => i),
      `USING SAMPLE reservoir(${Math.trunc(limit)} ROWS) REPEATABLE (1)`,
      (values) => {
        values.forEach((value, i) => {
          found.get(columns[i] as string)?.push(value);
        });
      },
    );
    return found;
  }

  /**
   * Reads the records of all files. Without an id column they are numbered; several files become several sources, named by
   * their paths, unless `sourceColumn` tells the source of each record.
   */
  async read(
    fields: Field[],
    options: { idColumn?: string; sourceColumn?: string; keep?: string[]; onProgress?: (done: number, all: number) => void } = {},
  ): Promise<{ records: Records; kept: Map<string, (string | null)[]> }> {
    const records = new Records(fields);
    const keep = options.keep ?? [];
    const kept = new Map<string, (string | null)[]>(keep.map((column) => [column, []]));
    const all = this.files.reduce((sum, { rows }) => sum + rows, 0);
    const wanted = [...new Set([...fields.flatMap(({ from }) => from), options.idColumn, options.sourceColumn, ...keep])].filter(
      (column) => column !== undefined,
    );
    for (const [f, file] of this.files.entries()) {
      const places = wanted.map((column) => {
        const place = file.columns.indexOf(column);
        if (place < 0) throw new InputFileError(`${file.path} has no column "${column}"; it has ${file.columns.join(', ')}`);
        return place;
      });
      const position = new Map(wanted.map((column, i) => [column, i]));
      const idAt = options.idColumn === undefined ? -1 : (position.get(options.idColumn) as number);
      const sourceAt = options.sourceColumn === undefined ? -1 : (position.get(options.sourceColumn) as number);
      const ownSource = this.files.length > 1 ? file.path : '';
      let number = 0;
      let current: (string | null)[] = [];
      const read = (column: string) => current[position.get(column) as number] ?? null;
      await this.#scan(f, places, '', (values) => {
        current = values;
        number++;
        const id = idAt < 0 ? String(number) : (values[idAt]?.trim() ?? '');
        records.add(id, sourceAt < 0 ? ownSource : (values[sourceAt] ?? ''), read);
        for (const column of keep) kept.get(column)?.push(read(column));
        if (records.count % 20_000 === 0) options.onProgress?.(records.count, all);
      });
    }
    options.onProgress?.(records.count, all);
    return { records, kept };
  }

  async #scan(file: number, places: number[], suffix: string, onRow: (values: (string | null)[]) => void): Promise<void> {
    const shape = Object.fromEntries(places.map((place) => [`c${place}`, 'text' as const]));
    const list = places.map((place) => `CAST(c${place} AS VARCHAR) AS c${place}`).join(', ');
    const names = places.map((place) => `c${place}`);
    if (names.length === 0) return;
    await this.#db.scan(`SELECT ${list} FROM input_${file} ${suffix}`, shape, [], (columns, count) => {
      for (let i = 0; i < count; i++) onRow(names.map((name) => columns[name]?.[i] ?? null));
    });
  }

  close(): void {
    this.#db.close();
    this.#engine.close();
  }
}
