import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createZstdCompress, createZstdDecompress, zstdCompress, zstdDecompress } from 'node:zlib';
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
  const writer = new PackedFileWriter(file);
  try {
    const { contents, output } = await fill(writer);
    await writer.end(contents);
    await file.close();
    await rename(unfinished, path);
    return output;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(unfinished, { force: true });
    throw error;
  } finally {
    writer.close();
  }
}

/** As many columns are packed or unpacked at a time as Node has threads for it. */
const atOnce = 4;

/**
 * Packs or unpacks one column after another, each a whole by itself. What each of them would take by itself is memory that is asked for outside
 * and looked after by the collector: thousands of columns would have it go through everything there is hundreds of times.
 */
export class Turns {
  readonly #make: () => Packing;
  readonly #turns: (Turn | undefined)[] = [];

  constructor(make: () => Packing) {
    this.#make = make;
  }

  /** @param turn columns of one turn wait for each other */
  take(bytes: Uint8Array, turn: number): Promise<Buffer[]> {
    this.#turns[turn % atOnce] ??= { stream: null, given: 0, pieces: [], last: Promise.resolve(), fail: () => undefined };
    const own = this.#turns[turn % atOnce] as Turn;
    const taken = own.last.then(() => this.#takeNext(own, bytes));
    own.last = taken.catch(() => undefined);
    return taken;
  }

  async #takeNext(own: Turn, bytes: Uint8Array): Promise<Buffer[]> {
    own.stream ??= this.#begin(own);
    const { stream } = own;
    own.given += bytes.byteLength;
    const pieces = await new Promise<Buffer[]>((resolve, reject) => {
      own.fail = reject;
      stream.write(bytes, (error) => {
        if (error) return reject(error);
        // What has not been handed on yet comes now.
        while (stream.read() !== null);
        resolve(own.pieces.splice(0));
      });
    });
    // Something stands after the end of the column, as where its packed form filled a piece to the last byte: for the stream that is its end.
    if (stream.bytesWritten < own.given) {
      own.stream = null;
      stream.destroy();
    }
    return pieces;
  }

  #begin(own: Turn): Packing {
    const stream = this.#make();
    own.given = 0;
    stream.on('data', (piece: Buffer) => own.pieces.push(piece));
    // What breaks a stream is not told to the write that it broke at.
    stream.on('error', (error) => {
      if (own.stream === stream) own.fail(error);
    });
    return stream;
  }

  close(): void {
    for (const own of this.#turns) own?.stream?.destroy();
  }
}

type Packing = Duplex & { bytesWritten: number };

interface Turn {
  /** Null before the first column, and after one that ended it. */
  stream: Packing | null;
  /** Bytes in all; what the stream took of them is `bytesWritten`. */
  given: number;
  /** What has come out of the column at hand. */
  pieces: Buffer[];
  last: Promise<unknown>;
  fail(error: unknown): void;
}

/** Writes columns, each packed by itself (little-endian whole numbers, zstd), and what is in the file at its end. */
export class PackedFileWriter {
  readonly #file: FileHandle;
  readonly #packing = new Turns(() => createZstdCompress({ ...packing, flush: constants.ZSTD_e_end }));
  #length = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @param columns typed arrays of as many values as there are rows */
  async put(rows: number, columns: readonly ArrayBufferView[]): Promise<StoredRows> {
    const packed = await Promise.all(columns.map((column, c) => this.#pack(bytesOf(column), c)));
    let { at } = await this.#append(Buffer.concat(packed));
    return {
      rows,
      columns: packed.map(({ byteLength: bytes }) => {
        at += bytes;
        return { at: at - bytes, bytes };
      }),
    };
  }

  async #pack(bytes: Uint8Array, column: number): Promise<Uint8Array> {
    // Of nothing a stream makes nothing.
    if (bytes.byteLength === 0) return compress(bytes, packing);
    const pieces = await this.#packing.take(bytes, column);
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  /** Takes columns over from another file as they are packed there: one after the other, as `put` leaves them. */
  async copy(from: FileHandle, { rows, columns }: StoredRows): Promise<StoredRows> {
    const first = columns[0]?.at ?? 0;
    const bytes = columns.reduce((sum, own) => sum + own.bytes, 0);
    const { at } = await this.#append(await readBytes(from, first, bytes));
    return { rows, columns: columns.map((own) => ({ at: at + own.at - first, bytes: own.bytes })) };
  }

  /** Writes what is in the file, and has all of it on the disk. */
  async end(contents: unknown): Promise<void> {
    const { at, bytes } = await this.#append(await compress(Buffer.from(JSON.stringify(contents)), packing));
    await this.#append(bytesOf(new Float64Array([at, bytes])));
    await this.#file.datasync();
  }

  /** Lets go of what packs. */
  close(): void {
    this.#packing.close();
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

/** Columns that are filled again and again, by name. */
export type Room = Map<string, Int32Array>;
export interface PartRoom {
  weighed: Room;
  ruledOut: Room;
}
export const partRoom = (): PartRoom => ({ weighed: new Map(), ruledOut: new Map() });

function columnIn(room: Room | undefined, name: string, type: ColumnType, rows: number): Int32Array {
  const known = room?.get(name);
  if (known && known.length >= rows) return known.subarray(0, rows);
  const column = emptyColumn(type, rows) as Int32Array;
  room?.set(name, column);
  return column;
}

/** For one reader, or for several. */
export const unpackers = (): Turns => new Turns(() => createZstdDecompress({ chunkSize: pieceBytes }));

/** Reads columns from a file, one group of rows after another. */
export class PackedFileReader {
  readonly #file: FileHandle;
  readonly #unpacking: Turns;

  /** @param unpacking where several files are read together: what each would take by itself is some megabytes */
  constructor(file: FileHandle, unpacking = unpackers()) {
    this.#file = file;
    this.#unpacking = unpacking;
  }

  /** @param room where the columns are put, if they may be overwritten by what is put there next */
  async rows<S extends Record<string, ColumnType>>(stored: StoredRows, shape: S, room?: Room): Promise<Columns<S>> {
    const columns = await Promise.all(
      Object.entries(shape).map(async ([name, type], c) => {
        const column = columnIn(room, name, type, stored.rows);
        if (stored.rows > 0) await this.#fill(bytesOf(column), stored.columns[c] as StoredRows['columns'][number], c);
        return [name, column];
      }),
    );
    return Object.fromEntries(columns) as Columns<S>;
  }

  async #fill(column: Uint8Array, { at, bytes }: StoredRows['columns'][number], turn: number): Promise<void> {
    let filled = 0;
    for (const piece of await this.#unpacking.take(await readBytes(this.#file, at, bytes), turn)) {
      column.set(piece, filled);
      filled += piece.byteLength;
    }
    if (filled !== column.byteLength) throw new Error(`A column has ${filled} bytes and not ${column.byteLength}.`);
  }

  /** The verdicts of a part. */
  async part({ weighed, ruledOut }: PutPart, room?: PartRoom): Promise<[SweepPart['weighed'], SweepPart['ruledOut']]> {
    return [
      { rows: weighed.rows, columns: await this.rows(weighed, verdictShape, room?.weighed) },
      { rows: ruledOut.rows, columns: await this.rows(ruledOut, ruledOutShape, room?.ruledOut) },
    ];
  }

  /** Lets go of what unpacks; the file stays open. */
  close(): void {
    this.#unpacking.close();
  }
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

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

async function readBytes(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  await file.read(buffer, 0, bytes, at);
  return buffer;
}
