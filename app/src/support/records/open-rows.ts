import type { RowProblem } from '../schema/tables.ts';
import { columnsOf, type Mapping } from './mapping.ts';
import { FileFault, type RowSource } from './raw-rows.ts';
import { readCommonTransferFile } from './read-common-transfer-file.ts';
import { readCsv } from './read-csv.ts';
import { readDatabase } from './read-database.ts';
import { readExcel } from './read-excel.ts';
import { readFhir } from './read-fhir.ts';
import { readJson } from './read-json.ts';

/** A file as an agency sent it, or a database of the agency. */
export type RowsFrom = { path: string } | { database: string };

/**
 * Opens what an agency sends as its mapping says, and makes sure that it has the columns that the mapping reads.
 * @throws FileFault naming the columns that are missing, and what there is instead
 */
export async function openRows(from: RowsFrom, mapping: Mapping): Promise<RowSource> {
  if ('database' in from && mapping.reads !== 'sql')
    throw new FileFault(`The mapping "${mapping.name}" reads ${mapping.reads} files, not a database.`);
  const source = 'database' in from ? await readDatabase(from.database, mapping) : await openFile(from.path, mapping);
  try {
    if (source.columns) {
      checkColumns(source.columns, mapping);
      source.problems.push(...unreadColumns(source.columns, mapping));
    }
  } catch (error) {
    await source.close?.();
    throw error;
  }
  return source;
}

function openFile(path: string, mapping: Mapping): Promise<RowSource> {
  switch (mapping.reads) {
    case 'sql':
      throw new FileFault(`The mapping "${mapping.name}" reads a database, not a file. Set up a feed for it, or name the database.`);
    case 'csv':
      return readCsv(path, mapping);
    case 'excel':
      return readExcel(path, mapping);
    case 'json':
      return readJson(path, mapping);
    case 'ctf':
      return readCommonTransferFile(path);
    case 'fhir':
      return readFhir(path);
  }
}

/** Columns that the mapping does not read: told by their headings, so that nobody believes that they were. */
function unreadColumns(columns: readonly string[], mapping: Mapping): RowProblem[] {
  const read = new Set(columnsOf(mapping).map(({ column }) => column));
  const unread = columns.filter((column) => column !== '' && !read.has(column));
  if (unread.length === 0 || mapping.reads === 'sql') return [];
  const message = 'The mapping does not read these columns. Nothing of them was kept; add them to the mapping if they are meant to be.';
  return [{ row: 0, column: 'headings', value: unread.join(', ').slice(0, 300), message, refused: false }];
}

function checkColumns(columns: string[], mapping: Mapping): void {
  const needed = [...new Set(columnsOf(mapping).flatMap(({ column, optional }) => (optional ? [] : [column])))];
  const missing = needed.filter((column) => !columns.includes(column));
  if (missing.length === 0) return;
  const has = columns.filter(Boolean).join(', ').slice(0, 600);
  if (missing.length > needed.length / 2) {
    throw new FileFault(
      `This looks like another agency's file: of the ${needed.length} columns that the mapping "${mapping.name}" reads it lacks ${missing.length}. It has ${has}.`,
    );
  }
  throw new FileFault(
    `What was sent lacks ${missing.map((column) => `"${column}"`).join(', ')}; it has ${has}. Was a column renamed? Change the mapping "${mapping.name}", or mark the column optional.`,
  );
}
