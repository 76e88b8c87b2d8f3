import { BIGINT, DOUBLE, DuckDBDataChunk, type DuckDBType, FLOAT, INTEGER, USMALLINT, UTINYINT, VARCHAR } from '@duckdb/node-api';
import bindings from '@duckdb/node-bindings';

/**
 * Moves whole columns between JavaScript typed arrays and DuckDB vectors.
 *
 * Row-wise appending costs one native call per value; copying a column costs one per 2,048 values. Times are
 * carried as milliseconds in a Float64Array (exact to the year 287396) and stored as BIGINT.
 */
export type ColumnType = 'i32' | 'u8' | 'u16' | 'f32' | 'f64' | 'time' | 'text';

export interface ColumnValues {
  i32: Int32Array;
  u8: Uint8Array;
  u16: Uint16Array;
  /** NaN stands for NULL, both ways. */
  f32: Float32Array;
  /** NaN stands for NULL, both ways. */
  f64: Float64Array;
  /** Milliseconds since 1970 in a double; stored as BIGINT. */
  time: Float64Array;
  /** `null` stands for NULL. */
  text: (string | null)[];
}

/** A named set of equally long columns. */
export type Columns<S extends Record<string, ColumnType>> = { [K in keyof S]: ColumnValues[S[K]] };

type FixedType = Exclude<ColumnType, 'text'>;

const sqlType: Record<ColumnType, DuckDBType> = {
  i32: INTEGER,
  u8: UTINYINT,
  u16: USMALLINT,
  f32: FLOAT,
  f64: DOUBLE,
  time: BIGINT,
  text: VARCHAR,
};

const bytesPerValue: Record<FixedType, number> = { i32: 4, u8: 1, u16: 2, f32: 4, f64: 8, time: 8 };

/** The number of rows DuckDB moves at once. */
export const chunkRows = bindings.vector_size();

/** Columns of up to so many rows are short. */
const shortRows = 8;

/** An empty column of a type with room for `length` values. */
export function emptyColumn<T extends ColumnType>(type: T, length: number, shared = false): ColumnValues[T] {
  // Without a buffer of its own a short column lies among the other objects, which is far quicker to make.
  const room = (bytesEach: number) =>
    shared
      ? (new SharedArrayBuffer(length * bytesEach) as unknown as ArrayBuffer)
      : length <= shortRows
        ? length
        : new ArrayBuffer(length * bytesEach);
  switch (type) {
    case 'i32':
      return new Int32Array(room(4) as number) as ColumnValues[T];
    case 'u8':
      return new Uint8Array(room(1) as number) as ColumnValues[T];
    case 'u16':
      return new Uint16Array(room(2) as number) as ColumnValues[T];
    case 'f32':
      return new Float32Array(room(4) as number) as ColumnValues[T];
    case 'f64':
    case 'time':
      return new Float64Array(room(8) as number) as ColumnValues[T];
    default:
      return new Array<string | null>(length).fill(null) as ColumnValues[T];
  }
}

/** A chunk to be filled again and again, with a column of each of `types`. */
export function emptyChunk(types: ColumnType[]): DuckDBDataChunk {
  return DuckDBDataChunk.create(types.map((type) => sqlType[type]));
}

/** Fills a chunk with rows `from` to `from + count` of the columns; what it held before is gone. */
export function fillChunk(
  chunk: DuckDBDataChunk,
  types: ColumnType[],
  columns: ColumnValues[ColumnType][],
  from: number,
  count: number,
): void {
  chunk.reset();
  chunk.rowCount = count;
  for (let index = 0; index < types.length; index++) {
    const vector = bindings.data_chunk_get_vector(chunk.chunk, index);
    const column = columns[index];
    switch (types[index]) {
      case 'text':
        writeText(vector, column as (string | null)[], from, count);
        break;
      case 'time':
        writeTime(vector, column as Float64Array, from, count);
        break;
      default:
        writeFixed(vector, column as Int32Array, from, count);
    }
  }
}

