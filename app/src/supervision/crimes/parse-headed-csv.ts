import { distanceM, type Place, placeFaults } from '@waymark/presence';
import { britishGridAtMost, fromBritishGrid } from '../../platform/british-grid.ts';
import { type CsvRow, csvRows, decimalIn } from '../../platform/csv-rows.ts';
import { numberOf, readTime } from '../fixes/decode/index.ts';
import type { ImportProblem } from '../schema/tables.ts';
import { type Columns, type CrimeField, crimeTypeOf, layoutOf, plain, readHeadings } from './crime-headings.ts';
import { crimeTypes, windowAtMostMs } from './crime-types.ts';
import {
  asksForEnd,
  type CrimeFileOptions,
  isBadText,
  type KeptColumns,
  noForce,
  type ParsedCrime,
  type ParsedCrimes,
  problem,
  type ReadHeading,
} from './parsed-crime.ts';

const needed = ['reference', 'from'] as const;
const degrees = ['latitude', 'longitude'] as const;
const metresOfGrid = ['easting', 'northing'] as const;
/** Degrees and eastings of one row that lie further apart than this are two places, metres. */
const placesApartM = 200;
/** `1,000`: as a length in metres that is a thousand, whatever stands between cells. */
const inThousands = /^\d{1,3}(,\d{3})+$/;

/** Is the first line a header whose columns we know? */
export function looksHeaded(text: string, options: CrimeFileOptions = {}): boolean {
  const { rows } = csvRows((text.split(/\r?\n/).find((line) => line.trim() !== '' && !/^\uFEFF?sep=/i.test(line)) ?? '').slice(0, 20_000));
  const [first] = rows;
  return first !== undefined && 'cells' in first && areHeadings(first.cells, options);
}

/** Are these headings of a list of crimes? */
export function areHeadings(cells: readonly string[], options: CrimeFileOptions = {}): boolean {
  const { at } = readHeadings(cells, columnsOf(cells, options).columns);
  return at.reference !== undefined || (at.from !== undefined && (at.latitude ?? at.easting) !== undefined);
}

/** What was said of these headings: now, or of such a file before. */
export function columnsOf(
  header: readonly string[],
  { columns, kept = [] }: CrimeFileOptions,
): { columns?: Columns; kept: KeptColumns | null } {
  if (columns) return { columns, kept: null };
  const own = kept.find(({ layout }) => layout === layoutOf(header)) ?? null;
  return own ? { columns: own.columns, kept: own } : { kept: null };
}

/** Columns fewer than these have no reference, time and place. */
export const leastColumns = 4;

/** Headings with what each is read as. */
export function headingsOf(header: readonly string[], columns?: Columns): ReadHeading[] {
  const { at } = readHeadings(header, columns);
  const fields = new Map((Object.entries(at) as [CrimeField, number][]).map(([field, i]) => [i, field]));
  const seen = new Set<string>();
  return header.flatMap((heading, i) =>
    plain(heading) === '' || seen.size === seen.add(plain(heading)).size
      ? []
      : [{ heading: heading.trim().slice(0, 80), plain: plain(heading), field: fields.get(i) ?? null }],
  );
}

/** Do these headings have all that a crime needs? */
export function areWholeHeadings(cells: readonly string[], options: CrimeFileOptions = {}): boolean {
  const { at } = readHeadings(cells, columnsOf(cells, options).columns);
  const has = (names: readonly CrimeField[]) => names.every((name) => at[name] !== undefined);
  return has(needed) && (has(degrees) || has(metresOfGrid));
}

/**
 * CSV with a header: `reference,type,from,to,latitude,longitude,uncertainty_m,text` and optionally `force`, or the headings under
 * which police systems export them, with eastings and northings in place of degrees and dates apart from times; what was guessed is told. One delimiter for the whole file. Times without an offset are
 * taken in the time zone of the options, and that is told.
 */
export function parseHeadedCsv(text: string, options: CrimeFileOptions = {}): ParsedCrimes {
  const { rows, delimiter } = csvRows(text);
  const [header, ...others] = rows;
  if (!header || !('cells' in header)) {
    const action = 'Check its quotation marks and separators.';
    return {
      format: 'headed csv',
      rows: 0,
      crimes: [],
      problems: [problem(1, 'file', header?.text ?? '', 'INVALID_ATTACHMENT', 'The header cannot be read as CSV.', action)],
    };
  }
  return parseHeadedRows({ line: header.line, cells: header.cells }, others, { ...options, delimiter });
}

