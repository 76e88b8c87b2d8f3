import { grossShare, grossVariance, ordinaryShare, wideFactor, wideShare } from './ground/fix-error.ts';
import type { PresenceParameters } from './ground/parameters.ts';
import { longitudeDifference } from './ground/plane.ts';
import type { Track } from './track.ts';
import { varianceAcross, varianceAlong } from './way-law.ts';

/** Slowest spread of a wearer at rest, m²/s: steps about a room. */
const restSpread = 0.05;
/** Fixes on either side that local noise is averaged over. */
const neighbours = 6;
/** Second differences are taken over these numbers of steps. */
const lags = [1, 2, 4, 8] as const;
/** Noise is never taken to be more than this many times the reported variance. */
const noiseFactorAtMost = 16;
const sharedErrorAtMost = 0.8;
/** Share of a gross displacement's square that is added to the doubt about the position. */
const doubtGrowth = 0.3;
/** A neighbour further away in time than so many gaps, and this much, tells nothing of the speed at a gap's ends. */
const besideGaps = 3;
const besideS = 60;
/** At rest, steps are at most this many times the second differences: 4v(1−ρ) against 3v, and room to spare. */
const restRatio = 3;
const metresPerDegree = 111_195;

/**
 * Where a wearer likely was at each fix, and how far from the straight line they may have gone between fixes.
 *
 * A Kalman filter with a backward pass (Rauch, Tung & Striebel 1965) over a random walk: at rest many fixes together tell
 * the position, on the move each stands almost alone. Each fix enters through the error mixture, so a lone jump away and
 * back counts for little. Noise and movement are estimated around each fix, for accuracy figures are often too proud.
 */
export interface LikelySet {
  /** Posterior mean of each fix, degrees, and its variance per axis, m². */
  likelyLon: Float64Array;
  likelyLat: Float64Array;
  variance: Float32Array;
  /** Variance of the way from fix k to k + 1 in its middle, along its line and across it, m²; see the law of the way. */
  along: Float32Array;
  across: Float32Array;
  /** Correlation of the posterior errors of fix k and k + 1. */
  shared: Float32Array;
}

export function likelySet(track: Track, parameters: PresenceParameters): LikelySet {
  const { at, lon, lat, sigma } = track;
  const n = at.length;
  const likelyLon = new Float64Array(n);
  const likelyLat = new Float64Array(n);
  const variance = new Float32Array(n);
  const along = new Float32Array(n);
  const across = new Float32Array(n);
  const shared = new Float32Array(n);
  if (n === 0) return { likelyLon, likelyLat, variance, along, across, shared };
  const perLon = metresPerLongitude(lat);
  const local = localMovement(track, perLon);
  const leastGross = grossVariance(0, parameters);
  const predicted = new Float64Array(n);
  let mLon = lon[0] as number;
  let mLat = lat[0] as number;
  // The first fix has nothing before it to be weighed against; it stands with its ordinary error.
  let P = Math.max((sigma[0] as number) ** 2, local.noise[0] as number);
  likelyLon[0] = mLon;
  likelyLat[0] = mLat;
  variance[0] = P;
  for (let i = 1; i < n; i++) {
    const reported = (sigma[i] as number) ** 2;
    const own = Math.max(reported, local.noise[i] as number);
    const before = P + (local.step[i - 1] as number);
    predicted[i] = before;
    const x = longitudeDifference(lon[i] as number, mLon);
    const y = (lat[i] as number) - mLat;
    const r2 = (x * (perLon[i] as number)) ** 2 + (y * metresPerDegree) ** 2;
    const wide = own * wideFactor * wideFactor;
    const gross = Math.max(wide, leastGross);
    const s1 = before + own;
    const s2 = before + wide;
    const s3 = before + gross;
    const w1 = (ordinaryShare / s1) * Math.exp(-r2 / (2 * s1));
    const w2 = (wideShare / s2) * Math.exp(-r2 / (2 * s2));
    const w3 = (grossShare / s3) * Math.exp(-r2 / (2 * s3));
    const sum = w1 + w2 + w3;
    if (sum < 1e-12) {
      // Nothing explains it but a real, sudden move: begin anew from the fix.
      mLon = lon[i] as number;
      mLat = lat[i] as number;
      P = own;
      predicted[i] = 1e12;
    } else {
      const k1 = before / s1;
      const k2 = before / s2;
      const k3 = before / s3;
      const k = (w1 * k1 + w2 * k2 + w3 * k3) / sum;
      const between = (w1 * (k1 - k) ** 2 + w2 * (k2 - k) ** 2 + w3 * (k3 - k) ** 2) / sum;
      mLon += k * x;
      mLat += k * y;
      // The more a fix was taken for a gross displacement, the more the next one counts: two that agree are believed. That gross ones
      // happen at all is no doubt about this one, however far it lies from the one before.
      const suspicion = Math.max(0, w3 / sum - grossShare);
      P = before * (1 - k) + (between * r2) / 2 + (doubtGrowth * suspicion * r2) / 2;
    }
    likelyLon[i] = mLon;
    likelyLat[i] = mLat;
    variance[i] = P;
  }
  for (let i = n - 2; i >= 0; i--) {
    const P0 = variance[i] as number;
    const gain = P0 / (predicted[i + 1] as number);
    const after = variance[i + 1] as number;
    likelyLon[i] = (likelyLon[i] as number) + gain * longitudeDifference(likelyLon[i + 1] as number, likelyLon[i] as number);
    likelyLat[i] = (likelyLat[i] as number) + gain * ((likelyLat[i + 1] as number) - (likelyLat[i] as number));
    const smoothed = Math.max(0.25 * P0, P0 + gain * gain * (after - (predicted[i + 1] as number)));
    shared[i] = Math.min(0.999, gain * Math.sqrt(after / smoothed));
    variance[i] = smoothed;
  }
  spreadWays(at, likelyLon, likelyLat, variance, perLon, along, across);
  return { likelyLon, likelyLat, variance, along, across, shared };
}

