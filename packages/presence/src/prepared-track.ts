import { radius99Table } from './fix-error.ts';
import { type LikelySet, likelySet } from './likely-set.ts';
import type { PresenceParameters } from './parameters.ts';
import { longitudeDifference, planeAt } from './plane.ts';
import type { Track } from './track.ts';

/** Spread of somebody who is out and about, m²/s; used where a gap hides what went on. */
export const roamingSpread = 250;
/** Longer gaps than this may hide a detour even if both ends are at rest, in seconds. */
export const quietGapS = 120;

/** Fixes per block, and per row of blocks. */
export const blockSize = 16;
export const blocksPerRow = 8;
const indexStepMs = 1_800_000;

/**
 * A track with everything about it that does not depend on the crime, worked out once:
 *
 * - the **likely set**: for each fix a posterior position and variance, and for each gap the spread σm² of the Brownian
 *   bridge across it (Horne et al. 2007), estimated around the gap so that a parked night and a drive differ (as in the
 *   dynamic bridge of Kranstauber et al. 2012);
 * - **blocks** of 16 fixes with their bounds, so that far stretches are passed over without reading them.
 */
export interface PreparedTrack extends Track, LikelySet {
  blocks: Bounds;
  /** The same for eight blocks at a time. */
  rows: Bounds;
  /** Seconds up to fix k that lie in gaps no longer than `maxGapS`. */
  coveredS: Float64Array;
  /** Index of the first fix at or after each half hour from `indexFrom`. */
  index: Int32Array;
  indexFrom: number;
}

/** What is known of each stretch of fixes without reading them. */
export interface Bounds {
  /** West, south, east, north of each block's fixes, observed and likely, and of the first fix after it; degrees. */
  box: Float64Array;
  /** Longest gap that begins in the block, seconds. */
  longestGapS: Float32Array;
  /** Largest variance that any bridge of the block reaches, roaming included, m². */
  widestBridge: Float32Array;
  /** Largest reported spread in the block, metres. */
  widestSigma: Float32Array;
  /** Largest error that an end of a prism in the block is widened by, metres. */
  endErrorM: Float32Array;
  /** 1 where a gap of the block proves a speed above the greatest. */
  fast: Uint8Array;
}

export function prepareTrack(track: Track, parameters: PresenceParameters, radius99 = radius99Table(parameters)): PreparedTrack {
  const likely = likelySet(track, parameters);
  const blocks = boundBlocks(track, likely, parameters, radius99);
  const { at } = track;
  const indexFrom = at.length > 0 ? (at[0] as number) : 0;
  const steps = at.length > 0 ? Math.floor(((at[at.length - 1] as number) - indexFrom) / indexStepMs) + 2 : 0;
  const index = new Int32Array(steps);
  let k = 0;
  for (let step = 0; step < steps; step++) {
    while (k < at.length && (at[k] as number) < indexFrom + step * indexStepMs) k++;
    index[step] = k;
  }
  const coveredS = new Float64Array(at.length);
  for (let i = 1; i < at.length; i++) {
    const gap = ((at[i] as number) - (at[i - 1] as number)) / 1000;
    coveredS[i] = (coveredS[i - 1] as number) + (gap <= parameters.maxGapS ? gap : 0);
  }
  return { ...track, ...likely, blocks, rows: joinBlocks(blocks), coveredS, index, indexFrom };
}