/** Rows under headings, from whatever file. @param delimiter what stands between cells where a row is quoted back */
export function parseHeadedRows(
  header: { line: number; cells: string[] },
  others: readonly CsvRow[],
  options: CrimeFileOptions & { delimiter: string },
): ParsedCrimes {
  const problems: ImportProblem[] = [];
  const { delimiter } = options;
  const said = columnsOf(header.cells, options);
  const { at, guessed, unread, doubled } = readHeadings(header.cells, said.columns);
  const told = { headings: headingsOf(header.cells, said.columns), keptBy: said.kept?.by ?? null };
  const own = { ...options, timeZone: said.kept?.timeZone ?? options.timeZone };
  const inGrid = at.latitude === undefined && at.longitude === undefined && (at.easting ?? at.northing) !== undefined;
  const missing = [...needed, ...(inGrid ? metresOfGrid : degrees)].filter((name) => at[name] === undefined);
  if (missing.length > 0) {
    const message = `The header lacks ${missing.join(', ')}.`;
    const action = 'Use the header reference,type,from,to,latitude,longitude,uncertainty_m,text, or easting,northing in place of degrees.';
    const fault = problem(header.line, missing.join(', '), header.cells.join(delimiter), 'INVALID_COLUMN_COUNT', message, action);
    return { format: 'headed csv', rows: others.length, crimes: [], problems: [fault], ...told };
  }
  tellOfHeadings(header.line, { guessed, unread, doubled }, problems);
  const crimes: ParsedCrime[] = [];
  const state = { zoned: 0 };
  for (const row of others) {
    if (!('cells' in row)) {
      problems.push(problem(row.line, 'row', row.text, 'INVALID_TEXT', row.problem, 'Mend the row and send it again.'));
      continue;
    }
    if (row.cells.every((cell) => cell.trim() === '')) continue;
    if (row.cells.length > header.cells.length && row.cells.slice(header.cells.length).some((cell) => cell.trim() !== '')) {
      const message = `The row has ${row.cells.length} cells, the header ${header.cells.length}.`;
      problems.push(
        problem(
          row.line,
          'row',
          row.cells.join(delimiter),
          'INVALID_COLUMN_COUNT',
          message,
          'Put text that holds the separator in quotation marks.',
        ),
      );
      continue;
    }
    const record: Partial<Record<CrimeField, string>> = {};
    for (const [field, i] of Object.entries(at) as [CrimeField, number][]) {
      const cell = (row.cells[i] ?? '').trim();
      const isDecimal = field === 'latitude' || field === 'longitude' || (field === 'uncertainty_m' && !inThousands.test(cell));
      record[field] = isDecimal ? decimalIn(cell, delimiter) : cell;
    }
    const before = problems.length;
    joinTimes(record, row.line, problems);
    const crime = readHeadedRow(record, row.line, problems, own, state);
    // What contradicts itself is nobody's to choose.
    if (crime && !problems.slice(before).some(({ severity }) => severity === 'error')) crimes.push(crime);
  }
  if (state.zoned > 0) {
    const message = `${state.zoned} times had no offset from UTC and were read as clock time in ${own.timeZone}.`;
    problems.push(
      problem(
        header.line,
        'from, to',
        '',
        'TIMES_WITHOUT_OFFSET',
        message,
        'Check that this is right, or write times with an offset.',
        'warning',
      ),
    );
  }
  return { format: 'headed csv', rows: others.length, crimes, problems, ...told };
}

