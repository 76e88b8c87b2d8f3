import { Decoder, Encoder } from 'cbor-x';
import { type FixBatch, type FixColumns, fixShape, type QuarantinedFix } from './fix.ts';
import { fixColumns } from './fix-columns.ts';
import type { FixOrder } from './fix-orders.ts';

/** What one server had the log keep: batches, or an order. */
export interface Logged {
  /** Told apart by whoever waits for it. */
  id: string;
  batches: FixBatch[];
  order: FixOrder | null;
}

interface Written {
  v: number;
  id: string;
  batches: [
    source: string,
    receivedAt: number,
    count: number,
    quarantined: QuarantinedFix[] | null,
    notUnderstood: [string, number][] | null,
  ][];
  columns: Record<string, Uint8Array | (string | null)[]>;
  order: FixOrder | null;
}

/** The form of messages. A server that meets a later one than it knows stops rather than pass it over. */
const form = 1;
const encoder = new Encoder({ useRecords: false, tagUint8Array: false });
const decoder = new Decoder({ useRecords: false, mapsAsObjects: true });
const names = Object.keys(fixShape) as (keyof FixColumns)[];

/** A message as it stands in the log: CBOR, the numbers of all its fixes column by column in the byte order of the machines that run this (little-endian). */
export function encodeLogged({ id, batches, order }: Logged): Uint8Array {
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const all = batches.length === 1 ? (batches[0] as FixBatch).columns : gathered(batches, count);
  const columns: Written['columns'] = {};
  for (const name of names) {
    const column = all[name];
    columns[name] = Array.isArray(column) ? column.slice(0, count) : bytesOf(column, count);
  }
  const written: Written = {
    v: form,
    id,
    batches: batches.map(({ source, receivedAt, count: own, quarantined, notUnderstood }) => [
      source,
      receivedAt,
      own,
      quarantined.length > 0 ? quarantined : null,
      notUnderstood && notUnderstood.size > 0 ? [...notUnderstood] : null,
    ]),
    columns: count > 0 ? columns : {},
    order,
  };
  return encoder.encode(written);
}

/** @throws Error for what was written by a later version, or by something else */
export function decodeLogged(data: Uint8Array): Logged {
  const { v, id, batches, columns, order } = decoder.decode(data) as Written;
  if (v !== form)
    throw new Error(
      `A message in the log has form ${v}, and this version reads ${form}. Bring this server up to the version of the others.`,
    );
  const count = batches.reduce((sum, own) => sum + own[2], 0);
  const all = fixColumns(count);
  if (count > 0)
    for (const name of names) {
      const from = columns[name];
      const into = all[name];
      if (Array.isArray(from)) (all as Record<string, unknown>)[name] = from;
      else
        new Uint8Array((into as Float64Array).buffer, (into as Float64Array).byteOffset, (into as Float64Array).byteLength).set(
          from as Uint8Array,
        );
    }
  let at = 0;
  return {
    id,
    order,
    batches: batches.map(([source, receivedAt, own, quarantined, notUnderstood]): FixBatch => {
      const part = batches.length === 1 ? all : partOf(all, at, at + own);
      at += own;
      return {
        source,
        receivedAt,
        count: own,
        columns: part,
        quarantined: quarantined ?? [],
        ...(notUnderstood ? { notUnderstood: new Map(notUnderstood) } : {}),
      };
    }),
  };
}

function gathered(batches: readonly FixBatch[], count: number): FixColumns {
  const all = fixColumns(count);
  let at = 0;
  for (const { columns, count: own } of batches) {
    for (const name of names) {
      const from = columns[name];
      if (Array.isArray(from)) for (let i = 0; i < own; i++) (all[name] as (string | null)[])[at + i] = from[i] ?? null;
      else (all[name] as Float64Array).set((from as Float64Array).subarray(0, own), at);
    }
    at += own;
  }
  return all;
}

function bytesOf(column: Exclude<FixColumns[keyof FixColumns], unknown[]>, count: number): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, count * column.BYTES_PER_ELEMENT);
}

function partOf(all: FixColumns, from: number, to: number): FixColumns {
  return Object.fromEntries(
    names.map((name) => {
      const column = all[name];
      return [name, Array.isArray(column) ? column.slice(from, to) : column.subarray(from, to)];
    }),
  ) as FixColumns;
}

/** About how many bytes a batch takes in a message. */
export function bytesInMessage({ count, columns, quarantined }: FixBatch): number {
  let bytes = 100 + count * 72;
  for (let i = 0; i < count; i++) bytes += 3 * (columns.events[i]?.length ?? 0);
  for (const fix of quarantined) bytes += 120 + 3 * (fix.raw.length + fix.tag.length);
  return bytes;
}

/** A batch in parts that each fit a message, in order: itself where it fits. What was not understood is told with the first. */
export function inMessages(batch: FixBatch, bytesAtMost: number): FixBatch[] {
  if (bytesInMessage(batch) <= bytesAtMost) return [batch];
  const parts: FixBatch[] = [];
  for (let from = 0; from < batch.count; ) {
    let to = from;
    let bytes = 100;
    while (to < batch.count) {
      bytes += 72 + 3 * (batch.columns.events[to]?.length ?? 0);
      if (to > from && bytes > bytesAtMost) break;
      to++;
    }
    parts.push({ ...batch, count: to - from, columns: partOf(batch.columns, from, to), quarantined: [], notUnderstood: new Map() });
    from = to;
  }
  const none = fixColumns(0);
  let kept: QuarantinedFix[] = [];
  let bytes = 0;
  for (const whole of batch.quarantined) {
    const fix = cutTo(whole, bytesAtMost / 4);
    const own = 120 + 3 * (fix.raw.length + fix.tag.length);
    if (kept.length > 0 && bytes + own > bytesAtMost) {
      parts.push({ ...batch, count: 0, columns: none, quarantined: kept, notUnderstood: new Map() });
      kept = [];
      bytes = 0;
    }
    kept.push(fix);
    bytes += own;
  }
  if (kept.length > 0) parts.push({ ...batch, count: 0, columns: none, quarantined: kept, notUnderstood: new Map() });
  (parts[0] as FixBatch).notUnderstood = batch.notUnderstood ?? new Map();
  return parts;
}

/** What could not be read may be of any length; as much of it goes into a message as has room, and it says how long it was. */
function cutTo(fix: QuarantinedFix, lengthAtMost: number): QuarantinedFix {
  if (fix.raw.length <= lengthAtMost) return fix;
  return { ...fix, raw: `${fix.raw.slice(0, lengthAtMost)}… (${fix.raw.length.toLocaleString('en-GB')} characters in all)` };
}
