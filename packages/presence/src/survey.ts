import { blockSize, blocksPerRow, clearOf, isWeightless, longestGapS, stride, thereAndBackM, widestSigma } from './bounds.ts';
import { endErrorOf, radius99Table } from './ground/fix-error.ts';
import type { PresenceParameters } from './ground/parameters.ts';
import { alongSegment, distanceToPlace } from './ground/place.ts';
import type { Pair } from './pair.ts';
import { widestOf } from './prepared-track.ts';
import { prismReaches } from './prism.ts';
import { secondsFor } from './travel.ts';
import { isQuiet, negligible, wayBound, wayChance } from './way-law.ts';

/** A fix vouches for presence when the place is within its 95 % radius, σ·√(−2 ln 0.05). */
export const own95 = 2.4477;
/** Bounds and distances come by different sums; this much is their rounding, metres. */
const rounding = 1e-6;

/**
 * Goes through the stretch of a track that a crime's window touches, and tells the closest fix, whether the place could be
 * reached at all, and which gaps may weigh anything. Far stretches are passed over by their bounds.
 */
export class Survey {
  /** No gap, and no end of the track, rules the place in while this is false: proof of absence. */
  reachable = false;
  /** Fixes whose own error reaches the place. */
  fixesWithin = 0;
  closestIndex = -1;
  /**
   * Gaps (by their first fix) whose way may come within reach, in order; of each the chance by itself, and the least distance from its
   * line to the edge of the reach, metres.
   */
  active = new Int32Array(64);
  chance = new Float64Array(64);
  clear = new Float64Array(64);
  activeCount = 0;
  /** Over the active gaps: sum of bounds on P(within reach), and of plain estimates. */
  boundSum = 0;
  chanceSum = 0;
  /** Longest gap in which the wearer may have got there and back unseen, seconds; 0 where fixes cover all of it. */
  openGapS = 0;
  /** Least distance of an active gap, or an open end, from the reach. */
  nearestM = Infinity;

  readonly #parameters: PresenceParameters;
  readonly #plain: boolean;
  readonly #radius99: (sigma: number) => number;
  /** Up to this spread the 99 % radius stays under `grossErrorM`, so it need not be looked up. */
  readonly #plainSigma: number;
  #pair!: Pair;
  /** Square of the distance to the closest fix so far. */
  #closest2 = Infinity;
  /** The fix whose distance was measured last for a prism, and that distance: neighbouring gaps share a fix. */
  #measured = -1;
  #measuredM = 0;
  /** From the first fix of that gap to the reach, and from there to its last, metres. */
  #thereAndBackM = 0;
  /** Likely positions of the gap at hand, metres: of its first fix and of its last. */
  readonly #ends = new Float64Array(4);
  /** First and last fix of stretches that may be reachable and weigh nothing. */
  readonly #aside = new Stretches();
  /** Stretches in which only the closest fix is of interest, and how near it may be at best. */
  readonly #far = new Stretches();

