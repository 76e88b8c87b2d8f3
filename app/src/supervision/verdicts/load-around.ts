import {
  apartMsOf,
  type CrimeQuestion,
  distanceM,
  type Fleet,
  type LaidPlace,
  layPlace,
  longitudeDifference,
  type PresenceParameters,
  speedWithin,
} from '@waymark/presence';
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
/** One place so many times more, or in all that was read, may be a receiver that has stopped: so much is read of what came before. */
const repeatedAtLeast = 3;
const repeatingMs = 12 * hourMs;
/** Fixes further off may show a higher speed than those that were read, and speeds are reckoned a little differently elsewhere. */
const fasterSlack = 1.15;
const besideGaps = 2;
const metresPerDegreeAtMost = 112_000;

/** Room is made at once for so many fixes of each wearing around a window: a fix a minute for most windows. */
const rowsEach = 64;

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
 * time: chances may differ in their last digits, and an earlier week in which a tag was silent for hours counts as not known, and a
 * receiver that had stopped for more than half a day is seen to have stopped by a run alone.
 */
export async function loadAround(
  store: FixStore,
  wearings: WearingSnapshot[],
  parameters: PresenceParameters,
  questions: readonly CrimeQuestion[],
  receiptUpto: number,
): Promise<LoadedFleet> {
  const place = placesOf(wearings);
  const all = emptyRows();
  const read = async (from: number, to: number, into: Rows, more = '') => {
    await store.scan(
      `SELECT wearing, CAST(at_ms AS DOUBLE), lon, lat, accuracy_m FROM fixes WHERE at_ms BETWEEN ? AND ? AND receipt <= ? AND ${givesEvidence}${more}`,
      shape,
      [Math.round(from), Math.round(to), receiptUpto],
      (columns, count) => {
        for (let i = 0; i < count; i++) {
          const w = place[columns.wearing[i] as number] ?? -1;
          if (w < 0) continue;
          push(into, w, columns.at[i] as number, columns.lon[i] as number, columns.lat[i] as number, columns.accuracyM[i] as number);
        }
      },
      from,
    );
  };
  const of = (list: Iterable<number>) => ` AND wearing IN (${[0, ...[...list].map((w) => wearings[w]?.id ?? 0)].join(',')})`;
  for (const question of questions) {
    const { from, to } = question;
    const laid = layPlace(question.place);
    const around = emptyRows(rowsEach * wearings.length);
    await read(from - everybodyMs, to + everybodyMs, around);
    const { fleet } = await toFleet(wearings, parameters, around);
    append(all, around);
    const { doubtful, repeating } = whoMayHaveBeenThere(fleet, question, laid, parameters);
    if (doubtful.size > 0) {
      const near = emptyRows();
      await read(from - doubtfulMs, to + doubtfulMs, near, of(doubtful));
      if (repeating.size > 0) {
        await read(from - repeatingMs, from - doubtfulMs - 1, near, of(repeating));
        await read(to + doubtfulMs + 1, to + repeatingMs, near, of(repeating));
      }
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

/** The place of each wearing in the list, by its number; -1 for others. Numbers are given in order, so there are few gaps among them. */
function placesOf(wearings: readonly WearingSnapshot[]): Int32Array {
  const places = new Int32Array(wearings.reduce((most, { id }) => Math.max(most, id), 0) + 1).fill(-1);
  for (const [i, { id }] of wearings.entries()) places[id] = i;
  return places;
}

/** The lowest number of a wearing with a fix between two moments. */
async function firstWorn(store: FixStore, from: number, to: number, receiptUpto: number): Promise<number | null> {
  const { columns } = await store.query(
    `SELECT coalesce(min(wearing), 0) AS wearing FROM fixes WHERE at_ms BETWEEN ? AND ? AND receipt <= ? AND ${givesEvidence} AND wearing > 0`,
    { wearing: 'i32' },
    { values: [Math.round(from), Math.round(to), receiptUpto], from },
  );
  return columns.wearing[0] || null;
}

/**
 * Those who were not heard on one side of the window, those who could have come within reach between two of their fixes, and those whose
 * fixes may be none: one place again and again, or two at one moment.
 */
function whoMayHaveBeenThere(
  fleet: Fleet,
  question: CrimeQuestion,
  { plane, extentM, uncertaintyM }: LaidPlace,
  parameters: PresenceParameters,
): { doubtful: Set<number>; repeating: Set<number> } {
  const { at, lon, lat, sigma, start } = fleet;
  const { radiusM, grossErrorM, airSpeedMps } = parameters;
  const clearOf = (row: number) => {
    const x = longitudeDifference(lon[row] as number, plane.lon) * plane.perLon;
    const y = ((lat[row] as number) - plane.lat) * plane.perLat;
    return Math.hypot(x, y) - radiusM - uncertaintyM - extentM - grossErrorM - sigmaSlack * (sigma[row] as number) - distanceSlackM;
  };
  const secondsAfter = (k: number) => ((at[k + 1] as number) - (at[k] as number)) / 1000;
  const speedAfter = (k: number) =>
    distanceM(lon[k] as number, lat[k] as number, lon[k + 1] as number, lat[k + 1] as number) / secondsAfter(k);
  /** At least that speed, in a tenth of the time. */
  const overSpeedAfter = (k: number) => {
    const degrees =
      Math.abs(longitudeDifference(lon[k + 1] as number, lon[k] as number)) + Math.abs((lat[k + 1] as number) - (lat[k] as number));
    return (metresPerDegreeAtMost * degrees) / secondsAfter(k);
  };
  const isRepeating = (begin: number, end: number): boolean => {
    let repeated = 0;
    for (let k = begin; k + 1 < end; k++) {
      repeated = lon[k] === lon[k + 1] && lat[k] === lat[k + 1] ? repeated + 1 : 0;
      if (repeated >= repeatedAtLeast) return true;
    }
    return end - begin > 1 && repeated === end - begin - 1;
  };
  /** Greatest speed over gap k and those beside it, as `speedOf` tells it of one. */
  const fastestBeside = (k: number, begin: number, end: number, speedOf: (i: number) => number) => {
    let fastest = 0;
    for (let i = Math.max(begin, k - 1); i <= k + 1 && i + 1 < end; i++) if (secondsAfter(i) > 0) fastest = Math.max(fastest, speedOf(i));
    return fasterSlack * fastest;
  };
  const mayHaveBeen = (begin: number, end: number, clockS: number): boolean => {
    const apartMs = apartMsOf(question.from, question.to, parameters, clockS);
    const [from, to] = [question.from - apartMs, question.to + apartMs];
    // Nothing on one side of the window: it is looked for.
    if (begin === end || (at[begin] as number) > from || (at[end - 1] as number) < to) return true;
    for (let k = begin; k + 1 < end; k++) {
      if (at[k] === at[k + 1]) return true;
      if ((at[k + 1] as number) < from || (at[k] as number) > to) continue;
      const seconds = secondsAfter(k);
      const isSeen = k - besideGaps >= begin && k + 1 + besideGaps < end;
      const clear = clearOf(k) + clearOf(k + 1);
      const reaches = (fastest: number) =>
        clear <= speedSlack * Math.max(isSeen ? 0 : airSpeedMps, speedWithin(seconds, fastest, parameters)) * seconds;
      // Most are so far away that even more than their speed does not do.
      if (reaches(fastestBeside(k, begin, end, overSpeedAfter)) && reaches(fastestBeside(k, begin, end, speedAfter))) return true;
    }
    return false;
  };
  const doubtful = new Set<number>();
  const repeating = new Set<number>();
  for (let w = 0; w + 1 < start.length; w++) {
    if ((fleet.from[w] as number) > question.to || (fleet.to[w] as number) < question.from) continue;
    const [begin, end] = [start[w] as number, start[w + 1] as number];
    if (isRepeating(begin, end)) repeating.add(w);
    if (repeating.has(w) || mayHaveBeen(begin, end, fleet.clockS?.[w] ?? 0)) doubtful.add(w);
  }
  return { doubtful, repeating };
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
  const y = (1.01 * radiusM) / plane.perLat;
  const x = (1.01 * radiusM) / plane.perLon;
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