/** Tells what was guessed of the headings, what could be two things, and what is not read. */
function tellOfHeadings(
  line: number,
  { guessed, unread, doubled }: Pick<ReturnType<typeof readHeadings>, 'guessed' | 'unread' | 'doubled'>,
  problems: ImportProblem[],
): void {
  if (guessed.length > 0) {
    const told = guessed.map(([heading, field]) => `${heading} as ${field}`).join(', ');
    problems.push(
      problem(
        line,
        'header',
        told,
        'COLUMNS_GUESSED',
        'Some columns were told from their headings.',
        'Check that each was read as what it holds.',
        'warning',
      ),
    );
  }
  for (const { field, headings } of doubled)
    problems.push(
      problem(
        line,
        field,
        headings.join(', '),
        'COLUMNS_DOUBLED',
        `Several columns could hold ${field}; the first was read.`,
        'Leave one of them, or rename the others.',
        'warning',
      ),
    );
  for (const heading of unread)
    problems.push(
      problem(
        line,
        heading,
        '',
        'COLUMN_NOT_READ',
        `The column "${heading}" is not read.`,
        'Rename it if it holds something that is.',
        'warning',
      ),
    );
}

function readHeadedRow(
  record: Partial<Record<CrimeField, string>>,
  row: number,
  problems: ImportProblem[],
  options: CrimeFileOptions,
  state: { zoned: number },
): ParsedCrime | null {
  const uncertaintyM = readMetres(record.uncertainty_m, row, problems);
  const inDegrees = Boolean(record.latitude || record.longitude);
  const hasGridColumns = record.easting !== undefined || record.northing !== undefined;
  if (!inDegrees && hasGridColumns) {
    const place = placeOnGrid(record, uncertaintyM ?? 0, row, problems);
    return readProperties(record, uncertaintyM === null ? null : place, row, problems, options, state);
  }
  const lat = numberOf(record.latitude);
  const lon = numberOf(record.longitude);
  const place: Place | null =
    Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { kind: 'point', lon, lat, uncertaintyM: uncertaintyM ?? 0 } : null;
  if (!place) {
    const empty = !record.latitude && !record.longitude;
    const bad = Number.isNaN(lat) ? 'latitude' : Number.isNaN(lon) ? 'longitude' : Math.abs(lat) > 90 ? 'latitude' : 'longitude';
    const code = empty
      ? 'MISSING_LOCATION_DATA'
      : Number.isNaN(lat) || Number.isNaN(lon)
        ? 'INVALID_NUMBER'
        : 'INVALID_LOCATION_DATA_RANGE';
    const action = 'Give latitude within ±90 and longitude within ±180.';
    problems.push(problem(row, bad, record[bad] ?? '', code, 'The place is missing or impossible.', action));
  } else if (record.easting && record.northing) {
    const other = placeOnGrid(record, 0, row, problems);
    if (other?.kind === 'point' && distanceM(lon, lat, other.lon, other.lat) > placesApartM)
      problems.push(
        problem(
          row,
          'easting, northing',
          `${record.easting}, ${record.northing}`,
          'PLACES_DIFFER',
          'Latitude and longitude say another place than easting and northing.',
          'Leave the pair that is right.',
        ),
      );
  }
  return readProperties(record, uncertaintyM === null ? null : place, row, problems, options, state);
}

/** A time of day by itself; a day, with or without a midnight that a spreadsheet puts behind it. */
const timeAlone = /^\d{1,2}:\d{2}(:\d{2})?$/;
const day = /^(\d{4}-\d{2}-\d{2}|\d{1,2}[/.]\d{1,2}[/.]\d{4})(?:[ T]+0?0:00(?::00)?)?$/;

/**
 * Puts a date and the time beside it together, where each has a column of its own. An end that has no date has that of the beginning, and
 * that is told; so is a time that contradicts the moment beside it.
 */
function joinTimes(record: Partial<Record<CrimeField, string>>, row: number, problems: ImportProblem[]): void {
  for (const [whole, part] of [
    ['from', 'from_time'],
    ['to', 'to_time'],
  ] as const) {
    const time = record[part] ?? '';
    if (time === '') continue;
    const moment = record[whole] ?? '';
    const date = day.exec(moment)?.[1];
    if (!timeAlone.test(time)) record[whole] = moment === '' || date ? time : moment;
    else if (moment === '') record[whole] = time;
    else if (date) record[whole] = `${date} ${time}`;
    else if (minuteOf(moment) !== minuteOf(time))
      problems.push(
        problem(
          row,
          `${whole}, ${part}`,
          `${moment}, ${time}`,
          'TIMES_DIFFER',
          'Two columns say different times.',
          'Leave the one that is right.',
        ),
      );
  }
  const beginsOn = /^\S+(?=[ T])/.exec(record.from ?? '')?.[0].split('T')[0];
  if (!beginsOn || !timeAlone.test(record.to ?? '')) return;
  const message = 'The end has no date: it was read as of the day on which the window begins.';
  problems.push(
    problem(row, 'to', record.to ?? '', 'END_WITHOUT_DATE', message, 'Give the date of the end where it is another.', 'warning'),
  );
  record.to = `${beginsOn} ${record.to}`;
}

