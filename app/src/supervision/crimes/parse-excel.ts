import type { CsvRow } from '../../platform/csv-rows.ts';
import { type Grid, openWorkbook, type Workbook } from '../../platform/workbook/read-workbook.ts';
import { WorkbookFault } from '../../platform/workbook/workbook-fault.ts';
import type { ImportProblem } from '../schema/tables.ts';
import { readHeadings } from './crime-headings.ts';
import { areHeadings, areWholeHeadings, columnsOf, headingsOf, leastColumns, parseHeadedRows } from './parse-headed-csv.ts';
import { type CrimeFileOptions, type ParsedCrimes, problem } from './parsed-crime.ts';

/** Titles and remarks may stand above the headings: so many rows of a sheet are looked at for them. */
const rowsLookedAt = 30;

/** Does it begin as archives do, of which a workbook is one? */
export const looksZipped = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;

/** A workbook of Excel: the first sheet that has headings of a list of crimes, whatever stands above them. Dates are read with their times. */
export function parseExcel(bytes: Uint8Array, options: CrimeFileOptions = {}): ParsedCrimes {
  const none = (value: string, message: string, action: string): ParsedCrimes => ({
    format: 'headed csv',
    rows: 0,
    crimes: [],
    problems: [problem(0, 'file', value, 'INVALID_ATTACHMENT', message, action)],
  });
  try {
    const book = openWorkbook(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), { dates: 'moments' });
    const found = findCrimes(book, options);
    if (found) {
      const { sheet, lines, header, cellsOf, errors } = found;
      const others = lines.filter((line) => line > header).map((line): CsvRow => ({ line, cells: cellsOf(line) }));
      const read = parseHeadedRows({ line: header, cells: cellsOf(header) }, others, { ...options, delimiter: ';' });
      const broken = tellOfErrors(
        errors.filter(({ row }) => row > header),
        cellsOf(header),
        options,
      );
      const left = new Set(broken.flatMap(({ row, severity }) => (severity === 'error' ? [row] : [])));
      const other = book.sheets.filter((name) => name !== sheet);
      const told =
        other.length > 0
          ? [
              problem(
                0,
                'file',
                sheet,
                'SHEET_CHOSEN',
                `The sheet “${sheet}” was read, and no other: ${other.join(', ')}.`,
                'Send another sheet as a file of its own.',
                'warning',
              ),
            ]
          : [];
      return { ...read, crimes: read.crimes.filter(({ row }) => !left.has(row)), problems: [...told, ...read.problems, ...broken] };
    }
    const unknown = none(
      book.sheets.join(', '),
      'No sheet of the workbook has a row of headings with a reference, or with a beginning and a place.',
      'Give the columns headings such as reference, type, from, to, latitude and longitude, or say what each holds.',
    );
    return { ...unknown, headings: firstHeadings(book) };
  } catch (error) {
    if (error instanceof WorkbookFault) return none('', error.message, 'Save it as .xlsx or CSV and send that.');
    throw error;
  }
}

interface FoundSheet extends Pick<Grid, 'errors'> {
  sheet: string;
  lines: number[];
  /** The row of its headings. */
  header: number;
  cellsOf(line: number): string[];
}

/** The first sheet whose headings have all that a crime needs; else the first with some of it, so that it is told what they lack. */
function findCrimes(book: Workbook, options: CrimeFileOptions): FoundSheet | null {
  let some: FoundSheet | null = null;
  for (const sheet of book.sheets) {
    const { rows, errors } = book.read(sheet);
    const lines = [...rows.keys()].sort((a, b) => a - b);
    const cellsOf = (line: number) => (rows.get(line) ?? []).map((cell) => cell ?? '');
    const first = lines.slice(0, rowsLookedAt);
    const whole = first.find((line) => areWholeHeadings(cellsOf(line), options));
    if (whole !== undefined) return { sheet, lines, header: whole, cellsOf, errors };
    const header = first.find((line) => areHeadings(cellsOf(line), options));
    if (header !== undefined) some ??= { sheet, lines, header, cellsOf, errors };
  }
  return some;
}

/** The first row with as many words as a crime needs, of the first sheet that has one: of it somebody may say what it holds. */
function firstHeadings(book: Workbook): ParsedCrimes['headings'] {
  for (const sheet of book.sheets) {
    const { rows } = book.read(sheet);
    for (const line of [...rows.keys()].sort((a, b) => a - b).slice(0, rowsLookedAt)) {
      const cells = (rows.get(line) ?? []).map((cell) => cell ?? '');
      if (cells.filter((cell) => cell.trim() !== '').length >= leastColumns) return headingsOf(cells);
    }
  }
  return [];
}

/** What Excel could not work out is not read as empty where that would move a crime or make it shorter or narrower. */
function tellOfErrors(errors: Grid['errors'], headings: string[], options: CrimeFileOptions): ImportProblem[] {
  const { at } = readHeadings(headings, columnsOf(headings, options).columns);
  const fieldOf = new Map(Object.entries(at).map(([field, column]) => [column, field]));
  return errors.flatMap(({ row, column, value }) => {
    const field = fieldOf.get(column);
    if (field === undefined) return [];
    const isHarmless = field === 'type' || field === 'text';
    const message = isHarmless
      ? 'Excel shows an error in this cell. It was read as empty.'
      : 'Excel shows an error in this cell. The crime does not go in without it.';
    return [problem(row, headings[column] ?? '', value, 'INVALID_TEXT', message, 'Mend its formula.', isHarmless ? 'warning' : undefined)];
  });
}
