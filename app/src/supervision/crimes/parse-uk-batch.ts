import type { Place } from '@waymark/presence';
import { fromBritishGrid } from '../../platform/british-grid.ts';
import { csvRows } from '../../platform/csv-rows.ts';
import type { ImportProblem } from '../schema/tables.ts';
import { crimeTypes, policeForces, windowAtMostMs } from './crime-types.ts';
import { type CrimeFileOptions, isBadText, type ParsedCrime, type ParsedCrimes, problem } from './parsed-crime.ts';

const fields = [
  'policeForce',
  'crimeTypeId',
  'crimeTypeDescription',
  'batchId',
  'crimeReference',
  'crimeDateTimeFrom',
  'crimeDateTimeTo',
  'easting',
  'northing',
  'latitude',
  'longitude',
  'datum',
  'crimeText',
] as const;
type Field = (typeof fields)[number];
type Row = Record<Field, string>;

/** The UK crime-matching batch: CSV without header, 13 columns by position. Bad rows are refused, the others kept. */
export function parseUkBatch(text: string, options: CrimeFileOptions = {}): ParsedCrimes {
  const problems: ImportProblem[] = [];
  const rows = readRows(text, problems);
  const crimes: ParsedCrime[] = [];
  for (const { cells, number } of rows) {
    if (isHeader(cells)) {
      problems.push(
        problem(
          number,
          'row',
          cells.join(','),
          'HEADER_ROW',
          'This row is a header; a batch has none.',
          'It was passed over. Leave it out.',
          'warning',
        ),
      );
      continue;
    }
    const found: ImportProblem[] = [];
    const crime = readRow(cells, number, found, options);
    problems.push(...found);
    if (crime && !found.some((p) => p.severity === 'error')) crimes.push(crime);
  }
  const whole = wholeFileProblems(rows.length, crimes);
  if (whole.length > 0) return { format: 'uk batch', rows: rows.length, crimes: [], problems: [...whole, ...problems] };
  return { format: 'uk batch', rows: rows.length, crimes, problems };
}

/** A row that names the columns, in whatever case. */
function isHeader(cells: readonly string[]): boolean {
  const named = cells.filter((cell, i) => cell.replace(/[^a-z]/gi, '').toLowerCase() === (fields[i] ?? '').toLowerCase()).length;
  return named >= 3;
}

interface NumberedRow {
  cells: string[];
  number: number;
}

function readRows(text: string, problems: ImportProblem[]): NumberedRow[] {
  const rows: NumberedRow[] = [];
  for (const row of csvRows(text, ',').rows) {
    if (!('cells' in row)) {
      problems.push(problem(row.line, 'row', row.text, 'INVALID_TEXT', 'The row has a quotation mark that does not close.', row.problem));
      continue;
    }
    const cells = row.cells.map((cell) => cell.trim());
    if (cells.some((cell) => cell !== '')) rows.push({ cells, number: row.line });
  }
  return rows;
}

/** Only rows that are good count: one that is misspelt is refused by itself. */
function wholeFileProblems(rows: number, crimes: readonly ParsedCrime[]): ImportProblem[] {
  const forces = new Set(crimes.map(({ force }) => force));
  const batches = new Set(crimes.map(({ batch }) => batch ?? ''));
  const problems: ImportProblem[] = [];
  if (rows === 0) {
    problems.push(problem(0, 'file', '', 'INVALID_ATTACHMENT', 'The file holds no rows.', 'Send a CSV file with one crime per row.'));
  }
  if (forces.size > 1) {
    problems.push(
      problem(
        0,
        'policeForce',
        [...forces].join(', '),
        'MULTIPLE_POLICE_FORCES',
        'The file names more than one police force.',
        'Send one file per force.',
      ),
    );
  }
  if (batches.size > 1) {
    problems.push(
      problem(
        0,
        'batchId',
        [...batches].join(', '),
        'MULTIPLE_BATCH_IDS',
        'The file names more than one batch.',
        'Send one file per batch.',
      ),
    );
  }
  return problems;
}

