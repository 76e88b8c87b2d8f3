import { type Bounds, blockSize, joinBounds, setBounds, stride } from './bounds.ts';
import { negligibleFrom, widestVariance } from './bridge.ts';
import { radius99Table } from './ground/fix-error.ts';
import type { PresenceParameters } from './ground/parameters.ts';
import { longitudeDifference } from './ground/plane.ts';
import { type LikelySet, likelySet } from './likely-set.ts';
import type { Track } from './track.ts';

const indexStepMs = 300_000;
/** A degree of latitude is nowhere longer; and the cosine changes little within a block. A proof of speed is never missed. */
const metresPerDegreeAtMost = 111_700;
const cosineSlack = 1.02;
/** An implied speed above the greatest is believed with this margin. */
const speedMargin = 1.5;

/**
 * A track with everything about it that does not depend on the crime, worked out once:
 *
 * - the **likely set**: for each fix a posterior position and variance, and for each gap the spread σm² of the Brownian
 *   bridge across it (Horne et al. 2007), estimated around the gap so that a parked night and a drive differ (as in the
 *   dynamic bridge of Kranstauber et al. 2012);
 * - **blocks** of fixes with their bounds, so that far stretches are passed over without reading them.
 */
export interface PreparedTrack extends Track, LikelySet {
  blocks: Bounds;
  /** The same for a row of blocks at a time. */
  rows: Bounds;
  /** Square of the clearance from which the gap after fix k weighs nothing, m². */
  weightlessFrom: Float32Array;
  /**
   * Greatest speed allowed in the gap after fix k, m/s. Two fixes that prove a higher speed raise the limit between them: a
   * prism must never be empty.
   */
  speedLimit: Float32Array;
  /** Seconds up to fix k that lie in gaps no longer than `maxGapS`. */
  coveredS: Float64Array;
  /** Index of the first fix at or after each half hour from `indexFrom`. */
  index: Int32Array;
  indexFrom: number;
}

export function prepareTrack(track: Track, parameters: PresenceParameters, radius99 = radius99Table(parameters)): PreparedTrack {
  const likely = likelySet(track, parameters);
  const speedLimit = limitSpeeds(track, likely, parameters.maxSpeedMps);
  const blocks = boundBlocks(track, likely, speedLimit, parameters, radius99);
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
  const weightlessFrom = new Float32Array(at.length);
  for (let i = 1; i < at.length; i++) {
    const gap = ((at[i] as number) - (at[i - 1] as number)) / 1000;
    coveredS[i] = (coveredS[i - 1] as number) + (gap <= parameters.maxGapS ? gap : 0);
    const ends = Math.max(likely.variance[i - 1] as number, likely.variance[i] as number);
    // Rounded up, so that 32 bits never make it too small.
    weightlessFrom[i - 1] = 1.000001 * negligibleFrom(widestVariance(gap, likely.spread[i - 1] as number, ends));
  }
  return { ...track, ...likely, blocks, rows: joinBounds(blocks), weightlessFrom, speedLimit, coveredS, index, indexFrom };
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

function limitSpeeds({ at, lon, lat }: Track, likely: LikelySet, maxSpeedMps: number): Float32Array {
  const limits = new Float32Array(at.length).fill(maxSpeedMps);
  let perLon = 0;
  for (let i = 0; i + 1 < at.length; i++) {
    if (i % blockSize === 0) perLon = metresPerDegreeAtMost * Math.cos(((lat[i] as number) * Math.PI) / 180) * cosineSlack;
    const T = ((at[i + 1] as number) - (at[i] as number)) / 1000;
    const moved2 = Math.max(squaredStep(lon, lat, i, perLon), squaredStep(likely.likelyLon, likely.likelyLat, i, perLon));
    if (moved2 > (maxSpeedMps * T) ** 2) limits[i] = Math.max(1.000001 * maxSpeedMps, (speedMargin * Math.sqrt(moved2)) / T);
  }
  return limits;
}

function boundBlocks(
  track: Track,
  likely: LikelySet,
  speedLimit: Float32Array,
  parameters: PresenceParameters,
  radius99: (sigma: number) => number,
): Bounds {
  const { at, lon, lat, sigma } = track;
  const n = at.length;
  const count = Math.ceil(n / blockSize);
  const bounds = new Float64Array(stride * count);
  const ordinaryLimit = Math.fround(parameters.maxSpeedMps);
  for (let b = 0; b < count; b++) {
    let west = Infinity;
    let south = Infinity;
    let east = -Infinity;
    let north = -Infinity;
    let longestGapS = 0;
    let widestBridge = 0;
    let widestSigma = 0;
    let fast = false;
    const begin = b * blockSize;
    const end = Math.min(n - 1, begin + blockSize);
    for (let i = begin; i <= end; i++) {
      west = Math.min(west, lon[i] as number, likely.likelyLon[i] as number);
      east = Math.max(east, lon[i] as number, likely.likelyLon[i] as number);
      south = Math.min(south, lat[i] as number, likely.likelyLat[i] as number);
      north = Math.max(north, lat[i] as number, likely.likelyLat[i] as number);
      widestSigma = Math.max(widestSigma, sigma[i] as number);
      if (i === end || i + 1 >= n) continue;
      const T = ((at[i + 1] as number) - (at[i] as number)) / 1000;
      longestGapS = Math.max(longestGapS, T);
      const ends = Math.max(likely.variance[i] as number, likely.variance[i + 1] as number);
      widestBridge = Math.max(widestBridge, widestVariance(T, likely.spread[i] as number, ends));
      if ((speedLimit[i] as number) > ordinaryLimit) fast = true;
    }
    const error = Math.max(radius99(widestSigma), parameters.grossErrorM) + 0.01;
    // A gap that proves a speed above the greatest, or a block over the date line, is never passed over.
    setBounds(
      bounds,
      b,
      { west, south, east, north },
      { longestGapS, widestBridge, widestSigma, endErrorM: error },
      fast || east - west > 180,
    );
  }
  return bounds;
}

/** Square of the way from fix i to the next, m². */
function squaredStep(lon: Float64Array, lat: Float64Array, i: number, perLon: number): number {
  const x = longitudeDifference(lon[i + 1] as number, lon[i] as number) * perLon;
  const y = ((lat[i + 1] as number) - (lat[i] as number)) * metresPerDegreeAtMost;
  return x * x + y * y;
}
