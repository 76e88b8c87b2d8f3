import { createHash } from 'node:crypto';
import { type Fleet, type PresenceParameters, sigmaFor } from '@waymark/presence';
import { breather } from '../../platform/breathe.ts';
import { givesEvidence, rowsThatTell } from '../../platform/fixes/fix.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import type { RecordedWearing } from '../schema/tables.ts';

/** One wearing as a run takes it, in order of id. */
export interface WearingSnapshot {
  id: number;
  from: number;
  /** Infinity while the tag is worn. */
  to: number;
  /** By how many seconds more than others the tag's own clock may be out, where that was learnt. */
  clockS?: number;
}

/** A wearing as it is kept with a run. */
export const snapshotOf = ({ id, from, to, clockS }: RecordedWearing): WearingSnapshot => ({
  id,
  from: Date.parse(from),
  to: to === null ? Infinity : Date.parse(to),
  ...(clockS ? { clockS } : {}),
});

export interface LoadedFleet {
  fleet: Fleet;
  fixes: number;
  /** SHA-256 of the fixes of each wearing as they were read, in order of time. */
  hashes(): Promise<string[]>;
  /** SHA-256 of every fix, in order of wearing and time: what runs of earlier versions have. */
  hash(): Promise<string>;
}

const shape = { wearing: 'i32', at: 'f64', lon: 'f64', lat: 'f64', accuracyM: 'f32' } as const;

/**
 * Reads the fixes of the wearings into shared arrays, wearing after wearing, in order of time.
 *
 * Rows come from the store in the order they were written, which is nearly sorted; they are put in their wearing's place
 * first and only then sorted where need be, which is far cheaper than sorting all of them in the engine.
 * @param wearings in order of id
 * @param span what is read; a share of all wearings is told, so that the others are not read at all
 */
export async function loadFleet(
  store: FixStore,
  wearings: WearingSnapshot[],
  parameters: PresenceParameters,
  span: { from: number; to: number; receiptUpto: number; isShare?: boolean },
): Promise<LoadedFleet> {
  const place = new Map(wearings.map(({ id }, i) => [id, i]));
  const values = [Math.round(span.from), Math.round(span.to), span.receiptUpto];
  // A position that says “at home” may be anywhere in it: near the home that could place somebody who was not there.
  const own = span.isShare ? ` AND wearing BETWEEN ${Math.trunc(wearings[0]?.id ?? 0)} AND ${Math.trunc(wearings.at(-1)?.id ?? -1)}` : '';
  const where = `at_ms BETWEEN ? AND ? AND receipt <= ? AND ${givesEvidence}${own}`;
  const counted = await store.query(
    `SELECT wearing, count(*)::INTEGER AS n FROM fixes WHERE ${where} GROUP BY wearing`,
    { wearing: 'i32', n: 'i32' },
    { values, from: span.from },
  );
  const start = new Int32Array(new SharedArrayBuffer(4 * (wearings.length + 1)));
  for (let i = 0; i < counted.count; i++) {
    const w = place.get(counted.columns.wearing[i] as number);
    if (w !== undefined) start[w + 1] = counted.columns.n[i] as number;
  }
  for (let w = 0; w < wearings.length; w++) start[w + 1] = (start[w + 1] as number) + (start[w] as number);
  const fleet = emptyFleet(wearings, start);
  const next = Int32Array.from(start);
  const sigmaOf = sigmaFor(parameters);
  // Neighbouring rows are mostly of one wearing.
  let known = Number.NaN;
  let w: number | undefined;
  await store.scan(
    `SELECT wearing, CAST(at_ms AS DOUBLE), lon, lat, accuracy_m FROM fixes WHERE ${where}`,
    shape,
    values,
    (columns, count) => {
      for (let i = 0; i < count; i++) {
        const wearing = columns.wearing[i] as number;
        if (wearing !== known) {
          known = wearing;
          w = place.get(wearing);
        }
        if (w === undefined) continue;
        const row = next[w] as number;
        next[w] = row + 1;
        fleet.at[row] = columns.at[i] as number;
        fleet.lon[row] = columns.lon[i] as number;
        fleet.lat[row] = columns.lat[i] as number;
        fleet.sigma[row] = sigmaOf(columns.accuracyM[i] as number);
      }
    },
    span.from,
  );
  return settled(fleet);
}

