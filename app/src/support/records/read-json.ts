import { readFile, stat } from 'node:fs/promises';
import { notText, textOfBytes } from '../../platform/read-text.ts';
import type { Mapping, RawRow } from './mapping.ts';
import { FileFault, nestedRow, type RowSource } from './raw-rows.ts';

/** JSON is read as a whole. */
export const jsonAtMostBytes = 256 * 1024 * 1024;

export async function parseJsonFile(path: string): Promise<unknown> {
  const { size } = await stat(path);
  if (size > jsonAtMostBytes) {
    throw new FileFault(`The file has ${Math.round(size / 1024 / 1024)} MB; at most 256 MB can be read. Ask for it in parts.`);
  }
  const bytes = await readFile(path);
  const other = notText(bytes);
  if (other) throw new FileFault(`This is ${other}, not JSON. Choose the mapping of such a file.`);
  const text = textOfBytes(bytes).replace(/^\uFEFF/, '');
  try {
    // A number with more digits than a computer counts in is an identifier: it is kept digit by digit.
    return /\d{16}/.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch (error) {
    // What the message quotes of the file is for nobody to see: the place is told.
    const at = /position (\d+)/.exec((error as Error).message)?.[1];
    throw new FileFault(
      `The file is no JSON: it breaks off or is wrong${at ? ` at character ${Number(at) + 1}` : ' at its end'}. Ask for it again.`,
    );
  }
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  const isLong = typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '');
  return isLong ? context?.source : value;
}

/** A list of people within JSON, at the path that the mapping names. */
export async function readJson(path: string, mapping: Mapping): Promise<RowSource> {
  let at = await parseJsonFile(path);
  for (const step of mapping.list?.split('.') ?? []) {
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? (at as Record<string, unknown>)[step] : undefined;
  }
  if (!Array.isArray(at))
    throw new FileFault(`There is no list at ${mapping.list ?? 'the top of the file'}. Is this the file that the mapping is for?`);
  const list = at as unknown[];
  function* rows(): Generator<RawRow> {
    for (const [i, value] of list.entries()) yield nestedRow(i + 1, value);
  }
  return { columns: null, rows: rows(), problems: [] };
}
