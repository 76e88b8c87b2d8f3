import { type Bounds, blockSize, joinBounds, setBounds, stride } from './bounds.ts';
import { endErrorOf, radius99Table } from './ground/fix-error.ts';
import type { PresenceParameters } from './ground/parameters.ts';
import { longitudeDifference } from './ground/plane.ts';
import { type LikelySet, likelySet } from './likely-set.ts';
import { type Told, withoutDoubtful } from './set-aside.ts';
import { firstAtOrAfter, type Track } from './track.ts';
import { provenSpeed, speedWithin } from './travel.ts';
import { negligibleFrom, widestVariance } from './way-law.ts';

const indexStepMs = 300_000;
/** A degree of latitude is nowhere longer; and the cosine changes little within a block. A proof of speed is never missed. */
const metresPerDegreeAtMost = 111_700;
const cosineSlack = 1.02;

/**
 * A track with everything about it that does not depend on the crime, worked out once:
 *
 * - the **likely set**: for each fix a posterior position and variance, and for each gap how far the way across it may leave its line,
 *   so that a parked night and a drive differ;
 * - **blocks** of fixes with their bounds, so that far stretches are passed over without reading them.
 */
export interface PreparedTrack extends Track, LikelySet {
  blocks: Bounds;
  /** The same for a row of blocks at a time. */
  rows: Bounds;
  /** Square of the clearance from which the gap after fix k weighs nothing, m². */
  weightlessFrom: Float32Array;
  /** Greatest mean speed over the whole gap after fix k, m/s: a prism must never be empty. */
  speedLimit: Float32Array;
  /** Speed that the fixes around prove to be possible there, m/s. */
  provenMps: Float32Array;
  /**
   * Greatest mean speed in the gap after fix k and those around it, `strollMps` at least: how fast this wearer goes about just then.
   * Infinite where nothing is to be relied on.
   */
  recentMps: Float32Array;
  /** Moments at which the tag said that it was at two places, ms since 1970; neither is believed, and nothing is ruled out around it. */
  contradictedAt: Float64Array;
  /** When fixes were taken that a receiver repeated after it had stopped, ms since 1970; they are left out. */
  frozenAt: Float64Array;
  /** Seconds up to fix k that lie in gaps no longer than `maxGapS`. */
  coveredS: Float64Array;
  /** Index of the first fix at or after each five minutes from `indexFrom`. */
  index: Int32Array;
  indexFrom: number;
}

export function prepareTrack(given: Track, parameters: PresenceParameters, radius99 = radius99Table(parameters)): PreparedTrack {
  const { track, frozenAt, contradictedAt } = withoutDoubtful(given);
  const likely = likelySet(track, parameters);
  const { speedLimit, provenMps, recentMps } = limitSpeeds(track, likely, parameters, { contradictedAt, frozenAt });
  const blocks = boundBlocks(track, likely, { speedLimit, recentMps }, (sigma) => endErrorOf(sigma, parameters, radius99));
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
    weightlessFrom[i - 1] = 1.000001 * negligibleFrom(widestVariance(gap, widestOf(likely, i - 1), ends, recentMps[i - 1] as number));
  }
  return {
    ...track,
    ...likely,
    frozenAt,
    contradictedAt,
    blocks,
    rows: joinBounds(blocks),
    weightlessFrom,
    speedLimit,
    provenMps,
    recentMps,
    coveredS,
    index,
    indexFrom,
  };
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

/** The larger of the two variances of the gap after fix k, m². */
export function widestOf({ along, across }: LikelySet, k: number): number {
  return Math.max(along[k] as number, across[k] as number);
}

/**
 * How far the clocks of tag and crime, and the crime's own time, may be out at either end of a window; ms.
 * @param clockS by how many seconds more the tag's own clock may be out, see `Track`
 */
export function apartMsOf(from: number, to: number, { clockErrorS, leastWindowS }: PresenceParameters, clockS = 0): number {
  return 1000 * (clockS + clockErrorS + Math.max(0, leastWindowS - (to - from) / 1000) / 2);
}

