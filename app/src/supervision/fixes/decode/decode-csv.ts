import { decimalIn } from '../../../platform/csv-rows.ts';
import { type Decoded, numberTold, rawFix, shorten } from './raw-fix.ts';
import { readTime } from './read-time.ts';

/** Which column holds what. `tag`, `at`, `lat` and `lon` are needed. */
export interface FixColumnsNamed {
  tag: string;
  at: string;
  lat: string;
  lon: string;
  accuracy?: string;
  speed?: string;
  heading?: string;
  battery?: string;
}

const defaults: FixColumnsNamed = {
  tag: 'tag',
  at: 'at',
  lat: 'lat',
  lon: 'lon',
  accuracy: 'accuracy',
  speed: 'speed',
  heading: 'heading',
  battery: 'battery',
};

/** Reads `tag=vehicle_id,at=timestamp,…`. @throws Error naming an unknown field */
export function readColumnNames(text: string | undefined): FixColumnsNamed {
  const named = { ...defaults };
  for (const part of (text ?? '').split(',').filter((p) => p.trim() !== '')) {
    const [field, column] = part.split('=').map((p) => p.trim());
    if (!field || !column || !(field in defaults)) {
      throw new Error(`--columns has "${part}". Write FIELD=COLUMN with a field of: ${Object.keys(defaults).join(', ')}.`);
    }
    named[field as keyof FixColumnsNamed] = column;
  }
  return named;
}

/** Where each named column stands in a header, or what is missing. */
export function findColumns(header: string[], named: FixColumnsNamed): Record<keyof FixColumnsNamed, number> {
  const names = header.map((name) => name.trim().replace(/^\uFEFF/, ''));
  const found = {} as Record<keyof FixColumnsNamed, number>;
  for (const [field, column] of Object.entries(named) as [keyof FixColumnsNamed, string][]) {
    found[field] = names.indexOf(column);
  }
  const missing = (['tag', 'at', 'lat', 'lon'] as const).filter((field) => found[field] < 0);
  if (missing.length > 0) {
    throw new Error(
      `The file has no column ${missing.map((field) => `"${named[field]}" for ${field}`).join(', ')}. ` +
        `It has: ${names.map((name) => shorten(name, 40)).join(', ')}. Name them with --columns ${missing.map((field) => `${field}=…`).join(',')}.`,
    );
  }
  return found;
}

/** One row of a CSV; `line` counts from 1. */
export function decodeCsvRow(
  row: string[],
  columns: Record<keyof FixColumnsNamed, number>,
  delimiter: string,
  zone: string | undefined,
  line: number,
  into: Decoded,
): void {
  const cell = (field: keyof FixColumnsNamed) => (columns[field] >= 0 ? (row[columns[field]] ?? '') : '');
  const number = (field: keyof FixColumnsNamed) => numberTold(decimalIn(cell(field), delimiter), field, into);
  const tag = cell('tag').trim();
  if (tag === '') {
    into.unreadable.push({ line, field: 'tag', value: shorten(row.join(',')), message: 'The row names no tag.' });
    return;
  }
  const fix = rawFix(tag, readTime(cell('at'), zone), number('lon'), number('lat'));
  const accuracy = number('accuracy');
  fix.accuracyM = accuracy > 0 ? accuracy : Number.NaN;
  fix.speedMps = number('speed');
  fix.headingDeg = number('heading');
  fix.battery = number('battery');
  into.fixes.push(fix);
}
