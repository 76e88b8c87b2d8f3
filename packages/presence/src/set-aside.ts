import { longitudeDifference } from './ground/plane.ts';
import { firstAtOrAfter, type Track } from './track.ts';

/** A place repeated to the last digit so often, and for so long, may be a receiver that has stopped. */
const repeatsAtLeast = 8;
const frozenAtLeastMs = 600_000;
/** Fixes before it, or after it, at the same place, that differ from each other: a receiver that lives never gives one twice. */
const livelyAtLeast = 5;
const samePlaceM = 150;
const besideMs = 1_800_000;
/** Who was at rest is not this far away at the next fix, and not at this mean speed, m/s: the receiver stood still while its wearer went. */
const awayM = 500;
const awayMps = 25;
const metresPerDegree = 111_195;
const none = new Float64Array(0);

/** A track without what decides nothing, and when that was taken, ms since 1970. */
export interface Told {
  track: Track;
  /** What a receiver repeated after it had stopped. */
  frozenAt: Float64Array;
  /** Moments at which it was at two places: each of them once. */
  contradictedAt: Float64Array;
}

/**
 * Leaves out fixes that decide nothing:
 *
 * - those of one moment at two places, of which neither is to be believed;
 * - what a receiver repeated after it had stopped: the same place to the last digit, though it gave others before or after at that very
 *   place, or woke up far away. The first of such a run is kept, for it was true; after it is a gap.
 */
export function withoutDoubtful(given: Track): Told {
  const { track, left: contradicted } = leaveOut(given, contradictions(given));
  const { track: told, left: frozenAt } = leaveOut(track, frozenRuns(track));
  return { track: told, frozenAt, contradictedAt: contradicted.filter((at, i) => at !== contradicted[i - 1] && !isBelieved(track, at)) };
}

/** Is there still a fix of a moment, of which others were only the same once more? */
function isBelieved({ at }: Track, moment: number): boolean {
  return at[firstAtOrAfter(at, moment)] === moment;
}

/** @param mask 0 for each fix that is left out; null where none is */
function leaveOut(track: Track, mask: Uint8Array | null): { track: Track; left: Float64Array } {
  if (!mask) return { track, left: none };
  const { at, lon, lat, sigma } = track;
  const keep = (_: number, i: number) => mask[i] === 1;
  const left = at.filter((_, i) => mask[i] === 0);
  return { track: { ...track, at: at.filter(keep), lon: lon.filter(keep), lat: lat.filter(keep), sigma: sigma.filter(keep) }, left };
}

function contradictions({ at, lon, lat }: Track): Uint8Array | null {
  let mask: Uint8Array | null = null;
  for (let i = 0; i < at.length; ) {
    let end = i + 1;
    while (end < at.length && at[end] === at[i]) end++;
    if (end > i + 1) {
      mask ??= new Uint8Array(at.length).fill(1);
      const isOnePlace = lon.subarray(i, end).every((own) => own === lon[i]) && lat.subarray(i, end).every((own) => own === lat[i]);
      // The same once more is no contradiction: one of them is enough.
      mask.fill(0, isOnePlace ? i + 1 : i, end);
    }
    i = end;
  }
  return mask;
}

function frozenRuns(track: Track): Uint8Array | null {
  const { at, lon, lat } = track;
  const n = at.length;
  let mask: Uint8Array | null = null;
  for (let i = 0; i + repeatsAtLeast <= n; ) {
    let end = i + 1;
    while (end < n && lon[end] === lon[i] && lat[end] === lat[i]) end++;
    if (end - i >= repeatsAtLeast && (at[end - 1] as number) - (at[i] as number) >= frozenAtLeastMs && isFrozen(track, i, end)) {
      mask ??= new Uint8Array(n).fill(1);
      mask.fill(0, i + 1, end);
    }
    i = end;
  }
  return mask;
}

/** Whether a run of one place, from `begin` up to but not `end`, is a receiver that has stopped. */
function isFrozen(track: Track, begin: number, end: number): boolean {
  const { at } = track;
  const seconds = end < at.length ? ((at[end] as number) - (at[end - 1] as number)) / 1000 : Number.POSITIVE_INFINITY;
  if (end < at.length && metresBetween(track, begin, end) > Math.max(awayM, awayMps * seconds)) return true;
  return liveliness(track, begin, -1) >= livelyAtLeast || liveliness(track, end - 1, 1) >= livelyAtLeast;
}

/** How many fixes beside a run, one after the other, lie at its place without repeating one another. */
function liveliness(track: Track, from: number, step: 1 | -1): number {
  const { at, lon, lat } = track;
  let count = 0;
  for (let i = from + step; i >= 0 && i < at.length && Math.abs((at[i] as number) - (at[from] as number)) <= besideMs; i += step) {
    const isAgain = lon[i] === lon[i - step] && lat[i] === lat[i - step];
    if (isAgain || metresBetween(track, from, i) > samePlaceM) break;
    count++;
  }
  return count;
}

function metresBetween({ lon, lat }: Track, a: number, b: number): number {
  const y = ((lat[b] as number) - (lat[a] as number)) * metresPerDegree;
  const x = longitudeDifference(lon[b] as number, lon[a] as number) * metresPerDegree * Math.cos(((lat[a] as number) * Math.PI) / 180);
  return Math.hypot(x, y);
}