/** The spreads of each gap, from how far it leads and how the velocity changes from the gap before to the gap after. */
function spreadWays(
  at: Float64Array,
  lon: Float64Array,
  lat: Float64Array,
  variance: Float32Array,
  perLon: Float64Array,
  along: Float32Array,
  across: Float32Array,
): void {
  const n = at.length;
  const shape = { metres: 0, seconds: 0, changeAlong: 0, changeAcross: 0 };
  // Velocities of three gaps one after the other, m/s.
  let beforeX = 0;
  let beforeY = 0;
  let beforeS = Infinity;
  let ownX = 0;
  let ownY = 0;
  let ownS = Infinity;
  for (let k = -1; k + 1 < n; k++) {
    let afterX = 0;
    let afterY = 0;
    let afterS = Infinity;
    if (k + 2 < n) {
      afterS = ((at[k + 2] as number) - (at[k + 1] as number)) / 1000;
      afterX = (longitudeDifference(lon[k + 2] as number, lon[k + 1] as number) * (perLon[k + 1] as number)) / afterS;
      afterY = (((lat[k + 2] as number) - (lat[k + 1] as number)) * metresPerDegree) / afterS;
    }
    if (k >= 0) {
      const speed = Math.sqrt(ownX * ownX + ownY * ownY);
      const ux = speed > 0 ? ownX / speed : 1;
      const uy = speed > 0 ? ownY / speed : 0;
      const patienceS = besideGaps * ownS + besideS;
      // Where a neighbour says nothing, the velocity may be this gap's own.
      const changeX = (afterS <= patienceS ? afterX : ownX) - (beforeS <= patienceS ? beforeX : ownX);
      const changeY = (afterS <= patienceS ? afterY : ownY) - (beforeS <= patienceS ? beforeY : ownY);
      // What two errors alone would make of two fixes at one place is no way.
      const errors = 2 * ((variance[k] as number) + (variance[k + 1] as number));
      shape.seconds = ownS;
      shape.metres = Math.sqrt(Math.max(0, speed * speed * ownS * ownS - errors));
      shape.changeAlong = Math.abs(changeX * ux + changeY * uy);
      shape.changeAcross = Math.abs(changeY * ux - changeX * uy);
      along[k] = varianceAlong(shape);
      across[k] = varianceAcross(shape);
    }
    beforeX = ownX;
    beforeY = ownY;
    beforeS = ownS;
    ownX = afterX;
    ownY = afterY;
    ownS = afterS;
  }
}

/**
 * Local receiver noise v and turning movement, told apart by second differences over 1, 2, 4 and 8 steps.
 *
 * For fixes T seconds apart, |z(i) − mean(z(i−L), z(i+L))|² has the mean 3v + L·T·σm². Noise is alike in all, movement
 * grows with L, and even movement in a straight line cancels. Slow noise grows too, but only until it is forgotten: so the
 * least growth between neighbouring L counts as movement.
 *
 * @returns per fix: `noise` v, m² (made larger where neighbours share it); per gap: `step`, the variance of the random walk across it, m²
 */