function limitSpeeds(
  { at, lon, lat }: Track,
  likely: LikelySet,
  parameters: PresenceParameters,
  { contradictedAt, frozenAt }: Pick<Told, 'contradictedAt' | 'frozenAt'>,
): { speedLimit: Float32Array; provenMps: Float32Array; recentMps: Float32Array } {
  const n = at.length;
  const speedLimit = new Float32Array(n).fill(parameters.maxSpeedMps);
  const provenMps = new Float32Array(n).fill(parameters.maxSpeedMps);
  const recentMps = new Float32Array(n);
  const speeds = new Float32Array(n);
  let perLon = 0;
  for (let i = 0; i + 1 < n; i++) {
    if (i % blockSize === 0) perLon = metresPerDegreeAtMost * Math.cos(((lat[i] as number) * Math.PI) / 180) * cosineSlack;
    const T = ((at[i + 1] as number) - (at[i] as number)) / 1000;
    const moved2 = Math.max(squaredStep(lon, lat, i, perLon), squaredStep(likely.likelyLon, likely.likelyLat, i, perLon));
    speeds[i] = Math.sqrt(moved2) / T;
  }
  for (let i = 0; i + 1 < n; i++) {
    const own = speeds[i] as number;
    // What is this fast here was so a moment before, or will be: speed is what is reached within a gap, not its mean.
    const fastest = Math.max(own, i > 0 ? (speeds[i - 1] as number) : 0, speeds[i + 1] as number);
    const T = ((at[i + 1] as number) - (at[i] as number)) / 1000;
    recentMps[i] = Math.max(
      parameters.strollMps,
      fastest,
      i > 1 ? (speeds[i - 2] as number) : 0,
      i + 2 < n ? (speeds[i + 2] as number) : 0,
    );
    provenMps[i] = provenSpeed(fastest, parameters);
    speedLimit[i] = speedWithin(T, fastest, parameters);
  }
  for (const moment of contradictedAt) {
    const k = firstAtOrAfter(at, moment) - 1;
    // Beyond the first fix and the last one as well.
    const own = Math.max(0, Math.min(n - 1, k));
    if (n > 0) provenMps[own] = Math.max(provenMps[own] as number, parameters.airSpeedMps);
    if (k < 0 || k + 1 >= n) continue;
    speedLimit[k] = Math.max(speedLimit[k] as number, parameters.airSpeedMps);
    recentMps[k] = Infinity;
  }
  for (const moment of frozenAt) {
    const k = firstAtOrAfter(at, moment) - 1;
    if (k >= 0 && k + 1 < n) recentMps[k] = Infinity;
  }
  return { speedLimit, provenMps, recentMps };
}

function boundBlocks(
  track: Track,
  likely: LikelySet,
  { speedLimit, recentMps }: Pick<PreparedTrack, 'speedLimit' | 'recentMps'>,
  endError: (sigma: number) => number,
): Bounds {
  const { at, lon, lat, sigma } = track;
  const n = at.length;
  const count = Math.ceil(n / blockSize);
  const bounds = new Float64Array(stride * count);
  for (let b = 0; b < count; b++) {
    let west = Infinity;
    let south = Infinity;
    let east = -Infinity;
    let north = -Infinity;
    let longestGapS = 0;
    let widestWay = 0;
    let widestSigma = 0;
    let longestWayM = 0;
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
      widestWay = Math.max(widestWay, widestVariance(T, widestOf(likely, i), ends, recentMps[i] as number));
      longestWayM = Math.max(longestWayM, (speedLimit[i] as number) * T);
    }
    const thereAndBackM = longestWayM + 2 * (endError(widestSigma) + 0.01);
    // A block over the date line is never passed over.
    setBounds(bounds, b, { west, south, east, north }, { longestGapS, widestWay, widestSigma, thereAndBackM }, east - west > 180);
  }
  return bounds;
}

/** Square of the way from fix i to the next, m². */
function squaredStep(lon: Float64Array, lat: Float64Array, i: number, perLon: number): number {
  const x = longitudeDifference(lon[i + 1] as number, lon[i] as number) * perLon;
  const y = ((lat[i + 1] as number) - (lat[i] as number)) * metresPerDegreeAtMost;
  return x * x + y * y;
}