/** Minutes since midnight of the first time of day in a text; null where it has none. */
function minuteOf(text: string): number | null {
  const time = /(?<!\d)(\d{1,2}):(\d{2})/.exec(text);
  return time && Number(time[1]) * 60 + Number(time[2]);
}

/** A place in metres of the British National Grid; null, with a problem, where it is none. */
function placeOnGrid(
  record: Partial<Record<CrimeField, string>>,
  uncertaintyM: number,
  row: number,
  problems: ImportProblem[],
): Place | null {
  const [easting, northing] = metresOfGrid.map((name) => numberOf(record[name]?.replace(/[, ]/g, ''))) as [number, number];
  const isIn = (value: number, atMost: number) => value >= 0 && value <= atMost;
  const bad = isIn(easting, britishGridAtMost.easting) ? (isIn(northing, britishGridAtMost.northing) ? null : 'northing') : 'easting';
  if (bad === null) {
    const [lon, lat] = fromBritishGrid(easting, northing);
    return { kind: 'point', lon: Number(lon.toFixed(7)), lat: Number(lat.toFixed(7)), uncertaintyM };
  }
  const isEmpty = !record.easting && !record.northing;
  const code = isEmpty
    ? 'MISSING_LOCATION_DATA'
    : Number.isNaN(bad === 'easting' ? easting : northing)
      ? 'INVALID_NUMBER'
      : 'INVALID_LOCATION_DATA_RANGE';
  const action = `Give metres of the British National Grid: an easting up to ${britishGridAtMost.easting} and a northing up to ${britishGridAtMost.northing}.`;
  problems.push(problem(row, bad, record[bad] ?? '', code, 'The place is missing or impossible.', action));
  return null;
}

/**
 * A length in metres as people write it: `100`, `100 m`, `1,000`, `1.5 km`; 0 where nothing is given.
 * @returns null, with a problem, for what cannot be read: nothing is taken for 0
 */
export function readMetres(value: unknown, row: number, problems: ImportProblem[]): number | null {
  if (value === undefined || value === null || value === '') return 0;
  const text = String(value).trim();
  const match = /^(\d{1,3}(?:[, ]\d{3})+|\d*)(\.\d+)?\s*(m|metres?|meters?|km)?$/i.exec(text);
  const number = match && (match[1] || match[2]) ? Number(`${(match[1] ?? '').replace(/[, ]/g, '')}${match[2] ?? ''}`) : Number.NaN;
  const metres = match?.[3]?.toLowerCase() === 'km' ? number * 1000 : number;
  if (Number.isFinite(metres)) return metres;
  problems.push(
    problem(
      row,
      'uncertainty_m',
      text,
      'INVALID_NUMBER',
      'The uncertainty is not a length in metres.',
      'Write metres in digits, such as 100.',
    ),
  );
  return null;
}

