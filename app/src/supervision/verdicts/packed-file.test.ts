import { randomBytes } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/serve-for-test.ts';
import { PackedFileReader, partRoom, type Room, readContentsOf, type StoredRows, writePackedFile } from './packed-file.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const shape = { one: 'i32', two: 'u16', three: 'u8' } as const;
/** Columns of so many rows that the first takes several pieces. */
const columnsOf = (rows: number, seed: number) => [
  Int32Array.from({ length: rows }, (_, i) => Math.imul(i + seed, 0x9e3779b1)),
  Uint16Array.from({ length: rows }, (_, i) => (i * seed) % 60_000),
  new Uint8Array(rows).fill(seed),
];

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

async function written(name: string, sizes: readonly number[]): Promise<{ path: string; stored: StoredRows[] }> {
  const path = join(folder.path, name);
  const stored: StoredRows[] = [];
  await writePackedFile(path, async (file) => {
    for (const [i, rows] of sizes.entries()) stored.push(await file.put(rows, columnsOf(rows, i + 1)));
    return { contents: stored, output: null };
  });
  return { path, stored };
}

test('columns come back as they were put, one part after another and over each other, none and many rows', async () => {
  const sizes = [3, 0, 700_000, 1, 400_000, 700_001];
  const { path } = await written('good', sizes);
  const file = await open(path, 'r');
  const reader = new PackedFileReader(file);
  const stored = (await readContentsOf(file)) as StoredRows[];
  const room: Room = partRoom().weighed;
  for (const own of [undefined, room])
    for (const [i, rows] of sizes.entries()) {
      const columns = Object.values(await reader.rows(stored[i] as StoredRows, shape, own));
      const right = columnsOf(rows, i + 1);
      expect(columns.map((column, c) => bytesOf(column).equals(bytesOf(right[c] as ArrayBufferView)))).toEqual([true, true, true]);
    }
  reader.close();
  await file.close();
});

test.each(['changed', 'cut short'])('a column that is %s is told, and nothing waits for it', async (how) => {
  const { path, stored } = await written(how, [5000, 5000]);
  const bytes = await readFile(path);
  const [first] = stored as [StoredRows];
  const { at, bytes: length } = first.columns[0] as StoredRows['columns'][number];
  if (how === 'changed') bytes.fill(0xff, at, at + length);
  await writeFile(path, bytes);
  if (how === 'cut short') first.columns[0] = { at, bytes: length - 200 };
  const file = await open(path, 'r');
  const reader = new PackedFileReader(file);
  await expect(reader.rows(first, shape)).rejects.toThrow();
  reader.close();
  await file.close();
});

test('what stands after the end of a column, as where it filled a piece to the last byte, is no part of it and hinders no other', async () => {
  const path = join(folder.path, 'double');
  const right = columnsOf(5000, 3);
  const packed = right.map((column) => Buffer.concat([zstdCompressSync(bytesOf(column)), zstdCompressSync(Buffer.alloc(0))]));
  await writeFile(path, Buffer.concat(packed));
  const stored = {
    rows: 5000,
    columns: packed.map((own, i) => ({ at: packed.slice(0, i).reduce((n, { length }) => n + length, 0), bytes: own.length })),
  };
  const file = await open(path, 'r');
  const reader = new PackedFileReader(file);
  // All at once, so that some wait for others of their turn.
  const read = await Promise.all(Array.from({ length: 5 }, () => reader.rows(stored, shape)));
  for (const columns of read)
    expect(Object.values(columns).map((column, c) => bytesOf(column).equals(bytesOf(right[c] as ArrayBufferView)))).toEqual([
      true,
      true,
      true,
    ]);
  reader.close();
  await file.close();
});

test('columns of every size near that of a piece come back', async () => {
  // Noise does not pack: what comes out is as long as what went in, and ends at, before and after the end of a piece.
  const noise = randomBytes(4 * 131_072 + 4096);
  const sizes = Array.from({ length: 120 }, (_, i) => 131_072 - 60 + i);
  const path = join(folder.path, 'noise');
  const stored: StoredRows[] = [];
  await writePackedFile(path, async (file) => {
    for (const size of sizes) stored.push(await file.put(size, [noise.subarray(0, size)]));
    return { contents: null, output: null };
  });
  const file = await open(path, 'r');
  const reader = new PackedFileReader(file);
  for (const [i, size] of sizes.entries()) {
    const { own } = await reader.rows(stored[i] as StoredRows, { own: 'u8' });
    expect(bytesOf(own).equals(noise.subarray(0, size)), String(size)).toBe(true);
  }
  reader.close();
  await file.close();
});