/** A fleet of fixes as they were read: each wearing's in order of time, and one row for each moment that says where the wearer was. */
export function toFleet(
  wearings: readonly WearingSnapshot[],
  parameters: PresenceParameters,
  rows: { count: number; wearing: Int32Array; at: Float64Array; lon: Float64Array; lat: Float64Array; accuracyM: Float32Array },
): Promise<LoadedFleet> {
  const start = new Int32Array(new SharedArrayBuffer(4 * (wearings.length + 1)));
  for (let i = 0; i < rows.count; i++) start[(rows.wearing[i] as number) + 1] = (start[(rows.wearing[i] as number) + 1] as number) + 1;
  for (let w = 0; w < wearings.length; w++) start[w + 1] = (start[w + 1] as number) + (start[w] as number);
  const fleet = emptyFleet(wearings, start);
  const next = Int32Array.from(start);
  const sigmaOf = sigmaFor(parameters);
  for (let i = 0; i < rows.count; i++) {
    const w = rows.wearing[i] as number;
    const row = next[w] as number;
    next[w] = row + 1;
    fleet.at[row] = rows.at[i] as number;
    fleet.lon[row] = rows.lon[i] as number;
    fleet.lat[row] = rows.lat[i] as number;
    fleet.sigma[row] = sigmaOf(rows.accuracyM[i] as number);
  }
  return settled(fleet);
}

/** Room for the fixes of some wearings on shared memory. */
function emptyFleet(wearings: readonly WearingSnapshot[], start: Int32Array): Fleet {
  const total = start[wearings.length] as number;
  return {
    at: new Float64Array(new SharedArrayBuffer(8 * total)),
    lon: new Float64Array(new SharedArrayBuffer(8 * total)),
    lat: new Float64Array(new SharedArrayBuffer(8 * total)),
    sigma: new Float32Array(new SharedArrayBuffer(4 * total)),
    start,
    from: Float64Array.from(wearings, ({ from }) => from),
    to: Float64Array.from(wearings, ({ to }) => to),
    clockS: Float64Array.from(wearings, ({ clockS = 0 }) => clockS),
  };
}

async function settled(fleet: Fleet): Promise<LoadedFleet> {
  let repeated = false;
  const breathe = breather();
  const wearings = fleet.start.length - 1;
  for (let w = 0; w < wearings; w++) {
    repeated = sortWearing(fleet, fleet.start[w] as number, fleet.start[w + 1] as number) || repeated;
    await breathe();
  }
  const told = repeated ? await withoutRepeats(fleet) : fleet;
  return { fleet: told, fixes: told.start[wearings] as number, hashes: () => hashesOf(told), hash: () => hashOf(told) };
}

/** The fleet with one row for each moment that says where the wearer was, and two where they contradict each other. */
async function withoutRepeats(fleet: Fleet): Promise<Fleet> {
  const breathe = breather();
  const start = new Int32Array(new SharedArrayBuffer(4 * fleet.start.length));
  let kept = 0;
  for (let w = 0; w + 1 < fleet.start.length; w++) {
    start[w] = kept;
    for (const row of rowsThatTell(fleet, fleet.start[w] as number, fleet.start[w + 1] as number, { contradictions: true })) {
      for (const array of [fleet.at, fleet.lon, fleet.lat, fleet.sigma]) array[kept] = array[row] as number;
      kept++;
    }
    await breathe();
  }
  start[fleet.start.length - 1] = kept;
  const { at, lon, lat, sigma } = fleet;
  return {
    ...fleet,
    at: at.subarray(0, kept),
    lon: lon.subarray(0, kept),
    lat: lat.subarray(0, kept),
    sigma: sigma.subarray(0, kept),
    start,
  };
}

/** Bytes that are hashed before others have their turn. */
const hashedTogether = 4 * 1024 * 1024;

async function hashesOf({ at, lon, lat, sigma, start }: Fleet): Promise<string[]> {
  const hashes: string[] = [];
  const breathe = breather();
  for (let w = 0; w + 1 < start.length; w++) {
    const hash = createHash('sha256');
    for (const { buffer, byteOffset, byteLength } of [at, lon, lat, sigma].map((array) => array.subarray(start[w], start[w + 1])))
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    hashes.push(hash.digest('hex'));
    await breathe();
  }
  return hashes;
}

async function hashOf({ at, lon, lat, sigma, start }: Fleet): Promise<string> {
  const hash = createHash('sha256');
  const breathe = breather();
  for (const array of [at, lon, lat, sigma, start])
    for (let from = 0; from < array.byteLength; from += hashedTogether) {
      hash.update(new Uint8Array(array.buffer, array.byteOffset + from, Math.min(hashedTogether, array.byteLength - from)));
      await breathe();
    }
  return hash.digest('hex');
}

/** Puts one wearing's rows in order of time, those of one moment as they came. Is there a moment that stands there twice? */
function sortWearing(fleet: Fleet, begin: number, end: number): boolean {
  let sorted = true;
  for (let i = begin + 1; i < end && sorted; i++) sorted = (fleet.at[i - 1] as number) < (fleet.at[i] as number);
  if (sorted) return false;
  const order = Array.from({ length: end - begin }, (_, i) => begin + i).sort((a, b) => (fleet.at[a] as number) - (fleet.at[b] as number));
  for (const array of [fleet.at, fleet.lon, fleet.lat, fleet.sigma]) {
    const copy = order.map((i) => array[i] as number);
    for (let i = 0; i < copy.length; i++) array[begin + i] = copy[i] as number;
  }
  for (let i = begin + 1; i < end; i++) if (fleet.at[i - 1] === fleet.at[i]) return true;
  return false;
}
