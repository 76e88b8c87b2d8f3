import { stat } from 'node:fs/promises';
import readWorkbook from 'read-excel-file/node';
import type { Mapping, RawRow } from './mapping.ts';
import { FileFault, type RowSource, tableRow } from './raw-rows.ts';

/** A workbook is unpacked in memory, to about twenty times its size. */
export const excelAtMostBytes = 30 * 1024 * 1024;

/** A sheet of a workbook with its headings in the row that the mapping names. Formulas count as the value Excel last saw. */
export async function readExcel(path: string, mapping: Mapping): Promise<RowSource> {
  const { size } = await stat(path);
  if (size > excelAtMostBytes) {
    throw new FileFault(
      `The workbook has ${Math.round(size / 1024 / 1024)} MB; at most 30 MB can be read. Save the sheet as CSV and send that.`,
    );
  }
  const sheets = await readWorkbook(path).catch((error: Error) => {
    throw new FileFault(`The file is no Excel workbook (.xlsx): ${error.message}. Open it in Excel and save it as .xlsx or CSV.`);
  });
  const sheet = mapping.sheet ? sheets.find(({ sheet: name }) => name === mapping.sheet) : sheets[0];
  if (!sheet)
    throw new FileFault(`The workbook has no sheet "${mapping.sheet}"; it has ${sheets.map(({ sheet: name }) => name).join(', ')}.`);
  const at = (mapping.headings ?? 1) - 1;
  const columns = (sheet.data[at] ?? []).map((cell) => textOf(cell) ?? '');
  const places = new Map(columns.map((name, i) => [name, i]));
  function* rows(): Generator<RawRow> {
    for (const [i, cells] of sheet?.data.slice(at + 1).entries() ?? []) {
      if (cells.every((cell) => cell === null)) continue;
      yield tableRow(at + i + 2, places, cells.map(textOf));
    }
  }
  return { columns, rows: rows(), problems: [] };
}

function textOf(cell: unknown): string | null {
  if (cell === null || cell === undefined) return null;
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? null : cell.toISOString().slice(0, 10);
  return String(cell).trim();
}
