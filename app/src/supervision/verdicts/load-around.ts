import { type CrimeQuestion, type LaidPlace, layPlace, longitudeDifference, type PresenceParameters } from '@waymark/presence';
import { givesEvidence } from '../../platform/fixes/fix.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { type LoadedFleet, toFleet, type WearingSnapshot } from './load-fleet.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Of everybody this much is read on either side of a window: as many fixes as their neighbours are smoothed over. */
const everybodyMs = 10 * minuteMs;
/** Of whoever may have been there: what a fix's likely place still depends on. */
const doubtfulMs = 3 * hourMs;
/** Of whoever may have been there, in the same hours of earlier weeks. */
const habitMs = hourMs;
/** Somebody without a fix on one side of a window is looked for so far away, farther and farther. */
const searchedMs = [dayMs, 8 * dayMs, 64 * dayMs];
/** Nobody is left out who could have come within reach at this many times the greatest speed, and this many metres more. */
const speedSlack = 1.5;
const distanceSlackM = 500;
const sigmaSlack = 4;
const metresPerDegree = 110_000;

const shape = { wearing: 'i32', at: 'f64', lon: 'f64', lat: 'f64', accuracyM: 'f32' } as const;

/** Rows as they were read: the wearing's place in the list, and its fix. */
interface Rows {
  count: number;
  wearing: Int32Array;
  at: Float64Array;
  lon: Float64Array;
  lat: Float64Array;
  accuracyM: Float32Array;
}

/**
 * Reads what the verdicts on a few crimes rest on, and no more: of everybody the minutes around each window; of whoever could have come
 * near, or was not heard on one side of it, some hours, the last fix before and the first after, and the same hours of earlier weeks; and
 * who was at the place on the days around. Judged from that, verdicts are those of a run that reads everything, but for what is far away in
 * time: chances may differ in their last digits, and an earlier week in which a tag was silent for hours counts as not known.
 */
export async function loadAround(
  store: FixStore,
  wearings: WearingSnapshot[],
  parameters: PresenceParameters,
  questions: readonly CrimeQuestion[],
  receiptUpto: number,
): Promise<LoadedFleet> {
  const place = new Map(wearings.map(({ id }, i) => [id, i]));
  const all = emptyRows();
  const read = async (from: number, to: number, into: Rows, more = '') => {
    await store.scan(
      `SELECT wearing, CAST(at_ms AS DOUBLE), lon, lat, accuracy_m FROM fixes WHERE at_ms BETWEEN ? AND ? AND receipt <= ? AND ${givesEvidence}${more}`,
      shape,
      [Math.round(from), Math.round(to), receiptUpto],
      (columns, count) => {
        for (let i = 0; i < count; i++) {
          const w = place.get(columns.wearing[i] as number);
          if (w === undefined) continue;
          push(into, w, columns.at[i] as number, columns.lon[i] as number, columns.lat[i] as number, columns.accuracyM[i] as number);
        }
      },
    );
  };
  const of = (list: Iterable<number>) => ` AND wearing IN (${[0, ...[...list].map((w) => wearings[w]?.id ?? 0)].join(',')})`;
  for (const question of questions) {
    const { from, to } = question;
    const laid = layPlace(question.place);
    const around = emptyRows();
    await read(from - everybodyMs, to + everybodyMs, around);
    append(all, around);
    const doubtful = whoMayHaveBeenThere(around, wearings, question, laid, parameters);
    if (doubtful.size > 0) {
      const near = emptyRows();
      await read(from - doubtfulMs, to + doubtfulMs, near, of(doubtful));
      await searchBeside(near, doubtful, wearings, question, (start, end, list) => read(start, end, near, of(list)));
      for (const shift of question.habitShifts) await read(from + shift - habitMs, to + shift + habitMs, near, of(doubtful));
      append(all, near);
    }
    const radiusM = parameters.radiusM + laid.uncertaintyM + laid.extentM;
    for (const shift of question.coincidenceShifts) {
      await read(from + shift, to + shift, all, boxAround(laid, radiusM));
      // Of one wearer: was anyone worn then at all? The first is found in a tenth of the time that sorting takes.
      const first = await firstWorn(store, from + shift, to + shift, receiptUpto);
      if (first !== null) await read(from + shift, to + shift, all, ` AND wearing = ${first}`);
    }
  }
  return toFleet(wearings, parameters, all);
}

/** The lowest number of a wearing with a fix between two moments. */
async function firstWorn(store: FixStore, from: number, to: number, receiptUpto: number): Promise<number | null> {
  const { columns } = await store.query(
    `SELECT coalesce(min(wearing), 0) AS wearing FROM fixes WHERE at_ms BETWEEN ? AND ? AND receipt <= ? AND ${givesEvidence} AND wearing > 0`,
    { wearing: 'i32' },
    { values: [Math.round(from), Math.round(to), receiptUpto] },
  );
  return columns.wearing[0] || null;
}

