import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { type Plane, planeAt, toPlane } from '@waymark/presence';

/** Where somebody truly was, as densely as it was logged, in metres on a plane of their own. */
export interface TrueWay {
  tag: string;
  plane: Plane;
  /** Ms since 1970, rising. */
  at: Float64Array;
  x: Float64Array;
  y: Float64Array;
  /** How they moved, where they noted it; one of `modes`. */
  mode: string[];
}

/** Between two logged positions no further apart than this the truth is known, ms. */
export const knownWithinMs = 30_000;

/** Reads `tag,at,lat,lon[,mode]`, gzip too: a file, or every one of a folder. Others than the first are left out, and counted. */
export async function readTrueWays(path: string): Promise<{ ways: TrueWay[]; unread: number }> {
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => /\.csv(\.gz)?$/.test(name))
        .sort()
        .map((name) => join(path, name))
    : [path];
  const rows = new Map<string, { at: number; lon: number; lat: number; mode: string }[]>();
  let unread = 0;
  for (const file of files) {
    const stream = file.endsWith('.gz') ? createReadStream(file).pipe(createGunzip()) : createReadStream(file);
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      const [tag = '', at = '', lat = '', lon = '', mode = ''] = line.split(',');
      const row = { at: Date.parse(at), lat: Number(lat), lon: Number(lon), mode };
      if (!tag || [row.at, row.lat, row.lon].some(Number.isNaN)) {
        unread++;
        continue;
      }
      const own = rows.get(tag);
      if (own) own.push(row);
      else rows.set(tag, [row]);
    }
  }
  return { ways: [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([tag, own]) => wayOf(tag, own)), unread };
}

function wayOf(tag: string, rows: { at: number; lon: number; lat: number; mode: string }[]): TrueWay {
  rows.sort((a, b) => a.at - b.at);
  const once = rows.filter(({ at }, i) => i === 0 || at > (rows[i - 1]?.at ?? 0));
  const middle = once[once.length >> 1] as (typeof once)[number];
  const plane = planeAt(middle.lon, middle.lat);
  const places = once.map(({ lon, lat }) => toPlane(plane, lon, lat));
  return {
    tag,
    plane,
    at: Float64Array.from(once, ({ at }) => at),
    x: Float64Array.from(places, ([x]) => x),
    y: Float64Array.from(places, ([, y]) => y),
    mode: once.map(({ mode }) => mode),
  };
}

/** Of two halves of people, that on which figures are reported: nothing may be learnt from it. */
export const isHeld = (tag: string): boolean => ((createHash('sha256').update(tag).digest()[0] as number) & 1) === 1;

/** Index of the last logged position at or before a moment; −1 before the first. */
export function lastBefore(at: Float64Array, moment: number): number {
  let [low, high] = [0, at.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((at[middle] as number) <= moment) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Where they were at a moment; null where that is not known. */
export function truthAt({ at, x, y }: TrueWay, moment: number): [x: number, y: number] | null {
  const i = lastBefore(at, moment);
  if (i < 0) return null;
  const [t0, t1] = [at[i] as number, at[i + 1] ?? Number.NaN];
  if (t0 === moment) return [x[i] as number, y[i] as number];
  if (!(t1 - t0 <= knownWithinMs)) return null;
  const share = (moment - t0) / (t1 - t0);
  return [
    (x[i] as number) + share * ((x[i + 1] as number) - (x[i] as number)),
    (y[i] as number) + share * ((y[i + 1] as number) - (y[i] as number)),
  ];
}

/** How near they came to a place within a window, metres, and for what share of it the truth is known. */
export function truthWithin(way: TrueWay, px: number, py: number, from: number, to: number): { leastM: number; known: number } {
  const { at, x, y } = way;
  if (from === to) {
    const place = truthAt(way, from);
    return place ? { leastM: Math.hypot(place[0] - px, place[1] - py), known: 1 } : { leastM: Number.NaN, known: 0 };
  }
  let leastM = Number.POSITIVE_INFINITY;
  let knownMs = 0;
  for (let i = Math.max(0, lastBefore(at, from)); i + 1 < at.length && (at[i] as number) < to; i++) {
    const [t0, t1] = [at[i] as number, at[i + 1] as number];
    if (t1 - t0 > knownWithinMs || t1 < from) continue;
    const [a, b] = [Math.max(0, (from - t0) / (t1 - t0)), Math.min(1, (to - t0) / (t1 - t0))];
    knownMs += (b - a) * (t1 - t0);
    const [dx, dy] = [(x[i + 1] as number) - (x[i] as number), (y[i + 1] as number) - (y[i] as number)];
    const along = dx * dx + dy * dy;
    const nearest = along === 0 ? a : ((px - (x[i] as number)) * dx + (py - (y[i] as number)) * dy) / along;
    const share = Math.min(b, Math.max(a, nearest));
    leastM = Math.min(leastM, Math.hypot((x[i] as number) + share * dx - px, (y[i] as number) + share * dy - py));
  }
  return { leastM, known: knownMs / (to - from) };
}
