import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { type Columns, type ColumnType, emptyColumn } from '@waymark/engine';
import { ruledOutShape, type SweepPart, verdictShape } from '@waymark/presence';

/** One group of rows in a file: where its columns stand, in the order of its shape. */
export interface StoredRows {
  rows: number;
  columns: { at: number; bytes: number }[];
}

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** What comes out is taken in pieces of so many bytes; with the usual 16,384 most of the time goes into putting them together. */
const pieceBytes = 1 << 20;
// The fastest level that packs well: what is written here is mostly zeros and neighbours.
const packing = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 1 << 17 };
/** Where the contents begin and how many bytes they are, as two little-endian 64-bit fractions at the very end. */
const tailBytes = 16;

/** What a file is called until it is whole. */
export const unfinishedEnding = '.unfinished';

/**
 * Writes a file that is there whole or not at all.
 * @param fill gives what is in it, as JSON, and what is given back
 */
export async function writePackedFile<T>(
  path: string,
  fill: (file: PackedFileWriter) => Promise<{ contents: unknown; output: T }>,
): Promise<T> {
  // Two servers may write the same, where one of them is taken for dead.
  const unfinished = `${path}.${randomUUID()}${unfinishedEnding}`;
  const file = await open(unfinished, 'w');
  try {
    const writer = new PackedFileWriter(file);
    const { contents, output } = await fill(writer);
    await writer.end(contents);
    await file.close();
    await rename(unfinished, path);
    return output;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Writes columns, each packed by itself (little-endian whole numbers, zstd), and what is in the file at its end. */
export class PackedFileWriter {
  readonly #file: FileHandle;
  #length = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @param columns typed arrays of as many values as there are rows */
  async put(rows: number, columns: readonly ArrayBufferView[]): Promise<StoredRows> {
    const packed = await Promise.all(columns.map((column) => compress(bytesOf(column), packing)));
    const stored: StoredRows = { rows, columns: [] };
    for (const bytes of packed) stored.columns.push(await this.#append(bytes));
    return stored;
  }

  /** Takes columns over from another file as they are packed there. */
  async copy(from: FileHandle, stored: StoredRows): Promise<StoredRows> {
    const columns: StoredRows['columns'] = [];
    for (const { at, bytes } of stored.columns) columns.push(await this.#append(await readBytes(from, at, bytes)));
    return { rows: stored.rows, columns };
  }

  /** Writes what is in the file, and has all of it on the disk. */
  async end(contents: unknown): Promise<void> {
    const { at, bytes } = await this.#append(await compress(Buffer.from(JSON.stringify(contents)), packing));
    await this.#append(bytesOf(new Float64Array([at, bytes])));
    await this.#file.datasync();
  }

  async #append(bytes: Uint8Array): Promise<{ at: number; bytes: number }> {
    const at = this.#length;
    this.#length += bytes.byteLength;
    await this.#file.appendFile(bytes);
    return { at, bytes: bytes.byteLength };
  }
}

/** What is in a file; null where it was not ended. */
export async function readContentsOf(file: FileHandle): Promise<unknown> {
  const { size } = await file.stat();
  if (size < tailBytes) return null;
  const tail = await readBytes(file, size - tailBytes, tailBytes);
  const [at, bytes] = [tail.readDoubleLE(0), tail.readDoubleLE(8)];
  if (!(at >= 0) || at + bytes + tailBytes !== size) return null;
  return JSON.parse((await decompress(await readBytes(file, at, bytes), { chunkSize: pieceBytes })).toString());
}

export async function readRows<S extends Record<string, ColumnType>>(file: FileHandle, stored: StoredRows, shape: S): Promise<Columns<S>> {
  const columns = await Promise.all(
    Object.entries(shape).map(async ([name, type], c) => {
      const place = stored.columns[c] as StoredRows['columns'][number];
      const column = emptyColumn(type, stored.rows) as Int32Array;
      // All at once.
      const options = { chunkSize: Math.max(64, column.byteLength) };
      bytesOf(column).set(await decompress(await readBytes(file, place.at, place.bytes), options));
      return [name, column];
    }),
  );
  return Object.fromEntries(columns) as Columns<S>;
}

/** The verdicts of a part, as they stand in a file. */
export interface PutPart {
  weighed: StoredRows;
  ruledOut: StoredRows;
}

export async function putPart(file: PackedFileWriter, { weighed, ruledOut }: SweepPart): Promise<PutPart> {
  return {
    weighed: await file.put(weighed.rows, Object.values(weighed.columns)),
    ruledOut: await file.put(ruledOut.rows, Object.values(ruledOut.columns)),
  };
}

export async function readPart(file: FileHandle, { weighed, ruledOut }: PutPart): Promise<[SweepPart['weighed'], SweepPart['ruledOut']]> {
  return [
    { rows: weighed.rows, columns: await readRows(file, weighed, verdictShape) },
    { rows: ruledOut.rows, columns: await readRows(file, ruledOut, ruledOutShape) },
  ];
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

async function readBytes(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  await file.read(buffer, 0, bytes, at);
  return buffer;
}
