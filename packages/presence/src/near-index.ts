import type { LaidPlace } from './place.ts';
import { longitudeDifference } from './plane.ts';
import type { Track } from './track.ts';

/** About 110 m of latitude, and the same number of degrees of longitude. */
const cellDegrees = 0.001;
const hourMs = 3_600_000;

/**
 * Which wearers had a fix near a place at some time?
 *
 * Fixes are put in buckets by a hash of cell and hour; buckets may be shared by chance, so every candidate is checked.
 */
export class NearIndex {
  readonly #tracks: Track[];
  readonly #mask: number;
  /** Bucket b owns entries `start[b]` to `start[b+1]`. */
  readonly #start: Int32Array;
  readonly #track: Int32Array;
  readonly #fix: Int32Array;
  /** The query that last counted each wearer. */
  readonly #seen: Int32Array;
  #query = 0;

  constructor(tracks: Track[]) {
    this.#tracks = tracks;
    const fixes = tracks.reduce((sum, track) => sum + track.at.length, 0);
    const buckets = 2 ** Math.max(8, Math.min(22, Math.ceil(Math.log2(fixes / 4 + 1))));
    this.#mask = buckets - 1;
    this.#start = new Int32Array(buckets + 1);
    this.#track = new Int32Array(fixes);
    this.#fix = new Int32Array(fixes);
    this.#seen = new Int32Array(tracks.length);
    for (const { at, lon, lat } of tracks) {
      for (let k = 0; k < at.length; k++) {
        const b = this.#bucketOf(cell(lon[k] as number), cell(lat[k] as number), Math.floor((at[k] as number) / hourMs)) + 1;
        this.#start[b] = (this.#start[b] as number) + 1;
      }
    }
    for (let b = 0; b < buckets; b++) this.#start[b + 1] = (this.#start[b + 1] as number) + (this.#start[b] as number);
    const next = this.#start.slice();
    tracks.forEach(({ at, lon, lat }, t) => {
      for (let k = 0; k < at.length; k++) {
        const b = this.#bucketOf(cell(lon[k] as number), cell(lat[k] as number), Math.floor((at[k] as number) / hourMs));
        const entry = next[b] as number;
        next[b] = entry + 1;
        this.#track[entry] = t;
        this.#fix[entry] = k;
      }
    });
  }

  #bucketOf(x: number, y: number, hour: number): number {
    let h = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b) ^ Math.imul(hour, 0xc2b2ae35);
    h ^= h >>> 15;
    h = Math.imul(h, 0x2c1b3c6d);
    return (h ^ (h >>> 13)) & this.#mask;
  }

  /** How many wearers had a fix within `reach` metres of the place (of its middle, for a line or an area). */
  countNear(place: LaidPlace, from: number, to: number, reach: number): number {
    const { plane } = place;
    const radius = reach + place.extentM;
    const radius2 = radius * radius;
    const west = cell(plane.lon - radius / plane.perLon);
    const east = cell(plane.lon + radius / plane.perLon);
    const south = cell(plane.lat - radius / plane.perLat);
    const north = cell(plane.lat + radius / plane.perLat);
    const query = ++this.#query;
    let count = 0;
    for (let hour = Math.floor(from / hourMs); hour <= Math.floor(to / hourMs); hour++) {
      for (let x = west; x <= east; x++) {
        for (let y = south; y <= north; y++) {
          const b = this.#bucketOf(x, y, hour);
          for (let entry = this.#start[b] as number; entry < (this.#start[b + 1] as number); entry++) {
            const t = this.#track[entry] as number;
            if (this.#seen[t] === query) continue;
            const track = this.#tracks[t] as Track;
            const k = this.#fix[entry] as number;
            const at = track.at[k] as number;
            if (at < from || at > to) continue;
            const dx = longitudeDifference(track.lon[k] as number, plane.lon) * plane.perLon;
            const dy = ((track.lat[k] as number) - plane.lat) * plane.perLat;
            if (dx * dx + dy * dy > radius2) continue;
            this.#seen[t] = query;
            count++;
          }
        }
      }
    }
    return count;
  }
}

function cell(degrees: number): number {
  return Math.floor(degrees / cellDegrees);
}
