import type { Place } from '@waymark/presence';
import { parse } from 'csv-parse/sync';
import { numberOf } from '../fixes/raw-fix.ts';
import { readTime } from '../fixes/read-time.ts';
import type { ImportProblem } from '../tables.ts';
import { crimeTypes, windowAtMostMs } from './crime-types.ts';
import { isBadText, noForce, type ParsedCrime, type ParsedCrimes, problem } from './parsed-crime.ts';

const needed = ['reference', 'from', 'to', 'latitude', 'longitude'] as const;

/** Is the first line a header of our own form? */
export function looksHeaded(text: string): boolean {
  const header = (text.replace(/^\uFEFF/, '').split(/\r?\n/, 1)[0] ?? '').toLowerCase();
  return /(^|[,;])\s*"?reference"?\s*([,;]|$)/.test(header);
}

/** CSV with a header: `reference,type,from,to,latitude,longitude,uncertainty_m,text` and optionally `force`. Comma or semicolon. */
export function parseHeadedCsv(text: string, strict = false): ParsedCrimes {
  const problems: ImportProblem[] = [];
  const first = text.replace(/^\uFEFF/, '').split(/\r?\n/, 1)[0] ?? '';
  const delimiter = first.split(';').length > first.split(',').length ? ';' : ',';
  let rows: { record: Record<string, string>; info: { lines: number } }[];
  try {
    rows = parse(text, {
      bom: true,
      delimiter,
      columns: (header: string[]) => header.map((name) => name.trim().toLowerCase()),
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      trim: true,
      info: true,
    }) as unknown as typeof rows;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      format: 'headed csv',
      rows: 0,
      crimes: [],
      problems: [
        problem(0, 'file', message, 'INVALID_ATTACHMENT', 'The file cannot be read as CSV.', 'Check its quotation marks and separators.'),
      ],
    };
  }
  const missing = needed.filter((name) => rows.length > 0 && !(name in (rows[0]?.record ?? {})));
  if (missing.length > 0) {
    return {
      format: 'headed csv',
      rows: rows.length,
      crimes: [],
      problems: [
        problem(
          1,
          missing.join(', '),
          first,
          'INVALID_COLUMN_COUNT',
          `The header lacks ${missing.join(', ')}.`,
          'Use the header reference,type,from,to,latitude,longitude,uncertainty_m,text.',
        ),
      ],
    };
  }
  const crimes: ParsedCrime[] = [];
  for (const { record, info } of rows) {
    const crime = readHeadedRow(record, info.lines, problems, strict);
    if (crime) crimes.push(crime);
  }
  return { format: 'headed csv', rows: rows.length, crimes, problems };
}

function readHeadedRow(record: Record<string, string>, row: number, problems: ImportProblem[], strict: boolean): ParsedCrime | null {
  const lat = numberOf(record.latitude);
  const lon = numberOf(record.longitude);
  const place: Place | null =
    Math.abs(lat) <= 90 && Math.abs(lon) <= 180
      ? { kind: 'point', lon, lat, uncertaintyM: Math.max(0, numberOf(record.uncertainty_m) || 0) }
      : null;
  if (!place) {
    const empty = !record.latitude && !record.longitude;
    const bad = Number.isNaN(lat) ? 'latitude' : Number.isNaN(lon) ? 'longitude' : Math.abs(lat) > 90 ? 'latitude' : 'longitude';
    const code = empty
      ? 'MISSING_LOCATION_DATA'
      : Number.isNaN(lat) || Number.isNaN(lon)
        ? 'INVALID_NUMBER'
        : 'INVALID_LOCATION_DATA_RANGE';
    problems.push(
      problem(
        row,
        bad,
        record[bad] ?? '',
        code,
        'The place is missing or impossible.',
        'Give latitude within ±90 and longitude within ±180.',
      ),
    );
  }
  return readProperties(record, place, row, problems, strict);
}

/** What headed CSV and GeoJSON have in common. */
export function readProperties(
  record: Record<string, unknown>,
  place: Place | null,
  row: number,
  problems: ImportProblem[],
  strict: boolean,
): ParsedCrime | null {
  const text = (name: string) => (record[name] === undefined || record[name] === null ? '' : String(record[name]).trim());
  const before = problems.filter((p) => p.severity === 'error').length;
  const say = (field: string, code: string, message: string, action: string, severity?: 'warning') =>
    problems.push(problem(row, field, text(field), code, message, action, severity));
  if (text('reference') === '')
    say('reference', 'MISSING_CRIME_REFERENCE', 'The crime has no reference.', 'Give the reference of the crime.');
  const type = text('type').toUpperCase();
  if (type !== '' && !Object.hasOwn(crimeTypes, type)) {
    say(
      'type',
      'INVALID_CRIME_TYPE',
      'This crime type is not known.',
      `Use one of: ${Object.keys(crimeTypes).join(', ')}, or leave it empty.`,
    );
  }
  const from = readTime(text('from'));
  const to = readTime(text('to') === '' ? text('from') : text('to'));
  const action = 'Write ISO 8601 with an offset, such as 2026-01-26T16:00:00Z.';
  if (Number.isNaN(from)) say('from', 'INVALID_FROM_DATE_FORMAT', 'The beginning of the window is not a time with an offset.', action);
  if (Number.isNaN(to)) say('to', 'INVALID_TO_DATE_FORMAT', 'The end of the window is not a time with an offset.', action);
  if (to < from)
    say('to', 'CRIME_DATE_TIME_TO_AFTER_FROM', 'The window ends before it begins.', 'The end must be the same as the beginning or later.');
  if (to - from > windowAtMostMs) {
    say(
      'to',
      'CRIME_DATE_TIME_EXCEEDS_WINDOW',
      'The window is longer than 12 hours.',
      strict ? 'Give a window of at most 12 hours.' : 'It was taken as it is; a long window makes verdicts less certain.',
      strict ? undefined : 'warning',
    );
  }
  for (const name of ['reference', 'text', 'force']) {
    if (isBadText(text(name)))
      say(name, 'INVALID_TEXT', 'The text holds characters that cannot be read.', 'Save the file as UTF-8 and remove control characters.');
  }
  if (!place || problems.filter((p) => p.severity === 'error').length > before) return null;
  return { row, force: text('force') || noForce, reference: text('reference'), type, from, to, place, text: text('text'), batch: null };
}
