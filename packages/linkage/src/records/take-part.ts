import { doubleMetaphone } from 'double-metaphone';
import type { Part } from '../model/model.ts';
import { listSeparator } from '../standardise/index.ts';
import type { FieldColumn } from './records.ts';

/** The part of one standard value that a rule compares; `null` where the value has none. */
export function takePart(value: string, { take, length = 1 }: Part): string | null {
  switch (take) {
    case undefined:
      return value;
    case 'first':
      return value.length < length ? null : value.slice(0, length);
    case 'last':
      return value.length < length ? null : value.slice(-length);
    case 'year':
      return value.slice(0, 4);
    case 'month and day':
      return value.length === 10 ? value.slice(5) : null;
    case 'area':
      return /^[A-Z]{1,2}/.exec(value)?.[0] ?? null;
    case 'outward':
      return value.split(' ')[0] ?? null;
    case 'sector':
      return value.includes(' ') ? value.slice(0, -2) : null;
    case 'before @':
      return value.split('@')[0] || null;
    case 'sound':
      return sound(value);
    case 'sorted words':
      return value.split(' ').sort().join(' ');
    case 'longest word':
      return value.split(' ').reduce((longest, word) => (word.length > longest.length ? word : longest), '');
  }
}

/** Double Metaphone (Philips 2000) of the first word; names it has no sound for sound like themselves. */
function sound(value: string): string {
  const word = value.split(' ')[0] as string;
  return doubleMetaphone(word)[0] || word;
}

/** The part of several fields of one record: their words in one order, so that a name whose halves changed places still meets itself. */
export function jointPart(columns: FieldColumn[], row: number, part: Part): string | null {
  const words: string[] = [];
  for (const column of columns) {
    const value = column.value(row);
    if (value === null) return null;
    words.push(...value.split(' '));
  }
  return takePart(words.sort().join(' '), part);
}

/** The values of a list field, or the one value of another. */
export function listed(value: string): string[] {
  return value.split(listSeparator);
}
