import { readFile, stat } from 'node:fs/promises';
import { type Grid, openWorkbook, refuseLargeWorkbook } from '../../platform/workbook/read-workbook.ts';
import { WorkbookFault } from '../../platform/workbook/workbook-fault.ts';
import type { RowProblem } from '../schema/tables.ts';
import type { Mapping, RawRow } from './mapping.ts';
import { FileFault, headingsOf, type RowSource, tableRow } from './raw-rows.ts';

/**
 * A sheet of a workbook with its headings in the row that the mapping names. What a cell shows is what it holds: 95 % is `95`, 000123 is
 * `000123`, a date is its day. Formulas count as the value Excel last saw; one that went wrong is told, and so is a heading that
 * stands twice. Cells that were joined downwards hold their value in each row.
 */
export async function readExcel(path: string, mapping: Mapping): Promise<RowSource> {
  const grid = await gridOf(path, mapping);
  const at = mapping.headings ?? 1;
  const { columns, places } = headingsOf((grid.rows.get(at) ?? []).map((cell) => cell ?? ''));
  const read = new Set(columns.map((name, i) => (name === '' ? -1 : i)));
  const problems: RowProblem[] = grid.errors
    .filter(({ row, column }) => row > at && read.has(column))
    .map(({ row, column, value }) => ({
      row,
      column: columns[column] as string,
      value,
      message: `Excel shows the error ${value} here. The cell was left out; mend its formula.`,
      refused: false,
    }));
  const numbers = [...grid.rows.keys()].filter((number) => number > at).sort((a, b) => a - b);
  function* rows(): Generator<RawRow> {
    for (const number of numbers) {
      const cells = grid.rows.get(number) as (string | null)[];
      if (cells.every((cell) => cell === null || cell === '')) continue;
      if (columns.every((name, i) => (cells[i] ?? '') === name)) {
        problems.push({
          row: number,
          column: 'row',
          value: '',
          message: 'The headings stand here again. The row was passed over.',
          refused: false,
        });
        continue;
      }
      yield tableRow(number, places, cells);
    }
  }
  return { columns, rows: rows(), problems };
}

async function gridOf(path: string, mapping: Mapping): Promise<Grid> {
  try {
    refuseLargeWorkbook((await stat(path)).size);
    const book = openWorkbook(await readFile(path));
    return book.read(mapping.sheet ?? book.sheets[0] ?? '');
  } catch (error) {
    if (error instanceof WorkbookFault) throw new FileFault(error.message);
    throw error;
  }
}
