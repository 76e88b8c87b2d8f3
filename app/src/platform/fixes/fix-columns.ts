import { emptyColumn } from '@waymark/engine';
import { type FixColumns, fixShape } from './fix.ts';

/** Columns with room for `count` fixes. */
export function fixColumns(count: number): FixColumns {
  return Object.fromEntries(Object.entries(fixShape).map(([name, type]) => [name, emptyColumn(type, count)])) as FixColumns;
}

/** The rows that are marked. */
export function rowsOf(marked: Uint8Array): number[] {
  const rows: number[] = [];
  for (let i = 0; i < marked.length; i++) if (marked[i]) rows.push(i);
  return rows;
}

/** Copies some rows of a column, or all of them at once, behind what another holds. */
export function copyRows(
  into: FixColumns[keyof FixColumns],
  at: number,
  from: FixColumns[keyof FixColumns],
  rows: number[],
  all: number,
): void {
  if (!Array.isArray(into) && rows.length === all && all > 8) {
    (into as Float64Array).set((from as Float64Array).subarray(0, all), at);
    return;
  }
  for (let i = 0; i < rows.length; i++) (into as unknown[])[at + i] = from[rows[i] as number];
}
