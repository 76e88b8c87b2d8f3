import type { Field } from '../standardise/field.ts';
import { standardise } from '../standardise/index.ts';
import { Dictionary } from './dictionary.ts';

/** A row as it comes in: column to value. Numbers and dates are taken as their text. */
export type Row = Record<string, unknown>;

/** Codes of all records, record by record: what is compared of one record lies side by side. */
class Codes {
  readonly width: number;
  #cells = new Int32Array(4096);

  constructor(width: number) {
    this.width = Math.max(1, width);
  }

  at(row: number, place: number): number {
    return this.#cells[row * this.width + place] as number;
  }

  set(row: number, place: number, code: number): void {
    const cell = row * this.width + place;
    if (cell >= this.#cells.length) this.#cells = grown(this.#cells, Math.max(2 * this.#cells.length, cell + this.width));
    this.#cells[cell] = code;
  }
}

/** One field of all records. */
export class FieldColumn {
  field: Field;
  readonly dictionary = new Dictionary();
  /** Records whose value is known. */
  known = 0;
  readonly #codes: Codes;
  readonly #place: number;

  constructor(field: Field, codes: Codes, place: number) {
    this.field = field;
    this.#codes = codes;
    this.#place = place;
  }

  /** The code of a record's standard value in the dictionary, −1 where nothing is known. */
  code(row: number): number {
    return this.#codes.at(row, this.#place);
  }

  /** The standard value of a record, null where nothing is known. */
  value(row: number): string | null {
    const code = this.code(row);
    return code < 0 ? null : (this.dictionary.values[code] as string);
  }

  setCode(row: number, code: number): void {
    this.#codes.set(row, this.#place, code);
  }
}

/** Two records came in with the same id from the same source, or an id is missing. */
export class RecordIdError extends Error {
  override name = 'RecordIdError';
}

/**
 * Records with their fields standardised and coded, ready to be compared. Each distinct raw value is standardised once.
 */
export class Records {
  readonly fields: FieldColumn[];
  readonly ids: string[] = [];
  /** Names of sources, and the source of each record as an index into them; all 0 where there is one only. */
  readonly sources: string[] = [];
  sourceOf = new Int32Array(1024);
  /** Rows that were removed keep their number; nothing is ever linked to them. */
  readonly removed = new Set<number>();
  readonly #index = new Map<string, number>();
  readonly #seen: Map<string, number>[];

  constructor(fields: Field[]) {
    const codes = new Codes(fields.length);
    this.fields = fields.map((field, place) => new FieldColumn(field, codes, place));
    this.#seen = fields.map(() => new Map());
  }

  get count(): number {
    return this.ids.length;
  }

  /** Live records: all but the removed. */
  get size(): number {
    return this.ids.length - this.removed.size;
  }

  column(name: string): FieldColumn {
    const found = this.fields.find(({ field }) => field.name === name);
    if (!found) throw new TypeError(`The records have no field "${name}"`);
    return found;
  }

  /** The row of a record, or −1. */
  find(id: string, source = ''): number {
    const row = this.#index.get(`${source}\u0000${id}`);
    return row === undefined || this.removed.has(row) ? -1 : row;
  }

  /** The standard value of a field of a record, for people to read; `null` where nothing is known. */
  value(row: number, fieldName: string): string | null {
    return this.column(fieldName).value(row);
  }

  /**
   * Adds one record and gives its row.
   * @param read the raw value of a column
   * @throws RecordIdError when the id is empty or taken by another record of the same source
   */
  add(id: string, source: string, read: (column: string) => string | null): number {
    const key = `${source}\u0000${id}`;
    const before = this.#index.get(key);
    if (id === '') throw new RecordIdError(`Record ${this.count + 1} has no id; give each record one, or let them be numbered`);
    if (before !== undefined && !this.removed.has(before)) {
      throw new RecordIdError(`The id "${id}" stands twice${source ? ` in ${source}` : ''}: records ${before + 1} and ${this.count + 1}`);
    }
    const row = this.count;
    this.#grow(row);
    this.ids.push(id);
    this.#index.set(key, row);
    let sourceIndex = this.sources.indexOf(source);
    if (sourceIndex < 0) sourceIndex = this.sources.push(source) - 1;
    this.sourceOf[row] = sourceIndex;
    for (let f = 0; f < this.fields.length; f++) {
      const column = this.fields[f] as FieldColumn;
      const code = this.#codeOf(f, read);
      column.setCode(row, code);
      if (code < 0) continue;
      column.dictionary.tally(code, 1);
      column.known++;
    }
    return row;
  }

  /** Forgets which raw values were seen, after the meaning of columns changed. */
  forgetRaw(): void {
    for (const seen of this.#seen) seen.clear();
  }

  /** Takes a record out; its row stays empty. */
  remove(row: number): void {
    if (this.removed.has(row)) return;
    this.removed.add(row);
    this.#forget(row);
  }

  /** Takes back the record added last, as if it had never come. */
  withdraw(): void {
    const row = this.count - 1;
    this.#forget(row);
    this.removed.delete(row);
    this.#index.delete(`${this.sources[this.sourceOf[row] as number]}\u0000${this.ids[row]}`);
    this.ids.pop();
  }

  #forget(row: number): void {
    for (const column of this.fields) {
      const code = column.code(row);
      if (code < 0) continue;
      column.dictionary.tally(code, -1);
      column.known--;
      column.setCode(row, -1);
    }
  }

  #codeOf(f: number, read: (column: string) => string | null): number {
    const { field, dictionary } = this.fields[f] as FieldColumn;
    const raw = field.from.map(read);
    const single = field.from.length === 1;
    const key = single ? raw[0] : raw.map((value) => value ?? '').join('\u0000');
    if (key === null || key === undefined || key === '') return -1;
    const seen = this.#seen[f] as Map<string, number>;
    const known = seen.get(key);
    if (known !== undefined) return known;
    const value = standardise(field, raw);
    const code = value === null ? -1 : dictionary.code(value);
    // Very long values are standardised each time rather than kept.
    if (key.length < 2000) seen.set(key, code);
    return code;
  }

  #grow(row: number): void {
    if (row < this.sourceOf.length) return;
    this.sourceOf = grown(this.sourceOf, 2 * this.sourceOf.length);
  }
}

function grown(array: Int32Array, room: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(room);
  larger.set(array);
  return larger;
}

/** A raw value as text: `null` for nothing; dates as ISO, everything else as JavaScript writes it. */
export function rawText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString().slice(0, 10);
  if (Array.isArray(value)) return value.map((item) => rawText(item) ?? '').join(';');
  return String(value);
}
