import { createReadStream } from 'node:fs';
import { type CsvRow, CsvRows } from '../../platform/csv-rows.ts';
import { notText, TextPieces } from '../../platform/read-text.ts';
import type { RowProblem } from '../schema/tables.ts';
import type { Mapping, RawRow } from './mapping.ts';
import { FileFault, headingsOf, type RowSource, tableRow } from './raw-rows.ts';

/**
 * A table with headings in its first line, or in the row that the mapping names; any usual separator, UTF-8 or UTF-16 or, where it is
 * neither, Windows-1252. A row that cannot be read is told and costs no other; the headings again in the middle are passed over.
 */
export async function readCsv(path: string, mapping: Mapping): Promise<RowSource> {
  const problems: RowProblem[] = [];
  const found = rowsOf(path, mapping.separator);
  let skip = (mapping.headings ?? 1) - 1;
  for (;;) {
    const { value: first, done } = await found.next();
    if (done || !first) throw new FileFault('The file is empty, or it has no row of headings. The first line must hold the headings.');
    if (!('cells' in first)) throw new FileFault(`The headings in line ${first.line} cannot be read: ${first.problem}`);
    if (skip-- > 0) continue;
    const { columns, places } = headingsOf(first.cells);
    return { columns, rows: read(found, columns, places, problems), problems };
  }
}

async function* read(
  found: AsyncGenerator<CsvRow>,
  columns: readonly string[],
  places: ReadonlyMap<string, number>,
  problems: RowProblem[],
): AsyncGenerator<RawRow> {
  // Some systems end each row with a separator: as many empty cells as the first row has beyond the headings are none.
  let spare: number | null = null;
  for await (const row of found) {
    // What stands in a row that is not understood may be what nobody may see: its place alone is told.
    const refuse = (message: string) => problems.push({ row: row.line, column: 'row', value: '', message, refused: true });
    if (!('cells' in row)) refuse(row.problem);
    else {
      const cells = row.cells.map((cell) => cell.trim());
      if (cells.every((cell) => cell === '')) continue;
      const beyond = cells.slice(columns.length);
      spare ??= beyond.every((cell) => cell === '') ? beyond.length : 0;
      if (beyond.length > spare || beyond.some((cell) => cell !== ''))
        refuse(`The row has ${cells.length} cells, the headings ${columns.length}. Put text that holds the separator in quotation marks.`);
      else if (columns.every((name, i) => (cells[i] ?? '') === name))
        problems.push({
          row: row.line,
          column: 'row',
          value: '',
          message: 'The headings stand here again. The row was passed over.',
          refused: false,
        });
      else yield tableRow(row.line, places, cells);
    }
  }
}

async function* rowsOf(path: string, separator: string | undefined): AsyncGenerator<CsvRow> {
  const reader = new CsvRows(separator);
  const text = new TextPieces();
  let isFirst = true;
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    const bytes = chunk as Buffer;
    const other = isFirst ? notText(bytes) : null;
    if (other) throw new FileFault(`This is ${other}, not CSV. Choose the mapping of such a file, or save it as CSV.`);
    isFirst = false;
    yield* reader.write(text.read(bytes));
  }
  yield* reader.write(text.end());
  yield* reader.end();
}