  constructor(parameters: PresenceParameters, plain: boolean) {
    this.#parameters = parameters;
    this.#plain = plain;
    this.#radius99 = radius99Table(parameters);
    let sigma = 0;
    while (this.#radius99(sigma + 1) < parameters.grossErrorM) sigma++;
    this.#plainSigma = sigma;
  }

  /** Distance of the closest fix from the place, metres. */
  get closestM(): number {
    return Math.sqrt(this.#closest2);
  }

  /** The stretch between two fixes around the window. Needs at least one fix. */
  look(pair: Pair): void {
    this.#pair = pair;
    this.reachable = false;
    this.fixesWithin = 0;
    this.closestIndex = -1;
    this.activeCount = 0;
    this.boundSum = 0;
    this.chanceSum = 0;
    this.openGapS = 0;
    this.nearestM = Infinity;
    this.#closest2 = Infinity;
    this.#measured = -1;
    this.#aside.count = 0;
    this.#far.count = 0;
    const { track, low, high, first, last } = pair;
    const { at } = track;
    // A fix just outside the window still tells where the wearer was, if it is near in time.
    const besideMs = this.#parameters.maxGapS * 1000;
    const seenFirst = first < low && pair.from - (at[first] as number) > besideMs ? low : first;
    const seenLast = last >= high && (at[last] as number) - pair.to > besideMs ? high - 1 : last;
    if (this.#plain) {
      this.#readFixes(seenFirst, seenLast);
      this.#readGaps(first, last - 1, -Infinity, 0, false);
    } else {
      this.#lookByBounds(first, last, seenFirst, seenLast);
      this.#findClosest(seenFirst, seenLast);
    }
    // Far stretches change no probability; one reachable gap among them still tells "not plausible" from "impossible".
    for (let i = 0; i < this.#aside.count && !this.reachable; i++) {
      this.#readGaps(this.#aside.begin[i] as number, this.#aside.end[i] as number, -Infinity, 0, true);
    }
  }

  /** Could the place be reached in `seconds` before the first or after the last fix, k? */
  lookBeyond(k: number, seconds: number): boolean {
    const { track, reach } = this.#pair;
    const d = this.#pair.observedDistance(k);
    // Who came fast may go on so. The last fix of a track has no gap after it, and the ordinary limit there.
    const proven = Math.max(k > 0 ? (track.provenMps[k - 1] as number) : 0, track.provenMps[k] as number);
    if (secondsFor(d - this.#endError(track.sigma[k] as number) - reach, proven, this.#parameters) > seconds) return false;
    this.reachable = true;
    this.nearestM = Math.min(this.nearestM, d - reach);
    return true;
  }

  #lookByBounds(first: number, last: number, seenFirst: number, seenLast: number): void {
    const { track, place, reach } = this.#pair;
    const { blocks, rows } = track;
    const { maxGapS } = this.#parameters;
    const rowSize = blockSize * blocksPerRow;
    for (let begin = first; begin <= last; ) {
      // A row is tried once, where the window enters it, and only if that can save a few blocks. Its bounds hold for any part.
      const row = Math.floor(begin / rowSize);
      const rowEnd = Math.min(last, (row + 1) * rowSize - 1);
      if (rowEnd - begin > 2 * blockSize && (begin === first || begin % rowSize === 0)) {
        const clear = clearOf(rows, row, place, reach);
        const longest = rows[stride * row + longestGapS] as number;
        if (clear > own95 * (rows[stride * row + widestSigma] as number)) {
          const unreachable = 2 * clear > (rows[stride * row + thereAndBackM] as number);
          if (unreachable || (longest <= maxGapS && isWeightless(rows, row, clear))) {
            if (!unreachable && !this.reachable) this.#aside.add(begin, Math.min(rowEnd, last - 1), 0);
            this.#far.add(begin, rowEnd, clear + reach);
            begin = rowEnd + 1;
            continue;
          }
        }
      }
      const block = Math.floor(begin / blockSize);
      const end = Math.min(last, (block + 1) * blockSize - 1);
      const clear = clearOf(blocks, block, place, reach);
      if (clear <= own95 * (blocks[stride * block + widestSigma] as number)) {
        this.#readFixes(Math.max(begin, seenFirst), Math.min(end, seenLast));
      } else this.#far.add(begin, end, clear + reach);
      const longest = blocks[stride * block + longestGapS] as number;
      if (2 * clear <= (blocks[stride * block + thereAndBackM] as number)) {
        if (longest > maxGapS || !isWeightless(blocks, block, clear)) {
          const slack = clear - this.#endError(blocks[stride * block + widestSigma] as number) - 0.01;
          this.#readGaps(begin, Math.min(end, last - 1), slack, clear, false);
        } else if (!this.reachable) this.#aside.add(begin, Math.min(end, last - 1), 0);
      }
      begin = end + 1;
    }
  }

  /** The closest fix of the far stretches: the most promising one first, then those that could still beat it. */
  #findClosest(seenFirst: number, seenLast: number): void {
    const far = this.#far;
    let best = -1;
    let least = Infinity;
    for (let i = 0; i < far.count; i++) {
      if ((far.atLeast[i] as number) < least) {
        least = far.atLeast[i] as number;
        best = i;
      }
    }
    if (best >= 0) this.#findClosestIn(best, seenFirst, seenLast);
    for (let i = 0; i < far.count; i++) {
      if (i !== best && this.#mayBeCloser(far.atLeast[i] as number)) this.#findClosestIn(i, seenFirst, seenLast);
    }
  }

  #findClosestIn(stretch: number, seenFirst: number, seenLast: number): void {
    const { track, place, reach } = this.#pair;
    const begin = this.#far.begin[stretch] as number;
    const end = this.#far.end[stretch] as number;
    const firstBlock = Math.floor(begin / blockSize);
    const lastBlock = Math.floor(end / blockSize);
    for (let block = firstBlock; block <= lastBlock; block++) {
      if (firstBlock < lastBlock && !this.#mayBeCloser(clearOf(track.blocks, block, place, reach) + reach)) continue;
      const from = Math.max(begin, block * blockSize, seenFirst);
      const to = Math.min(end, (block + 1) * blockSize - 1, seenLast);
      if (place.edges.length > 0) this.#readFixes(from, to);
      else this.#readPoints(from, to);
    }
  }

  #mayBeCloser(atLeast: number): boolean {
    const d = atLeast - rounding;
    return d <= 0 || d * d <= this.#closest2;
  }

  /** Every fix of a stretch: is it the closest, and does its own error reach the place? */
  #readFixes(begin: number, end: number): void {
    const { track, reach } = this.#pair;
    for (let k = begin; k <= end; k++) {
      const d2 = this.#pair.observedSquared(k);
      this.#closer(k, d2);
      if (Math.sqrt(d2) <= reach + own95 * (track.sigma[k] as number)) this.fixesWithin++;
    }
  }

  /** The closest fix of a far stretch to a point; a far stretch is never across the date line from it, see `clearOf`. */
  #readPoints(begin: number, end: number): void {
    const { lon, lat } = this.#pair.track;
    const { plane } = this.#pair.place;
    let least = Infinity;
    let index = -1;
    for (let k = begin; k <= end; k++) {
      const x = ((lon[k] as number) - plane.lon) * plane.perLon;
      const y = ((lat[k] as number) - plane.lat) * plane.perLat;
      const d2 = x * x + y * y;
      if (d2 < least) {
        least = d2;
        index = k;
      }
    }
    if (index >= 0) this.#closer(index, least);
  }

