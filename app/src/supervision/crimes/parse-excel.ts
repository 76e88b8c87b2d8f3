import type { CsvRow } from '../../platform/csv-rows.ts';
import { openWorkbook } from '../../platform/workbook/read-workbook.ts';
import { WorkbookFault } from '../../platform/workbook/workbook-fault.ts';
import { areHeadings, parseHeadedRows } from './parse-headed-csv.ts';
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
    for (const sheet of book.sheets) {
      const { rows, errors } = book.read(sheet);
      const lines = [...rows.keys()].sort((a, b) => a - b);
      const cellsOf = (line: number) => (rows.get(line) ?? []).map((cell) => cell ?? '');
      const header = lines.slice(0, rowsLookedAt).find((line) => areHeadings(cellsOf(line)));
      if (header === undefined) continue;
      const others = lines.filter((line) => line > header).map((line): CsvRow => ({ line, cells: cellsOf(line) }));
      const read = parseHeadedRows({ line: header, cells: cellsOf(header) }, others, { ...options, delimiter: ';' });
      const broken = errors
        .filter(({ row }) => row > header)
        .map(({ row, column, value }) =>
          problem(
            row,
            cellsOf(header)[column] ?? '',
            value,
            'INVALID_TEXT',
            'Excel shows an error in this cell. It was read as empty.',
            'Mend its formula.',
            'warning',
          ),
        );
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
      return { ...read, problems: [...told, ...read.problems, ...broken] };
    }
    return none(
      book.sheets.join(', '),
      'No sheet of the workbook has a row of headings with a reference, or with a beginning and a place.',
      'Give the columns headings such as reference, type, from, to, latitude and longitude.',
    );
  } catch (error) {
    if (error instanceof WorkbookFault) return none('', error.message, 'Save it as .xlsx or CSV and send that.');
    throw error;
  }
}