/** A moment; clock time without an offset is taken in the time zone of the options. British dates (25/11/2026 20:10) are read too. */
function readMoment(text: string, { timeZone }: CrimeFileOptions, state: { zoned: number }): number {
  const exact = readTime(text);
  if (!Number.isNaN(exact) || timeZone === undefined) return exact;
  const british = /^(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/.exec(text);
  const two = (part: string | undefined) => (part ?? '0').padStart(2, '0');
  const iso = british
    ? `${british[3]}-${two(british[2])}-${two(british[1])}T${two(british[4])}:${two(british[5])}:${two(british[6])}`
    : text;
  const at = readTime(iso, timeZone);
  if (!Number.isNaN(at)) state.zoned++;
  return at;
}

/** A day without a time of it, as people write days. */
const isDayAlone = (text: string): boolean => /^(\d{4}-\d{2}-\d{2}|\d{1,2}[/.]\d{1,2}[/.]\d{4})$/.test(text);

/** What headed CSV and GeoJSON have in common. @param place null where it was refused already */
export function readProperties(
  record: Record<string, unknown>,
  place: Place | null,
  row: number,
  problems: ImportProblem[],
  options: CrimeFileOptions,
  state: { zoned: number },
): ParsedCrime | null {
  const text = (name: string) => (record[name] === undefined || record[name] === null ? '' : String(record[name]).trim());
  const before = problems.length;
  const say = (field: string, code: string, message: string, action: string, severity?: 'warning') =>
    problems.push(problem(row, field, text(field), code, message, action, severity));
  if (text('reference') === '')
    say('reference', 'MISSING_CRIME_REFERENCE', 'The crime has no reference.', 'Give the reference of the crime.');
  const type = crimeTypeOf(text('type'));
  if (type === null) {
    const known = Object.entries(crimeTypes).map(([code, words]) => `${code} (${words})`);
    say(
      'type',
      'CRIME_TYPE_NOT_KNOWN',
      'This offence is none of the types that are counted here: the crime goes in without a type, and the words stand with its text.',
      `To have it counted, use one of: ${known.join(', ')}.`,
      'warning',
    );
  }
  const from = readMoment(text('from'), options, state);
  // What somebody gave when they were asked for it stands for what the file lacks.
  const given = text('to') || (options.ends?.get(row) ?? '');
  const to = given === '' ? from : readMoment(given, options, state);
  const action = 'Write ISO 8601 with an offset, such as 2026-01-26T16:00:00Z.';
  if (Number.isNaN(from)) say('from', 'INVALID_FROM_DATE_FORMAT', 'The beginning of the window is not a time with an offset.', action);
  else if (given === '')
    say(
      'to',
      asksForEnd,
      'No end is given: the window is the one moment of its beginning.',
      'Give the end if the crime may have been later.',
      'warning',
    );
  for (const [name, own] of [
    ['from', text('from')],
    ['to', given],
  ] as const)
    if (isDayAlone(own))
      say(
        name,
        'TIME_OF_DAY_MISSING',
        'No time of day is given: it was read as midnight, when the day begins.',
        'Give the time of day; for a whole day give its first and its last moment.',
        'warning',
      );
  if (Number.isNaN(to) && given !== '') say('to', 'INVALID_TO_DATE_FORMAT', 'The end of the window is not a time with an offset.', action);
  if (to < from)
    say('to', 'CRIME_DATE_TIME_TO_AFTER_FROM', 'The window ends before it begins.', 'The end must be the same as the beginning or later.');
  if (to - from > windowAtMostMs) {
    say(
      'to',
      'CRIME_DATE_TIME_EXCEEDS_WINDOW',
      'The window is longer than 12 hours.',
      options.strict ? 'Give a window of at most 12 hours.' : 'It was taken as it is; a long window makes verdicts less certain.',
      options.strict ? undefined : 'warning',
    );
  }
  for (const name of ['reference', 'text', 'force', ...(type === null ? ['type'] : [])]) {
    if (isBadText(text(name)))
      say(name, 'INVALID_TEXT', 'The text holds characters that cannot be read.', 'Save the file as UTF-8 and remove control characters.');
  }
  if (place) {
    const [fault] = placeFaults(place);
    if (fault)
      problems.push(
        problem(
          row,
          place.kind === 'point' ? 'uncertainty_m' : 'geometry',
          place.kind === 'point' ? text('uncertainty_m') : '',
          'INVALID_LOCATION_DATA_RANGE',
          `${fault}.`,
          'Mend the place and send the crime again.',
        ),
      );
  }
  if (!place || problems.slice(before).some((p) => p.severity === 'error')) return null;
  return {
    row,
    force: text('force') || noForce,
    reference: text('reference'),
    type: type ?? '',
    from,
    to,
    place,
    // What is no type of ours is not lost.
    text: type === null ? [text('type'), text('text')].filter((own) => own !== '').join(': ') : text('text'),
    batch: null,
  };
}