function localMovement(track: Track, perLon: Float64Array): { noise: Float32Array; step: Float32Array } {
  const { at, lon, lat, sigma } = track;
  const n = at.length;
  for (const mean of [...differences, steps]) mean.begin(n);
  for (let i = 0; i < n; i++) {
    steps.set(i, i > 0 ? squaredStep(track, perLon, i) : Number.NaN);
    for (let l = 0; l < lags.length; l++) (differences[l] as RunningMean).set(i, secondDifference(track, perLon, i, lags[l] as number));
  }
  const noise = new Float32Array(n);
  const step = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const low = Math.max(0, i - neighbours);
    const high = Math.min(n - 1, i + neighbours);
    let least = Infinity;
    let last = Number.NaN;
    let first = Number.NaN;
    for (let l = 0; l < lags.length; l++) {
      const mean = (differences[l] as RunningMean).over(low, high);
      if (mean !== mean) break;
      if (l === 0) first = mean;
      else least = Math.min(least, (mean - last) / ((lags[l] as number) - (lags[l - 1] as number)));
      last = mean;
    }
    if (least === Infinity) continue;
    const turning = Math.max(0, least);
    const total = Math.max(0, Math.min(first * 4, last - 8 * turning) / 3);
    // Errors that neighbours share do not average out: they weigh like fewer fixes.
    const sharedError = last > 0 ? Math.min(sharedErrorAtMost, Math.max(0, 1 - first / last)) : 0;
    // On the move, turns and stops look like noise; only near rest can it be told from the fixes.
    if (!(steps.over(low, high) <= restRatio * first)) continue;
    const reported = (sigma[i] as number) ** 2;
    noise[i] = Math.min(noiseFactorAtMost * reported, (total * (1 + sharedError)) / (1 - sharedError));
  }
  let fromLon = medianOfThree(lon, 0);
  let fromLat = medianOfThree(lat, 0);
  for (let k = 0; k + 1 < n; k++) {
    const T = ((at[k + 1] as number) - (at[k] as number)) / 1000;
    const toLon = medianOfThree(lon, k + 1);
    const toLat = medianOfThree(lat, k + 1);
    const x = longitudeDifference(toLon, fromLon) * (perLon[k] as number);
    const y = (toLat - fromLat) * metresPerDegree;
    // A step counts as movement as far as it is more than noise explains.
    const moved = Math.max(0, x * x + y * y - Math.max(25, 0.5 * (noise[k] as number))) / 2;
    step[k] = T * restSpread + moved;
    fromLon = toLon;
    fromLat = toLat;
  }
  return { noise, step };
}

/** The middle one of a value and its two neighbours; a lone jump never shows. */
function medianOfThree(values: Float64Array, i: number): number {
  if (i === 0 || i === values.length - 1) return values[i] as number;
  const a = values[i - 1] as number;
  const b = values[i] as number;
  const c = values[i + 1] as number;
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/** Metres per degree of longitude at each fix. These distances are short, so the sphere's mean radius does. */
function metresPerLongitude(lat: Float64Array): Float64Array {
  const result = new Float64Array(lat.length);
  // A thousandth of a degree changes the cosine by less than anything here could notice.
  let known = Number.NaN;
  let perLon = 0;
  for (let i = 0; i < lat.length; i++) {
    if (!(Math.abs((lat[i] as number) - known) < 0.001)) {
      known = lat[i] as number;
      perLon = metresPerDegree * Math.cos((known * Math.PI) / 180);
    }
    result[i] = perLon;
  }
  return result;
}

/** Squared distance between fix i and the one before, m². */
function squaredStep({ lon, lat }: Track, perLon: Float64Array, i: number): number {
  const y = ((lat[i] as number) - (lat[i - 1] as number)) * metresPerDegree;
  const x = longitudeDifference(lon[i] as number, lon[i - 1] as number) * (perLon[i] as number);
  return x * x + y * y;
}

/** Squared second difference at fix i over `lag` steps, m²; NaN where fixes stand too unevenly to compare. */
function secondDifference({ at, lon, lat }: Track, perLon: Float64Array, i: number, lag: number): number {
  const a = i - lag;
  const b = i + lag;
  if (a < 0 || b >= at.length) return Number.NaN;
  const share = ((at[i] as number) - (at[a] as number)) / ((at[b] as number) - (at[a] as number));
  if (share < 0.3 || share > 0.7) return Number.NaN;
  const y = ((1 - share) * ((lat[a] as number) - (lat[i] as number)) + share * ((lat[b] as number) - (lat[i] as number))) * metresPerDegree;
  const x =
    ((1 - share) * longitudeDifference(lon[a] as number, lon[i] as number) +
      share * longitudeDifference(lon[b] as number, lon[i] as number)) *
    (perLon[i] as number);
  return x * x + y * y;
}

/** Means of a quantity over any stretch of fixes, leaving out NaN; NaN where fewer than three are left. */
class RunningMean {
  #sum = new Float64Array(256);
  #count = new Int32Array(256);

  /** Begins anew, for so many fixes. */
  begin(length: number): void {
    if (this.#sum.length > length) return;
    this.#sum = new Float64Array(2 * length + 1);
    this.#count = new Int32Array(2 * length + 1);
  }

  /** To be called for 0, 1, 2 and so on. */
  set(i: number, value: number): void {
    const known = value === value;
    this.#sum[i + 1] = (this.#sum[i] as number) + (known ? value : 0);
    this.#count[i + 1] = (this.#count[i] as number) + (known ? 1 : 0);
  }

  /** From `low` to `high`, both included. */
  over(low: number, high: number): number {
    const n = (this.#count[high + 1] as number) - (this.#count[low] as number);
    return n < 3 ? Number.NaN : ((this.#sum[high + 1] as number) - (this.#sum[low] as number)) / n;
  }
}

/** One track is prepared after the other: room for the means is made once for them all. The first entries stay 0. */
const differences = lags.map(() => new RunningMean());
const steps = new RunningMean();
