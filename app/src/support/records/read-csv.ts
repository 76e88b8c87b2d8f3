import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { parse } from 'csv-parse';
import type { Mapping, RawRow } from './mapping.ts';
import { FileFault, type RowSource, tableRow } from './raw-rows.ts';

/** A table with headings in its first line; comma or semicolon, UTF-8 or, where it is none, Windows-1252. */
export async function readCsv(path: string, mapping: Mapping): Promise<RowSource> {
  const { text, encoding } = await beginning(path);
  const first = text.replace(/^\uFEFF/, '').split(/\r?\n/, 1)[0] ?? '';
  if (first.trim() === '') throw new FileFault('The file is empty, or its first line is. The first line must hold the headings.');
  const separator = mapping.separator ?? (first.split(';').length > first.split(',').length ? ';' : first.includes('\t') ? '\t' : ',');
  const parser = createReadStream(path, { encoding }).pipe(
    parse({
      bom: true,
      delimiter: separator,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      trim: true,
      info: true,
    }),
  );
  const records = parser[Symbol.asyncIterator]() as AsyncIterator<{ record: string[]; info: { lines: number } }>;
  const headings = (await next(records)).value;
  const columns = (headings?.record ?? []).map((name: string) => name.trim());
  const places = new Map<string, number>(columns.map((name: string, i: number) => [name, i]));
  async function* rows(): AsyncGenerator<RawRow> {
    for (;;) {
      const found = await next(records);
      if (found.done) return;
      yield tableRow(found.value.info.lines, places, found.value.record);
    }
  }
  return { columns, rows: rows(), problems: [] };
}

async function next<T>(records: AsyncIterator<T>): Promise<IteratorResult<T, undefined>> {
  try {
    return (await records.next()) as IteratorResult<T, undefined>;
  } catch (error) {
    throw new FileFault(`The file cannot be read as CSV: ${(error as Error).message}. Check its quotation marks and separators.`);
  }
}

async function beginning(path: string): Promise<{ text: string; encoding: 'utf8' | 'latin1' }> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256 * 1024), 0, 256 * 1024, 0);
    const bytes = buffer.subarray(0, bytesRead);
    // A character may be cut at the end of what was read.
    const whole = bytesRead < buffer.length ? bytes : bytes.subarray(0, bytes.lastIndexOf(10) + 1);
    const text = new TextDecoder('utf-8').decode(whole);
    return text.includes('\uFFFD') ? { text: whole.toString('latin1'), encoding: 'latin1' } : { text, encoding: 'utf8' };
  } finally {
    await file.close();
  }
}