/** Those who were not heard on one side of the window, and those who could have come within reach between two of their fixes. */
function whoMayHaveBeenThere(
  rows: Rows,
  wearings: readonly WearingSnapshot[],
  { from, to }: CrimeQuestion,
  { plane, extentM, uncertaintyM }: LaidPlace,
  { radiusM, grossErrorM, maxSpeedMps, missingAccuracyM }: PresenceParameters,
): Set<number> {
  const found = new Set<number>();
  const byWearing = grouped(rows, wearings.length);
  for (let w = 0; w < wearings.length; w++) {
    const { from: since, to: until } = wearings[w] as WearingSnapshot;
    if (since > to || until < from) continue;
    const own = inOrder(byWearing(w), rows.at);
    const [first, last] = [own[0], own[own.length - 1]];
    if (first === undefined || last === undefined || (rows.at[first] as number) > from || (rows.at[last] as number) < to) {
      found.add(w);
      continue;
    }
    const clearOf = (row: number) => {
      const x = longitudeDifference(rows.lon[row] as number, plane.lon) * plane.perLon;
      const y = ((rows.lat[row] as number) - plane.lat) * plane.perLat;
      const accuracy = rows.accuracyM[row] as number;
      const doubt = Number.isNaN(accuracy) ? missingAccuracyM : accuracy;
      return Math.hypot(x, y) - radiusM - uncertaintyM - extentM - grossErrorM - sigmaSlack * doubt - distanceSlackM;
    };
    for (let i = 0; i + 1 < own.length; i++) {
      const [a, b] = [own[i] as number, own[i + 1] as number];
      const [begin, end] = [rows.at[a] as number, rows.at[b] as number];
      if (end < from || begin > to) continue;
      if (clearOf(a) + clearOf(b) > (speedSlack * maxSpeedMps * (end - begin)) / 1000) continue;
      found.add(w);
      break;
    }
  }
  return found;
}

/** Looks for the fixes beside the window of those who have none yet on one side of it, farther and farther away. */
async function searchBeside(
  near: Rows,
  doubtful: ReadonlySet<number>,
  wearings: readonly WearingSnapshot[],
  { from, to }: CrimeQuestion,
  read: (from: number, to: number, list: number[]) => Promise<void>,
): Promise<void> {
  for (const side of ['before', 'after'] as const) {
    const isThere = (at: number) => (side === 'before' ? at <= from : at >= to);
    let lacking = [...doubtful].filter((w) => {
      const { from: since, to: until } = wearings[w] as WearingSnapshot;
      return side === 'before' ? since < from : until > to;
    });
    for (const farMs of searchedMs) {
      const heard = new Set<number>();
      for (let i = 0; i < near.count; i++) if (isThere(near.at[i] as number)) heard.add(near.wearing[i] as number);
      lacking = lacking.filter((w) => !heard.has(w));
      if (lacking.length === 0) break;
      await (side === 'before' ? read(from - farMs, from, lacking) : read(to, to + farMs, lacking));
    }
  }
}

function boxAround({ plane }: LaidPlace, radiusM: number): string {
  const y = (1.01 * radiusM) / metresPerDegree;
  const x = y / Math.max(0.01, Math.cos((plane.lat * Math.PI) / 180));
  // Near the date line there is no box.
  if (Math.abs(plane.lon) + x > 180 || Math.abs(plane.lat) + y > 89) return '';
  return ` AND lon BETWEEN ${plane.lon - x} AND ${plane.lon + x} AND lat BETWEEN ${plane.lat - y} AND ${plane.lat + y}`;
}

function emptyRows(room = 1024): Rows {
  return {
    count: 0,
    wearing: new Int32Array(room),
    at: new Float64Array(room),
    lon: new Float64Array(room),
    lat: new Float64Array(room),
    accuracyM: new Float32Array(room),
  };
}

function push(rows: Rows, wearing: number, at: number, lon: number, lat: number, accuracyM: number): void {
  if (rows.count === rows.at.length) grow(rows, 2 * rows.count);
  rows.wearing[rows.count] = wearing;
  rows.at[rows.count] = at;
  rows.lon[rows.count] = lon;
  rows.lat[rows.count] = lat;
  rows.accuracyM[rows.count++] = accuracyM;
}

function append(rows: Rows, more: Rows): void {
  if (rows.count + more.count > rows.at.length) grow(rows, 2 * (rows.count + more.count));
  for (const name of ['wearing', 'at', 'lon', 'lat', 'accuracyM'] as const) rows[name].set(more[name].subarray(0, more.count), rows.count);
  rows.count += more.count;
}

function grow(rows: Rows, room: number): void {
  const bigger = emptyRows(room);
  for (const name of ['wearing', 'at', 'lon', 'lat', 'accuracyM'] as const) bigger[name].set(rows[name].subarray(0, rows.count));
  Object.assign(rows, { ...bigger, count: rows.count });
}

/** Rows in order of time, which they mostly are already. */
function inOrder(rows: Int32Array, at: Float64Array): Int32Array {
  for (let i = 1; i < rows.length; i++)
    if ((at[rows[i - 1] as number] as number) > (at[rows[i] as number] as number))
      return rows.sort((a, b) => (at[a] as number) - (at[b] as number));
  return rows;
}

/** The rows of each wearing, in the order in which they were read. */
function grouped({ wearing, count }: Rows, wearings: number): (w: number) => Int32Array {
  const start = new Int32Array(wearings + 1);
  for (let i = 0; i < count; i++) start[(wearing[i] as number) + 1] = (start[(wearing[i] as number) + 1] as number) + 1;
  for (let w = 0; w < wearings; w++) start[w + 1] = (start[w + 1] as number) + (start[w] as number);
  const next = start.slice();
  const order = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const w = wearing[i] as number;
    order[next[w] as number] = i;
    next[w] = (next[w] as number) + 1;
  }
  return (w) => order.subarray(start[w], start[w + 1]);
}