type Vector = ReturnType<typeof bindings.data_chunk_get_vector>;

function writeFixed(vector: Vector, column: Int32Array | Float32Array | Float64Array, from: number, count: number) {
  // The binding refuses views on shared memory; those are copied.
  const slice = column.buffer instanceof SharedArrayBuffer ? column.slice(from, from + count) : column.subarray(from, from + count);
  bindings.copy_data_to_vector(vector, 0, slice.buffer as ArrayBuffer, slice.byteOffset, slice.byteLength);
  if (slice instanceof Float32Array || slice instanceof Float64Array) writeNulls(vector, count, (i) => slice[i] !== slice[i]);
}

function writeTime(vector: Vector, column: Float64Array, from: number, count: number) {
  const values = new BigInt64Array(count);
  for (let i = 0; i < count; i++) values[i] = BigInt(Math.round(column[from + i] as number));
  bindings.copy_data_to_vector(vector, 0, values.buffer, 0, values.byteLength);
}

function writeText(vector: Vector, column: (string | null)[], from: number, count: number) {
  for (let i = 0; i < count; i++) {
    const value = column[from + i];
    if (value !== null && value !== undefined) bindings.vector_assign_string_element(vector, i, value);
  }
  writeNulls(vector, count, (i) => (column[from + i] ?? null) === null);
}

function writeNulls(vector: Vector, count: number, isNull: (row: number) => boolean) {
  let mask: Uint8Array | undefined;
  for (let i = 0; i < count; i++) {
    if (!isNull(i)) continue;
    mask ??= new Uint8Array(Math.ceil(chunkRows / 8)).fill(255);
    mask[i >> 3] = (mask[i >> 3] as number) & ~(1 << (i & 7));
  }
  if (mask === undefined) return;
  bindings.vector_ensure_validity_writable(vector);
  bindings.copy_data_to_vector_validity(vector, 0, mask.buffer as ArrayBuffer, 0, mask.byteLength);
}

/** Copies one column of a chunk into `target` at `offset`. */
export function readColumn(chunk: DuckDBDataChunk, index: number, type: ColumnType, target: ColumnValues[ColumnType], offset: number) {
  const rows = chunk.rowCount;
  if (type === 'text') {
    const values = chunk.getColumnValues(index);
    for (let i = 0; i < rows; i++) (target as (string | null)[])[offset + i] = values[i] as string | null;
    return;
  }
  const vector = bindings.data_chunk_get_vector(chunk.chunk, index);
  const bytes = bindings.vector_get_data(vector, rows * bytesPerValue[type]);
  // Aligned copy: the vector's memory belongs to DuckDB and goes with the chunk.
  const copy = bytes.slice().buffer;
  if (type === 'time') {
    const source = new BigInt64Array(copy);
    for (let i = 0; i < rows; i++) (target as Float64Array)[offset + i] = Number(source[i]);
    return;
  }
  if (type === 'i32') (target as Int32Array).set(new Int32Array(copy), offset);
  else if (type === 'u8') (target as Uint8Array).set(new Uint8Array(copy), offset);
  else if (type === 'u16') (target as Uint16Array).set(new Uint16Array(copy), offset);
  else {
    const source = type === 'f32' ? new Float32Array(copy) : new Float64Array(copy);
    (target as Float64Array).set(source, offset);
    restoreNulls(vector, rows, target as Float64Array, offset);
  }
}

function restoreNulls(vector: Vector, rows: number, target: Float64Array | Float32Array, offset: number) {
  const validity = bindings.vector_get_validity(vector, Math.ceil(rows / 64) * 8);
  if (!validity) return;
  for (let i = 0; i < rows; i++) {
    if (((validity[i >> 3] as number) & (1 << (i & 7))) === 0) target[offset + i] = Number.NaN;
  }
}
