import { ToldError } from '../../platform/told-error.ts';
import type { RowProblem } from '../schema/tables.ts';
import type { RawRow } from './mapping.ts';

/** A file cannot be read as what the mapping says it is; the message says what to do. */
export class FileFault extends ToldError {
  override name = 'FileFault';
}

/** What reading a file gives: its columns where it has headings, and its rows one after another. */
export interface RowSource {
  /** Null where data is nested and every row may have others. */
  columns: string[] | null;
  rows: AsyncIterable<RawRow> | Iterable<RawRow>;
  /** Faults that belong to no row, such as a reference that leads nowhere; complete when the rows have been read. */
  problems: RowProblem[];
  /** What was sent and is read by no mapping, by kind; complete when the rows have been read. */
  unread?: Record<string, number>;
  /** SHA-256 of what was read, complete when the rows have been; of a file it is known before. */
  digest?: () => string;
  /** Lets go of what is open; called when the rows are not read to their end. */
  close?: () => Promise<void>;
}

/** A row of nested data: a path such as `personal.givenName`, with the first element where there are several. */
export function nestedRow(place: number, value: unknown): RawRow {
  return { place, ...reader(value) };
}

function reader(value: unknown): Omit<RawRow, 'place'> {
  return {
    get: (path) => textAt(value, path),
    each: (path) => {
      const found = valueAt(value, path);
      return (Array.isArray(found) ? found : found === undefined || found === null ? [] : [found]).map(reader);
    },
  };
}

function valueAt(value: unknown, path: string): unknown {
  let at = value;
  for (const step of path.split('.')) {
    if (Array.isArray(at) && !/^\d+$/.test(step)) at = at[0];
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

function textAt(value: unknown, path: string): string | null {
  let found = valueAt(value, path);
  if (Array.isArray(found)) found = found[0];
  if (found === undefined || found === null || typeof found === 'object') return null;
  return String(found);
}

/** The headings of a table and where each stands. @throws FileFault when one stands twice, for it is not known which is meant */
export function headingsOf(cells: readonly string[]): { columns: string[]; places: Map<string, number> } {
  const columns = cells.map((cell) => cell.trim());
  const places = new Map<string, number>();
  for (const [i, name] of columns.entries()) {
    const before = places.get(name);
    if (name !== '' && before !== undefined)
      throw new FileFault(
        `The heading "${name.slice(0, 60)}" stands twice, in columns ${before + 1} and ${i + 1}. Rename one of them, so that each is known.`,
      );
    places.set(name, i);
  }
  return { columns, places };
}

/** A row of a table, by heading. */
export function tableRow(place: number, columns: ReadonlyMap<string, number>, cells: readonly (string | null)[]): RawRow {
  return {
    place,
    get: (column) => {
      const at = columns.get(column);
      return at === undefined ? null : (cells[at] ?? null);
    },
    each: () => [],
  };
}
