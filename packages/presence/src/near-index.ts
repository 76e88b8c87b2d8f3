import type { LaidPlace } from './ground/place.ts';
import { longitudeDifference } from './ground/plane.ts';
import { firstAtOrAfter, type Track } from './track.ts';

/** About 220 m of latitude, and the same number of degrees of longitude: measured to be quicker than half and than one and a half. */
const cellDegrees = 0.002;
const hourMs = 3_600_000;

/**
 * Which wearers had a fix near a place at some time?
 *
 * Each run of fixes within one cell and hour is put in a bucket by a hash of them; buckets may be shared by chance, so
 * every candidate is checked.
 */
export class NearIndex {
  readonly #tracks: Track[];
  readonly #mask: number;
  /** Bucket b owns runs `start[b]` to `start[b+1]`. */
  readonly #start: Int32Array;
  readonly #track: Int32Array;
  /** Hash of each run's cell and hour. */
  readonly #key: Int32Array;
  /** First and last fix of each run. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  /** The query that last counted each wearer. */
  readonly #seen: Int32Array;
  #query = 0;

  constructor(tracks: Track[]) {
    this.#tracks = tracks;
    const fixes = tracks.reduce((sum, track) => sum + track.at.length, 0);
    const buckets = 2 ** Math.max(8, Math.min(20, Math.ceil(Math.log2(fixes / 8 + 1))));
    this.#mask = buckets - 1;
    this.#start = new Int32Array(buckets + 1);
    this.#seen = new Int32Array(tracks.length);
    const inEach = new Int32Array(buckets);
    for (const track of tracks) {
      eachRun(track, (x, y, hour) => {
        const b = hashOf(x, y, hour) & this.#mask;
        inEach[b] = (inEach[b] as number) + 1;
      });
    }
    for (let b = 0; b < buckets; b++) this.#start[b + 1] = (this.#start[b] as number) + (inEach[b] as number);
    const runs = this.#start[buckets] as number;
    this.#track = new Int32Array(runs);
    this.#key = new Int32Array(runs);
    this.#first = new Int32Array(runs);
    this.#last = new Int32Array(runs);
    const next = this.#start.slice();
    tracks.forEach((track, t) => {
      eachRun(track, (x, y, hour, first, last) => {
        const key = hashOf(x, y, hour);
        const run = next[key & this.#mask] as number;
        next[key & this.#mask] = run + 1;
        this.#key[run] = key;
        this.#track[run] = t;
        this.#first[run] = first;
        this.#last[run] = last;
      });
    });
  }

  /** How many wearers had a fix within `reach` metres of the place (of its middle, for a line or an area). */
  countNear(place: LaidPlace, from: number, to: number, reach: number): number {
    const { plane } = place;
    const radius = reach + place.extentM;
    const west = cell(plane.lon - radius / plane.perLon);
    const east = cell(plane.lon + radius / plane.perLon);
    const south = cell(plane.lat - radius / plane.perLat);
    const north = cell(plane.lat + radius / plane.perLat);
    const query = ++this.#query;
    let count = 0;
    const hours = Math.floor(to / hourMs) - Math.floor(from / hourMs) + 1;
    // A place so large that it has more cells than there are runs: the runs themselves are gone through.
    if ((east - west + 1) * (north - south + 1) * hours > this.#track.length) return this.#countAll(place, from, to, radius * radius);
    for (let hour = Math.floor(from / hourMs); hour <= Math.floor(to / hourMs); hour++) {
      for (let column = west; column <= east; column++) {
        const x = wrapped(column);
        for (let y = south; y <= north; y++) {
          const key = hashOf(x, y, hour);
          const end = this.#start[(key & this.#mask) + 1] as number;
          for (let run = this.#start[key & this.#mask] as number; run < end; run++) {
            if (this.#key[run] !== key) continue;
            const t = this.#track[run] as number;
            if (this.#seen[t] === query || !this.#runIsNear(run, place, from, to, radius * radius)) continue;
            this.#seen[t] = query;
            count++;
          }
        }
      }
    }
    return count;
  }

  #countAll(place: LaidPlace, from: number, to: number, radius2: number): number {
    const query = this.#query;
    let count = 0;
    for (let run = 0; run < this.#track.length; run++) {
      const t = this.#track[run] as number;
      if (this.#seen[t] === query || !this.#runIsNear(run, place, from, to, radius2)) continue;
      this.#seen[t] = query;
      count++;
    }
    return count;
  }

  #runIsNear(run: number, { plane }: LaidPlace, from: number, to: number, radius2: number): boolean {
    const { at, lon, lat } = this.#tracks[this.#track[run] as number] as Track;
    const last = this.#last[run] as number;
    for (let k = this.#first[run] as number; k <= last; k++) {
      if ((at[k] as number) < from) continue;
      if ((at[k] as number) > to) return false;
      const dx = longitudeDifference(lon[k] as number, plane.lon) * plane.perLon;
      const dy = ((lat[k] as number) - plane.lat) * plane.perLat;
      if (dx * dx + dy * dy <= radius2) return true;
    }
    return false;
  }
}

/** The same as `NearIndex.countNear`, without an index: quicker where little is asked of many. */
export function countNear(tracks: readonly Track[], { plane, extentM }: LaidPlace, from: number, to: number, reach: number): number {
  const radius = reach + extentM;
  let count = 0;
  for (const { at, lon, lat } of tracks) {
    for (let k = firstAtOrAfter(at, from); k < at.length && (at[k] as number) <= to; k++) {
      const dx = longitudeDifference(lon[k] as number, plane.lon) * plane.perLon;
      const dy = ((lat[k] as number) - plane.lat) * plane.perLat;
      if (dx * dx + dy * dy > radius * radius) continue;
      count++;
      break;
    }
  }
  return count;
}

/** Runs of neighbouring fixes in the same cell and hour. */
function eachRun({ at, lon, lat }: Track, found: (x: number, y: number, hour: number, first: number, last: number) => void): void {
  let first = 0;
  for (let k = 1; k <= at.length; k++) {
    const x = cell(lon[first] as number);
    const y = cell(lat[first] as number);
    const hour = Math.floor((at[first] as number) / hourMs);
    if (k < at.length && cell(lon[k] as number) === x && cell(lat[k] as number) === y && Math.floor((at[k] as number) / hourMs) === hour) {
      continue;
    }
    found(x, y, hour, first, k - 1);
    first = k;
  }
}

function hashOf(x: number, y: number, hour: number): number {
  let h = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b) ^ Math.imul(hour, 0xc2b2ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

/** Cells from 180 degrees of longitude on are those from -180 on. */
const columns = Math.round(360 / cellDegrees);
function wrapped(x: number): number {
  return x >= columns / 2 ? x - columns : x < -columns / 2 ? x + columns : x;
}

function cell(degrees: number): number {
  return Math.floor(degrees / cellDegrees);
}