function readRow(cells: string[], number: number, problems: ImportProblem[], options: CrimeFileOptions): ParsedCrime | null {
  const say = (field: Field | 'row', value: string, code: string, message: string, action: string, severity?: 'warning') =>
    problems.push(problem(number, field, value, code, message, action, severity));
  if (cells.length !== fields.length) {
    say(
      'row',
      cells.join(','),
      'INVALID_COLUMN_COUNT',
      `The row has ${cells.length} columns; 13 are needed.`,
      'Check for missing or extra commas; put text with commas in quotation marks.',
    );
    return null;
  }
  const row = Object.fromEntries(fields.map((field, i) => [field, (cells[i] ?? '').trim()])) as Row;
  for (const field of ['policeForce', 'crimeTypeId', 'batchId', 'crimeReference', 'crimeText'] as const) {
    if (isBadText(row[field]))
      say(
        field,
        row[field],
        'INVALID_TEXT',
        'The text holds characters that cannot be read.',
        'Save the file as UTF-8 and remove control characters.',
      );
  }
  const force = Object.keys(policeForces).find((name) => name === row.policeForce);
  if (!force) {
    say(
      'policeForce',
      row.policeForce,
      'INVALID_POLICE_FORCE',
      'This police force is not known.',
      `Use one of: ${Object.keys(policeForces).join(', ')}.`,
    );
  }
  const type = row.crimeTypeId.toUpperCase();
  if (!Object.hasOwn(crimeTypes, type)) {
    say(
      'crimeTypeId',
      row.crimeTypeId,
      'INVALID_CRIME_TYPE',
      'This crime type is not known.',
      `Use one of: ${Object.keys(crimeTypes).join(', ')}.`,
    );
  }
  checkBatch(row.batchId, force, say);
  if (row.crimeReference === '')
    say('crimeReference', '', 'MISSING_CRIME_REFERENCE', 'The crime has no reference.', 'Give the reference of the crime.');
  const from = readDate(row.crimeDateTimeFrom);
  const to = readDate(row.crimeDateTimeTo);
  const dateAction = 'Write the date and time in UTC as yyyyMMddHHmmss.';
  if (from === null)
    say('crimeDateTimeFrom', row.crimeDateTimeFrom, 'INVALID_FROM_DATE_FORMAT', 'The beginning of the window is not a date.', dateAction);
  if (to === null)
    say('crimeDateTimeTo', row.crimeDateTimeTo, 'INVALID_TO_DATE_FORMAT', 'The end of the window is not a date.', dateAction);
  if (from !== null && to !== null) {
    if (to < from) {
      say(
        'crimeDateTimeTo',
        row.crimeDateTimeTo,
        'CRIME_DATE_TIME_TO_AFTER_FROM',
        'The window ends before it begins.',
        'The end must be the same as the beginning or later.',
      );
    } else if (to - from > windowAtMostMs) {
      say(
        'crimeDateTimeTo',
        row.crimeDateTimeTo,
        'CRIME_DATE_TIME_EXCEEDS_WINDOW',
        'The window is longer than 12 hours.',
        options.strict ? 'Give a window of at most 12 hours.' : 'It was taken as it is; a long window makes verdicts less certain.',
        options.strict ? undefined : 'warning',
      );
    }
  }
  const place = readPlace(row, say);
  if (!force || from === null || to === null || !place) return null;
  return { row: number, force, reference: row.crimeReference, type, from, to, place, text: row.crimeText, batch: row.batchId };
}

type Say = (field: Field | 'row', value: string, code: string, message: string, action: string, severity?: 'warning') => void;

function checkBatch(batch: string, force: string | undefined, say: Say): void {
  if (batch === '') {
    say('batchId', '', 'MISSING_BATCH_ID', 'The row has no batch id.', 'Give the batch id, such as MPS20260131.');
    return;
  }
  const code = force ? policeForces[force] : '[A-Za-z]+';
  const match = new RegExp(`^${code}(\\d{8})(-\\d)?(-[RAra])?`).exec(batch);
  if (!match) {
    say(
      'batchId',
      batch,
      'INVALID_BATCH_ID_FORMAT',
      `The batch id does not begin with ${force ? `the code ${code}` : 'a force code'} and a date.`,
      `Write it as ${force ? code : 'CODE'}yyyyMMdd.`,
    );
    return;
  }
  if (readDate(`${match[1]}000000`) === null) {
    say(
      'batchId',
      batch,
      'INVALID_BATCH_ID_DATE',
      'The date in the batch id is not a real date.',
      'Use the date of the batch as yyyyMMdd.',
    );
  }
}

/** `yyyyMMddHHmmss` in UTC, or null when there is no such moment. */
export function readDate(text: string): number | null {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text);
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number];
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const real =
    year >= 1900 &&
    at.getUTCMonth() === month - 1 &&
    at.getUTCDate() === day &&
    at.getUTCHours() === hour &&
    at.getUTCMinutes() === minute &&
    at.getUTCSeconds() === second;
  return real ? at.getTime() : null;
}

function readPlace(row: Row, say: Say): Place | null {
  const grid = [row.easting, row.northing];
  const world = [row.latitude, row.longitude];
  const hasGrid = grid.some((value) => value !== '');
  const hasWorld = world.some((value) => value !== '');
  if (!hasGrid && !hasWorld) {
    say('row', '', 'MISSING_LOCATION_DATA', 'The crime has no place.', 'Give easting and northing, or latitude and longitude.');
    return null;
  }
  if (hasGrid && hasWorld) {
    say(
      'row',
      [...grid, ...world].join(','),
      'MULTIPLE_LOCATION_DATA_TYPES',
      'The crime has two kinds of coordinates.',
      'Give either easting and northing or latitude and longitude, not both.',
    );
    return null;
  }
  const [first, second] = (hasGrid ? ['easting', 'northing'] : ['latitude', 'longitude']) as [Field, Field];
  if (row[first] === '' || row[second] === '') {
    const missing = row[first] === '' ? first : second;
    say(missing, '', 'DEPENDENT_LOCATION_DATA', `The ${missing} is missing.`, `Give both ${first} and ${second}.`);
    return null;
  }
  const a = readNumber(first, row[first], say);
  const b = readNumber(second, row[second], say);
  if (a === null || b === null) return null;
  const ranges: [Field, number, number, number][] = hasGrid
    ? [
        ['easting', a, 0, 600_000],
        ['northing', b, 0, 1_300_000],
      ]
    : [
        ['latitude', a, 49.5, 61.5],
        ['longitude', b, -8.5, 2.6],
      ];
  let inside = true;
  for (const [field, value, low, high] of ranges) {
    if (value >= low && value <= high) continue;
    inside = false;
    say(
      field,
      String(value),
      'INVALID_LOCATION_DATA_RANGE',
      `The ${field} lies outside ${low} to ${high}.`,
      'Check the coordinates; they may be swapped or of another system.',
    );
  }
  if (!inside) return null;
  const [lon, lat] = hasGrid ? fromBritishGrid(a, b) : [b, a];
  return { kind: 'point', lon, lat, uncertaintyM: 0 };
}

function readNumber(field: Field, text: string, say: Say): number | null {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(number)) return number;
  say(field, text, 'INVALID_NUMBER', `The ${field} is not a number.`, 'Write digits with a point, such as 53.4084.');
  return null;
}