/** Index of the first fix at or after a moment. */
export function firstFixFrom(track: PreparedTrack, moment: number): number {
  const { at, index, indexFrom } = track;
  if (at.length === 0 || moment <= indexFrom) return 0;
  const step = Math.floor((moment - indexFrom) / indexStepMs);
  if (step + 1 >= index.length) {
    let k = index[index.length - 1] ?? at.length;
    // Past the last step; the last few fixes may still lie before the moment.
    while (k > 0 && (at[k - 1] as number) >= moment) k--;
    while (k < at.length && (at[k] as number) < moment) k++;
    return k;
  }
  let low = index[step] as number;
  let high = index[step + 1] as number;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((at[middle] as number) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

function boundBlocks(track: Track, likely: LikelySet, parameters: PresenceParameters, radius99: (sigma: number) => number): Bounds {
  const { at, lon, lat, sigma } = track;
  const n = at.length;
  const count = Math.ceil(n / blockSize);
  const box = new Float64Array(4 * count);
  const longestGapS = new Float32Array(count);
  const widestBridge = new Float32Array(count);
  const widestSigma = new Float32Array(count);
  const endErrorM = new Float32Array(count);
  const fast = new Uint8Array(count);
  for (let b = 0; b < count; b++) {
    let west = Infinity;
    let south = Infinity;
    let east = -Infinity;
    let north = -Infinity;
    const end = Math.min(n - 1, (b + 1) * blockSize);
    for (let i = b * blockSize; i <= end; i++) {
      west = Math.min(west, lon[i] as number, likely.likelyLon[i] as number);
      east = Math.max(east, lon[i] as number, likely.likelyLon[i] as number);
      south = Math.min(south, lat[i] as number, likely.likelyLat[i] as number);
      north = Math.max(north, lat[i] as number, likely.likelyLat[i] as number);
      widestSigma[b] = Math.max(widestSigma[b] as number, sigma[i] as number);
      if (i === end || i + 1 >= n) continue;
      const T = ((at[i + 1] as number) - (at[i] as number)) / 1000;
      longestGapS[b] = Math.max(longestGapS[b] as number, T);
      const v = T > quietGapS ? Math.max(roamingSpread, likely.spread[i] as number) : (likely.spread[i] as number);
      const ends = Math.max(likely.variance[i] as number, likely.variance[i + 1] as number);
      widestBridge[b] = Math.max(widestBridge[b] as number, 0.25 * T * v + ends);
      const plane = planeAt(lon[i] as number, lat[i] as number);
      const x = longitudeDifference(lon[i + 1] as number, plane.lon) * plane.perLon;
      const y = ((lat[i + 1] as number) - plane.lat) * plane.perLat;
      if (x * x + y * y > (parameters.maxSpeedMps * T) ** 2) fast[b] = 1;
    }
    // Rounded up, so that 32 bits never make it too small.
    endErrorM[b] = Math.max(radius99(widestSigma[b] as number), parameters.grossErrorM) + 0.01;
    // A block over the date line is never passed over.
    if (east - west > 180) fast[b] = 1;
    box.set([west, south, east, north], 4 * b);
  }
  return { box, longestGapS, widestBridge, widestSigma, endErrorM, fast };
}

function joinBlocks(blocks: Bounds): Bounds {
  const count = Math.ceil(blocks.fast.length / blocksPerRow);
  const rows: Bounds = {
    box: new Float64Array(4 * count),
    longestGapS: new Float32Array(count),
    widestBridge: new Float32Array(count),
    widestSigma: new Float32Array(count),
    endErrorM: new Float32Array(count),
    fast: new Uint8Array(count),
  };
  for (let row = 0; row < count; row++) {
    rows.box.set([Infinity, Infinity, -Infinity, -Infinity], 4 * row);
    for (let b = row * blocksPerRow; b < Math.min(blocks.fast.length, (row + 1) * blocksPerRow); b++) {
      for (let side = 0; side < 4; side++) {
        const pick = side < 2 ? Math.min : Math.max;
        rows.box[4 * row + side] = pick(rows.box[4 * row + side] as number, blocks.box[4 * b + side] as number);
      }
      for (const name of ['longestGapS', 'widestBridge', 'widestSigma', 'endErrorM', 'fast'] as const) {
        rows[name][row] = Math.max(rows[name][row] as number, blocks[name][b] as number);
      }
    }
  }
  return rows;
}