  /** Of fixes equally close, the earliest is the closest. */
  #closer(k: number, d2: number): void {
    if (d2 < this.#closest2 || (d2 === this.#closest2 && k < this.closestIndex)) {
      this.#closest2 = d2;
      this.closestIndex = k;
    }
  }

  /**
   * @param slack lower bound on the distance from the stretch to the reach, less its greatest error
   * @param clearAtLeast the same without the error: covered gaps that weigh nothing so far off are set aside
   * @param untilReachable stop at the first gap that the prism allows
   */
  #readGaps(begin: number, end: number, slack: number, clearAtLeast: number, untilReachable: boolean): void {
    const pair = this.#pair;
    const { at, variance, weightlessFrom, speedLimit, recentMps } = pair.track;
    const { maxGapS } = this.#parameters;
    const { windowS } = pair;
    const clearAtLeast2 = clearAtLeast > 0 ? clearAtLeast * clearAtLeast : 0;
    let aside = false;
    // Where the gap before ended, so that no fix is laid out twice.
    let reached = -1;
    const ends = this.#ends;
    for (let k = begin; k <= end; k++) {
      const T = ((at[k + 1] as number) - (at[k] as number)) / 1000;
      if (2 * slack > (speedLimit[k] as number) * T) continue;
      if (T <= maxGapS && clearAtLeast2 >= (weightlessFrom[k] as number)) {
        aside = true;
        continue;
      }
      const after = (pair.from - (at[k] as number)) / 1000;
      const s1 = after > 0 ? after : 0;
      const s2 = windowS + after < T ? windowS + after : T;
      // A short gap matters to what is possible only until the place is known to be reachable.
      const settled = this.reachable && isQuiet(T, recentMps[k] as number);
      if (!settled) {
        if (!this.#prismReaches(k, T, s1, s2)) continue;
        this.reachable = true;
        if (untilReachable) return;
        if (T > this.openGapS && this.#isOpen(k, T)) this.openGapS = T;
      }
      ends[0] = reached === k ? (ends[2] as number) : pair.likelyX(k);
      ends[1] = reached === k ? (ends[3] as number) : pair.likelyY(k);
      ends[2] = pair.likelyX(k + 1);
      ends[3] = pair.likelyY(k + 1);
      reached = k + 1;
      const clear = this.#clearance(s1 / T, s2 / T);
      if (clear > 0 && clear * clear >= (weightlessFrom[k] as number)) continue;
      if (settled && !this.#prismReaches(k, T, s1, s2)) continue;
      const errors = Math.max(variance[k] as number, variance[k + 1] as number);
      const widest = widestOf(pair.track, k);
      const bound = wayBound(clear, s1 / T, s2 / T, T, widest, errors);
      if (bound < negligible) continue;
      this.#activate(k, bound, wayChance(clear, s1 / T, s2 / T, T, widest, errors), clear);
    }
    if (aside && !this.reachable) this.#aside.add(begin, end, 0);
  }

  /** May the wearer have got there and back in gap k, which was measured last, at a speed that they show, or that is usual? */
  #isOpen(k: number, T: number): boolean {
    const recent = this.#pair.track.recentMps[k] as number;
    if (isQuiet(T, recent)) return false;
    const { maxGapS, maxCoveredS, coveredMargin, coveredLeastMps } = this.#parameters;
    if (T > maxCoveredS) return true;
    const speed = T <= maxGapS ? recent : Math.max(coveredLeastMps, coveredMargin * recent);
    return this.#thereAndBackM <= speed * T;
  }

  /** Does the space-time prism of gap k, from s1 to s2 seconds after its first fix, touch the reach? */
  #prismReaches(k: number, T: number, s1: number, s2: number): boolean {
    const pair = this.#pair;
    const { sigma, speedLimit, provenMps } = pair.track;
    const da = this.#measured === k ? this.#measuredM : pair.observedDistance(k);
    const db = pair.observedDistance(k + 1);
    this.#measured = k + 1;
    this.#measuredM = db;
    const ea = this.#endError(sigma[k] as number);
    const eb = this.#endError(sigma[k + 1] as number);
    this.#thereAndBackM = da + db - 2 * pair.reach;
    if (da + db - 2 * pair.reach - ea - eb > (speedLimit[k] as number) * T) return false;
    const proven = provenMps[k] as number;
    const earliest = secondsFor(da - ea - pair.reach, proven, this.#parameters);
    const latest = T - secondsFor(db - eb - pair.reach, proven, this.#parameters);
    return prismReaches(earliest, latest, s1, s2);
  }

  #activate(k: number, bound: number, chance: number, clear: number): void {
    if (this.activeCount === this.active.length) {
      const { active, chance: chances, clear: clears } = this;
      this.active = new Int32Array(2 * this.activeCount);
      this.active.set(active);
      this.chance = new Float64Array(2 * this.activeCount);
      this.chance.set(chances);
      this.clear = new Float64Array(2 * this.activeCount);
      this.clear.set(clears);
    }
    this.clear[this.activeCount] = clear;
    if (clear < this.nearestM) this.nearestM = clear;
    this.chance[this.activeCount] = chance;
    this.active[this.activeCount++] = k;
    this.boundSum += bound;
    this.chanceSum += chance;
  }

  /** Least distance from the straight path between the `ends` at hand, over the window's part of it, to the edge of the reach. */
  #clearance(a1: number, a2: number): number {
    const { place, reach } = this.#pair;
    const xa = this.#ends[0] as number;
    const ya = this.#ends[1] as number;
    const xb = this.#ends[2] as number;
    const yb = this.#ends[3] as number;
    const dx = xb - xa;
    const dy = yb - ya;
    if (place.edges.length === 0) {
      const nearest = alongSegment(0, 0, xa, ya, xb, yb);
      const along = nearest < a1 ? a1 : nearest > a2 ? a2 : nearest;
      const px = xa + along * dx;
      const py = ya + along * dy;
      return Math.sqrt(px * px + py * py) - reach;
    }
    // Distance to a place changes by at most a metre per metre walked, so samples less half a step bound it from below.
    const steps = 4;
    const step = ((a2 - a1) * Math.sqrt(dx * dx + dy * dy)) / steps;
    let least = Infinity;
    for (let i = 0; i <= steps; i++) {
      const along = a1 + ((a2 - a1) * i) / steps;
      least = Math.min(least, distanceToPlace(place, xa + along * dx, ya + along * dy));
    }
    return least - step / 2 - reach;
  }

  #endError(sigma: number): number {
    return sigma <= this.#plainSigma ? this.#parameters.grossErrorM : endErrorOf(sigma, this.#parameters, this.#radius99);
  }
}

/** A growing list of stretches of fixes, each with a lower bound on its distance. */
class Stretches {
  count = 0;
  begin = new Int32Array(64);
  end = new Int32Array(64);
  atLeast = new Float64Array(64);

  add(begin: number, end: number, atLeast: number): void {
    if (this.count === this.begin.length) {
      const room = 2 * this.count;
      const { begin: begins, end: ends, atLeast: least } = this;
      this.begin = new Int32Array(room);
      this.begin.set(begins);
      this.end = new Int32Array(room);
      this.end.set(ends);
      this.atLeast = new Float64Array(room);
      this.atLeast.set(least);
    }
    this.begin[this.count] = begin;
    this.end[this.count] = end;
    this.atLeast[this.count++] = atLeast;
  }
}
