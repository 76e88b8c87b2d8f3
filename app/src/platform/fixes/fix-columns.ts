import { emptyColumn } from '@waymark/engine';
import { type FixColumns, fixShape } from './fix.ts';

/** Columns with room for `count` fixes. */
export function fixColumns(count: number): FixColumns {
  return Object.fromEntries(Object.entries(fixShape).map(([name, type]) => [name, emptyColumn(type, count)])) as FixColumns;
}
