import { readFile, stat } from 'node:fs/promises';
import type { Mapping, RawRow } from './mapping.ts';
import { FileFault, nestedRow, type RowSource } from './raw-rows.ts';

/** JSON is read as a whole. */
export const jsonAtMostBytes = 256 * 1024 * 1024;

export async function parseJsonFile(path: string): Promise<unknown> {
  const { size } = await stat(path);
  if (size > jsonAtMostBytes) {
    throw new FileFault(`The file has ${Math.round(size / 1024 / 1024)} MB; at most 256 MB can be read. Ask for it in parts.`);
  }
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    throw new FileFault(`The file is no JSON: ${(error as Error).message}.`);
  }
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
