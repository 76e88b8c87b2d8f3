import { radius99Table } from './fix-error.ts';
import { normalAt } from './normals.ts';
import type { PresenceParameters } from './parameters.ts';
import { alongSegment, distanceToPlace, type LaidPlace } from './place.ts';
import { longitudeDifference } from './plane.ts';
import { type Bounds, blockSize, blocksPerRow, firstFixFrom, type PreparedTrack, quietGapS, roamingSpread } from './prepared-track.ts';
import { coneReaches, prismReaches } from './prism.ts';
import { reasonBit, verdictCode } from './reasons.ts';
import { withinDisc, withinEdge } from './within.ts';

/** The verdict on one wearer and one crime, before coincidence. Probabilities are NaN where nothing is known. */
export interface Judgement {
  verdict: number;
  reasons: number;
  pMoment: number;
  pWindow: number;
  /** Share of the window in gaps no longer than `maxGapS`, 0..1. */
  coverage: number;
  /** Fixes taken during the window. */
  fixes: number;
  /** Fixes of the window, or just beside it, whose own error reaches the place. */
  fixesWithin: number;
  closestM: number;
  /** Milliseconds since 1970; NaN when there is no closest fix. */
  closestAt: number;
  /** Longest gap that touches the window and is long enough to get there and back, seconds; 0 when there is none. */
  gapS: number;
}

/** Draws per doubtful pair; the standard error of a probability near 0.9 is about 4 %. Clear cases stop at the first few. */
const draws = 64;
const firstDraws = 16;
/** A gap with less chance than this by itself is not drawn; its chance is added. */
const worthDrawingAlone = 1e-3;
/**
 * Chance that a gap longer than `quietGapS` hides roaming about: it grows with the gap to a fifth, within about two hours.
 * Most gaps are walls and flat batteries, not journeys.
 */
const roamingAtMost = 0.2;
const roamingGrowthS = 7200;
/** An implied speed above the greatest is believed with this margin. */
const speedMargin = 1.5;
/** A fix vouches for presence when the place is within its 95 % radius, σ·√(−2 ln 0.05). */
const own95 = 2.4477;
/** A fix that tells this much needs no drawing. */
const nearlyCertain = 0.99;
/** Moments of one gap at which P(there at that moment) is taken: one each so many seconds, at most so many. */
const momentsPerGap = 8;
const secondsPerMoment = 60;
const tenMinutesS = 600;
/** A gap whose bound is below this adds nothing that a verdict could turn on. */
const negligible = 1e-7;
const negligibleExponent = -Math.log(negligible);
/** Below this sum of single chances the sum itself serves as the probability; drawing would show only noise. */
const worthDrawing = 0.05;

export interface JudgeOptions {
  /** Reads every fix instead of passing over far blocks: slow, obvious, and the same answers. For tests. */
  plain?: boolean;
}

/**
 * Judges wearers against crimes. One instance serves one thread; it keeps its buffers.
 */
export class Judge {
  readonly #parameters: PresenceParameters;
  readonly #plain: boolean;
  readonly #radius99: (sigma: number) => number;
  /** Up to this spread the 99 % radius stays under `grossErrorM`, so it need not be looked up. */
  readonly #plainSigma: number;
  #track!: PreparedTrack;
  #place!: LaidPlace;
  #reach = 0;
  #from = 0;
  #windowS = 0;
  /** Gaps (by their first fix) whose bridge may come within reach, in order. */
  #active = new Int32Array(64);
  #chance = new Float64Array(64);
  #activeCount = 0;
  /** First and last fix of blocks that may be reachable and weigh nothing. */
  #aside = new Int32Array(128);
  #asideCount = 0;
  /** Over the active gaps: sum of bounds on P(it does), and of plain estimates. */
  #boundSum = 0;
  #chanceSum = 0;
  #openGapS = 0;
  #nearestM = 0;
  /** Of the stretch looked at last: lower bound on the distance to the edge of the reach. */
  #clear = 0;
  // Distances are to the place itself, in metres.
  #closestM = 0;
  #closestIndex = -1;
  #reachable = false;

  constructor(parameters: PresenceParameters, options: JudgeOptions = {}) {
    this.#parameters = parameters;
    this.#plain = options.plain ?? false;
    this.#radius99 = radius99Table(parameters);
    let plain = 0;
    while (this.#radius99(plain + 1) < parameters.grossErrorM) plain++;
    this.#plainSigma = plain;
  }

  /**
   * @param from,to the crime's window, ms since 1970, both included
   * @param out filled in place, so that a sweep over millions of pairs makes no garbage
   */
  judge(track: PreparedTrack, place: LaidPlace, from: number, to: number, out: Judgement): void {
    const { at } = track;
    const length = at.length;
    this.#track = track;
    this.#place = place;
    this.#reach = this.#parameters.radiusM + place.uncertaintyM;
    this.#from = from;
    this.#windowS = (to - from) / 1000;
    const low = firstFixFrom(track, from);
    let high = firstFixFrom(track, to);
    if (high < length && at[high] === to) high++;
    out.reasons = track.from > from || track.to < to ? reasonBit.partlyWorn : 0;
    out.fixes = high - low;
    out.fixesWithin = 0;
    out.closestM = Number.NaN;
    out.closestAt = Number.NaN;
    out.coverage = 0;
    out.gapS = 0;
    out.pMoment = Number.NaN;
    out.pWindow = Number.NaN;
    out.verdict = verdictCode.unknown;
    if (length === 0) {
      out.reasons |= reasonBit.noFixes;
      return;
    }
    if (low === high && (low === 0 || high === length)) {
      out.reasons |= reasonBit.noFixesInWindow | (low === 0 ? reasonBit.beforeFirstFix : reasonBit.afterLastFix);
      return;
    }
    const first = low > 0 ? low - 1 : low;
    const last = high < length ? high : high - 1;
    out.coverage = this.#coverage(from, to, first, last, out.fixes);
    this.#survey(from, to, low, high, first, last, out);
    if (this.#closestIndex >= 0) {
      out.closestM = this.#closestM;
      out.closestAt = at[this.#closestIndex] as number;
    }
    if (!this.#reachable) {
      out.verdict = verdictCode.impossible;
      out.reasons |= reasonBit.outOfReach;
      out.pMoment = 0;
      out.pWindow = 0;
      return;
    }
    this.#reckon(low, high, first, last, out);
  }

  #coverage(from: number, to: number, first: number, last: number, fixes: number): number {
    const { at, coveredS } = this.#track;
    if (to === from) return fixes > 0 || (at[last] as number) - (at[first] as number) <= 1000 * this.#parameters.maxGapS ? 1 : 0;
    let covered = (coveredS[last] as number) - (coveredS[first] as number);
    // Cut off what the outermost gaps have outside the window.
    if (last > first && (at[first] as number) < from) {
      const gap = (at[first + 1] as number) - (at[first] as number);
      if (gap <= 1000 * this.#parameters.maxGapS) covered -= (from - (at[first] as number)) / 1000;
    }
    if (last > first && (at[last] as number) > to) {
      const gap = (at[last] as number) - (at[last - 1] as number);
      if (gap <= 1000 * this.#parameters.maxGapS) covered -= ((at[last] as number) - to) / 1000;
    }
    return Math.min(1, Math.max(0, covered / this.#windowS));
  }

  /** The possible set, and which gaps the likely set must look at. */
  #survey(from: number, to: number, low: number, high: number, first: number, last: number, out: Judgement): void {
    const { at } = this.#track;
    this.#reachable = false;
    this.#activeCount = 0;
    this.#asideCount = 0;
    this.#boundSum = 0;
    this.#chanceSum = 0;
    this.#openGapS = 0;
    this.#closestM = Infinity;
    this.#closestIndex = -1;
    this.#nearestM = Infinity;
    // A fix just outside the window still tells where the wearer was, if it is near in time.
    const besideMs = this.#parameters.maxGapS * 1000;
    const seenFirst = first < low && from - (at[first] as number) > besideMs ? low : first;
    const seenLast = last >= high && (at[last] as number) - to > besideMs ? high - 1 : last;
    const { blocks, rows } = this.#track;
    const row = blockSize * blocksPerRow;
    for (let begin = first; begin <= last; ) {
      // A row is tried once, where the window enters it, and only if that can save a few blocks. Its bounds hold for any part.
      const rowIndex = Math.floor(begin / row);
      const rowEnd = Math.min(last, (rowIndex + 1) * row - 1);
      const enters = begin === first || begin % row === 0;
      if (!this.#plain && enters && rowEnd - begin > 2 * blockSize && this.#passOver(rows, rowIndex)) {
        if (this.#farFromWeight(rows, rowIndex)) this.#setAside(begin, Math.min(rowEnd, last - 1));
        begin = rowEnd + 1;
        continue;
      }
      const block = Math.floor(begin / blockSize);
      const end = Math.min(last, (block + 1) * blockSize - 1);
      this.#clear = this.#plain ? -Infinity : this.#clearOf(blocks, block);
      const sigma = blocks.widestSigma[block] as number;
      if (this.#clear + this.#reach < this.#closestM || this.#clear <= own95 * sigma) {
        this.#readFixes(Math.max(begin, seenFirst), Math.min(end, seenLast), this.#clear <= own95 * sigma, out);
      }
      const slack = this.#clear - (blocks.endErrorM[block] as number);
      if (2 * slack <= this.#parameters.maxSpeedMps * (blocks.longestGapS[block] as number)) {
        const weightless = this.#clear > 0 && this.#clear * this.#clear >= 2 * negligibleExponent * (blocks.widestBridge[block] as number);
        if (weightless && (blocks.longestGapS[block] as number) <= this.#parameters.maxGapS) this.#setAside(begin, Math.min(end, last - 1));
        else this.#readGaps(begin, Math.min(end, last - 1), slack, weightless, false);
      }
      begin = end + 1;
    }
    // Far blocks change no probability; one reachable gap among them still tells "not plausible" from "impossible".
    for (let i = 0; i < this.#asideCount && !this.#reachable; i += 2) {
      this.#readGaps(this.#aside[i] as number, this.#aside[i + 1] as number, -Infinity, false, true);
    }
    if (low === 0 && from < (at[first] as number) && this.#cone(first, ((at[first] as number) - from) / 1000)) {
      out.reasons |= reasonBit.beforeFirstFix;
    }
    if (high === at.length && to > (at[last] as number) && this.#cone(last, (to - (at[last] as number)) / 1000)) {
      out.reasons |= reasonBit.afterLastFix;
    }
    if (first === last) this.#cone(first, 0);
  }

  /** Lower bound on the distance from a stretch to the edge of the reach; −Infinity where its box says nothing. */
  #clearOf(bounds: Bounds, i: number): number {
    if (bounds.fast[i]) return -Infinity;
    const { plane, extentM } = this.#place;
    const west = (bounds.box[4 * i] as number) - plane.lon;
    const south = (bounds.box[4 * i + 1] as number) - plane.lat;
    const east = (bounds.box[4 * i + 2] as number) - plane.lon;
    const north = (bounds.box[4 * i + 3] as number) - plane.lat;
    if (east < -180 || west > 180) return -Infinity;
    const dx = (west > 0 ? west : east < 0 ? -east : 0) * plane.perLon;
    const dy = (south > 0 ? south : north < 0 ? -north : 0) * plane.perLat;
    return Math.sqrt(dx * dx + dy * dy) - extentM - this.#reach;
  }

  /** Can a whole stretch be settled by its bounds: no closer fix, none within reach, and no gap that weighs anything? */
  #passOver(bounds: Bounds, i: number): boolean {
    const clear = this.#clearOf(bounds, i);
    this.#clear = clear;
    const sigma = bounds.widestSigma[i] as number;
    if (clear + this.#reach < this.#closestM || clear <= own95 * sigma) return false;
    const longest = bounds.longestGapS[i] as number;
    if (2 * (clear - (bounds.endErrorM[i] as number)) > this.#parameters.maxSpeedMps * longest) return true;
    return longest <= this.#parameters.maxGapS && clear > 0 && clear * clear >= 2 * negligibleExponent * (bounds.widestBridge[i] as number);
  }

  /** A stretch that was passed over and may yet be reachable. */
  #farFromWeight(bounds: Bounds, i: number): boolean {
    const slack = this.#clear - (bounds.endErrorM[i] as number);
    return 2 * slack <= this.#parameters.maxSpeedMps * (bounds.longestGapS[i] as number);
  }

  #setAside(begin: number, end: number): void {
    if (this.#asideCount + 2 > this.#aside.length) {
      const aside = new Int32Array(2 * this.#aside.length);
      aside.set(this.#aside);
      this.#aside = aside;
    }
    this.#aside[this.#asideCount++] = begin;
    this.#aside[this.#asideCount++] = end;
  }

  #endError(sigma: number): number {
    return sigma <= this.#plainSigma ? this.#parameters.grossErrorM : Math.max(this.#radius99(sigma), this.#parameters.grossErrorM);
  }

  #observedDistance(k: number): number {
    const { plane } = this.#place;
    const x = longitudeDifference(this.#track.lon[k] as number, plane.lon) * plane.perLon;
    const y = ((this.#track.lat[k] as number) - plane.lat) * plane.perLat;
    return this.#place.edges.length === 0 ? Math.sqrt(x * x + y * y) : distanceToPlace(this.#place, x, y);
  }

  #likelyX(k: number): number {
    return longitudeDifference(this.#track.likelyLon[k] as number, this.#place.plane.lon) * this.#place.plane.perLon;
  }

  #likelyY(k: number): number {
    return ((this.#track.likelyLat[k] as number) - this.#place.plane.lat) * this.#place.plane.perLat;
  }

  #readFixes(begin: number, end: number, mayBeWithin: boolean, out: Judgement): void {
    if (mayBeWithin || this.#place.edges.length > 0) {
      for (let k = begin; k <= end; k++) {
        const d = this.#observedDistance(k);
        if (d < this.#closestM) {
          this.#closestM = d;
          this.#closestIndex = k;
        }
        if (d <= this.#reach + own95 * (this.#track.sigma[k] as number)) out.fixesWithin++;
      }
      return;
    }
    // Far from a point place: only the closest fix matters, and squares compare as well as roots.
    const { lon, lat } = this.#track;
    const { plane } = this.#place;
    let least = this.#closestM * this.#closestM;
    let index = -1;
    for (let k = begin; k <= end; k++) {
      const x = longitudeDifference(lon[k] as number, plane.lon) * plane.perLon;
      const y = ((lat[k] as number) - plane.lat) * plane.perLat;
      const d2 = x * x + y * y;
      if (d2 < least) {
        least = d2;
        index = k;
      }
    }
    if (index >= 0 && Math.sqrt(least) < this.#closestM) {
      this.#closestM = Math.sqrt(least);
      this.#closestIndex = index;
    }
  }

  /**
   * @param slack lower bound on the distance from the stretch to the reach, less its greatest error
   * @param weightless covered gaps of the stretch cannot weigh anything; they are set aside
   * @param untilReachable stop at the first gap that the prism allows
   */
  #readGaps(begin: number, end: number, slack: number, weightless: boolean, untilReachable: boolean): void {
    const { at, sigma, spread, variance } = this.#track;
    const { maxSpeedMps, maxGapS } = this.#parameters;
    const reach = this.#reach;
    let aside = false;
    for (let k = begin; k <= end; k++) {
      const T = ((at[k + 1] as number) - (at[k] as number)) / 1000;
      if (2 * slack > maxSpeedMps * T) continue;
      if (weightless && T <= maxGapS) {
        aside = true;
        continue;
      }
      const da = this.#observedDistance(k);
      const db = this.#observedDistance(k + 1);
      const xa = this.#likelyX(k);
      const ya = this.#likelyY(k);
      const xb = this.#likelyX(k + 1);
      const yb = this.#likelyY(k + 1);
      const s1 = Math.max(0, (this.#from - (at[k] as number)) / 1000);
      const s2 = Math.min(T, this.#windowS + (this.#from - (at[k] as number)) / 1000);
      const ea = this.#endError(sigma[k] as number);
      const eb = this.#endError(sigma[k + 1] as number);
      const moved2 = (xb - xa) ** 2 + (yb - ya) ** 2;
      // Two fixes that prove a higher speed raise the limit between them: the prism must never be empty.
      const speed = moved2 > (maxSpeedMps * T) ** 2 ? Math.max(maxSpeedMps, (speedMargin * Math.sqrt(moved2)) / T) : maxSpeedMps;
      if (da + db - 2 * reach - ea - eb > speed * T || !prismReaches(da, db, ea, eb, reach, T, s1, s2, speed)) continue;
      this.#reachable = true;
      if (untilReachable) return;
      if (T > maxGapS && T > this.#openGapS) this.#openGapS = T;
      const clear = this.#clearance(xa, ya, xb, yb, s1 / T, s2 / T);
      const ends = Math.max(variance[k] as number, variance[k + 1] as number);
      const bound = this.#gapBound(clear, s1 / T, s2 / T, T, spread[k] as number, ends);
      if (bound < negligible) continue;
      this.#activate(k, bound, this.#gapChance(clear, s1 / T, s2 / T, T, spread[k] as number, ends));
      if (clear < this.#nearestM) this.#nearestM = clear;
    }
    if (aside) this.#setAside(begin, end);
  }

  #activate(k: number, bound: number, chance: number): void {
    if (this.#activeCount === this.#active.length) {
      const active = new Int32Array(2 * this.#activeCount);
      active.set(this.#active);
      this.#active = active;
      const chances = new Float64Array(2 * this.#activeCount);
      chances.set(this.#chance);
      this.#chance = chances;
    }
    this.#chance[this.#activeCount] = chance;
    this.#active[this.#activeCount++] = k;
    this.#boundSum += bound;
    this.#chanceSum += chance;
  }

  /** The part of the window before the first or after the last fix, `seconds` long. */
  #cone(k: number, seconds: number): boolean {
    const d = this.#observedDistance(k);
    if (!coneReaches(d, this.#endError(this.#track.sigma[k] as number), this.#reach, seconds, this.#parameters.maxSpeedMps)) return false;
    this.#reachable = true;
    this.#nearestM = Math.min(this.#nearestM, d - this.#reach);
    return true;
  }

  /** The likely set: bound first, then the easy yes, then draws for the doubtful rest. */
  #reckon(low: number, high: number, first: number, last: number, out: Judgement): void {
    const parameters = this.#parameters;
    const { at } = this.#track;
    const openEdge = (out.reasons & (reasonBit.beforeFirstFix | reasonBit.afterLastFix)) !== 0;
    const spanS = Math.max(this.#windowS, ((at[last] as number) - (at[first] as number)) / 1000);
    const burst = this.#burst(Math.min(this.#nearestM, this.#closestM - this.#reach), spanS);
    const bound = this.#boundSum + burst;
    if (last > first && !openEdge && this.#openGapS === 0 && bound < parameters.excludedProbability) {
      out.verdict = verdictCode.notPlausible;
      out.reasons |= reasonBit.notPlausible;
      out.pWindow = bound;
      out.pMoment = bound;
      return;
    }
    if (this.#chanceSum < worthDrawing && !openEdge && last > first) {
      out.pWindow = Math.min(1, this.#chanceSum);
      out.pMoment = Math.min(out.pWindow, this.#shareActive() * out.pWindow);
    } else {
      out.pMoment = this.#atMoment(first, last);
      let p = Math.max(out.pMoment, this.#bestFix(low, high));
      if (p < nearlyCertain) p = Math.max(p, this.#draw(first, last, low === 0, high === at.length));
      out.pWindow = p;
    }
    if (out.pWindow >= parameters.presentProbability && out.fixesWithin > 0) {
      out.verdict = verdictCode.present;
      out.reasons = (out.reasons & reasonBit.partlyWorn) | reasonBit.fixesWithin;
      return;
    }
    this.#explainUnknown(low === high, out);
  }

  #explainUnknown(empty: boolean, out: Judgement): void {
    if (empty) out.reasons |= reasonBit.noFixesInWindow;
    if (this.#openGapS > 0) {
      out.reasons |= reasonBit.gap;
      out.gapS = this.#openGapS;
    }
    if (this.#imprecise()) out.reasons |= reasonBit.imprecise;
    if (out.fixesWithin === 0 && out.pWindow >= 0.3 && this.#openGapS === 0) out.reasons |= reasonBit.passingBy;
    if ((out.reasons & ~reasonBit.partlyWorn) === 0) out.reasons |= reasonBit.closeBy;
  }

  /** Least distance from the straight path between two fixes, over the window's part of it, to the edge of the reach. */
  #clearance(xa: number, ya: number, xb: number, yb: number, a1: number, a2: number): number {
    const dx = xb - xa;
    const dy = yb - ya;
    if (this.#place.edges.length === 0) {
      const along = Math.min(a2, Math.max(a1, alongSegment(0, 0, xa, ya, xb, yb)));
      const px = xa + along * dx;
      const py = ya + along * dy;
      return Math.sqrt(px * px + py * py) - this.#reach;
    }
    // Distance to a place changes by at most a metre per metre walked, so samples less half a step bound it from below.
    const steps = 4;
    const step = ((a2 - a1) * Math.sqrt(dx * dx + dy * dy)) / steps;
    let least = Infinity;
    for (let i = 0; i <= steps; i++) {
      const along = a1 + ((a2 - a1) * i) / steps;
      least = Math.min(least, distanceToPlace(this.#place, xa + along * dx, ya + along * dy));
    }
    return least - step / 2 - this.#reach;
  }

  /**
   * Upper bound on P(the bridge comes within reach): a bridge with spread v over T seconds leaves its line by more than D
   * with probability exp(−2D²/(vT)) (the supremum of a Brownian bridge); ends add their own variance.
   */
  #gapBound(clear: number, a1: number, a2: number, T: number, spread: number, ends: number): number {
    if (clear <= 0) return 1;
    const middle = a1 > 0.5 ? a1 * (1 - a1) : a2 < 0.5 ? a2 * (1 - a2) : 0.25;
    const bound = Math.exp((-clear * clear) / (2 * (middle * T * spread + ends)));
    if (T <= quietGapS) return bound;
    const roaming = Math.exp((-clear * clear) / (2 * (middle * T * roamingSpread + ends)));
    return Math.min(1, bound + this.#roamingIn(T) * roaming);
  }

  /** P(the way bends within reach) for one gap by itself: Φ(−D/s) at its widest. */
  #gapChance(clear: number, a1: number, a2: number, T: number, spread: number, ends: number): number {
    const middle = a1 > 0.5 ? a1 * (1 - a1) : a2 < 0.5 ? a2 * (1 - a2) : 0.25;
    const settled = withinEdge(clear, Math.sqrt(middle * T * spread + ends), 0);
    const roaming = this.#roamingIn(T);
    return roaming === 0 ? settled : (1 - roaming) * settled + roaming * withinEdge(clear, Math.sqrt(middle * T * roamingSpread + ends), 0);
  }

  /** Chance that a gap of T seconds hides roaming about. */
  #roamingIn(T: number): number {
    return T <= quietGapS ? 0 : roamingAtMost * (1 - Math.exp((quietGapS - T) / roamingGrowthS));
  }

  /** P(a held displacement of the receiver hides that the wearer was there): chance of one, times its reach. */
  #burst(nearest: number, spanS: number): number {
    const { burstPerTenMinutes, burstSigmaM } = this.#parameters;
    const d = Math.max(0, nearest);
    const chance = Math.min(1, burstPerTenMinutes * Math.max(1, spanS / tenMinutesS));
    return chance * Math.exp((-d * d) / (2 * burstSigmaM * burstSigmaM));
  }

  #within(d: number, s: number): number {
    return this.#place.edges.length === 0 ? withinDisc(d, s, this.#reach) : withinEdge(d, s, this.#reach);
  }

  #likelyDistance(k: number): number {
    return distanceToPlace(this.#place, this.#likelyX(k), this.#likelyY(k));
  }

  /** Seconds of fix k after the window's beginning. */
  #second(k: number): number {
    return ((this.#track.at[k] as number) - this.#from) / 1000;
  }

  #bestFix(low: number, high: number): number {
    let best = 0;
    for (let i = 0; i < this.#activeCount; i++) {
      for (let k = this.#active[i] as number; k <= (this.#active[i] as number) + 1; k++) {
        if (k >= low && k < high)
          best = Math.max(best, this.#within(this.#likelyDistance(k), Math.sqrt(this.#track.variance[k] as number)));
      }
    }
    return best;
  }

  /** Share of the window that lies in gaps which may come within reach. */
  #shareActive(): number {
    if (this.#windowS === 0) return 1;
    let seconds = 0;
    for (let i = 0; i < this.#activeCount; i++) {
      const k = this.#active[i] as number;
      seconds += Math.min(this.#windowS, this.#second(k + 1)) - Math.max(0, this.#second(k));
    }
    return Math.min(1, seconds / this.#windowS);
  }

  /**
   * P(there at the crime's moment), the moment spread evenly over the window (aoristic): the integral over the gaps that
   * may come within reach and over the parts beyond the first and last fix; elsewhere it is nothing.
   */
  #atMoment(first: number, last: number): number {
    if (this.#windowS === 0) {
      for (let i = 0; i < this.#activeCount; i++) {
        const k = this.#active[i] as number;
        if (this.#second(k) <= 0 && this.#second(k + 1) >= 0) return this.#withinAt(k, 0);
      }
      return first === last ? this.#within(this.#likelyDistance(first), Math.sqrt(this.#track.variance[first] as number)) : 0;
    }
    let seconds = 0;
    for (let i = 0; i < this.#activeCount; i++) {
      const k = this.#active[i] as number;
      const begin = Math.max(0, this.#second(k));
      const length = Math.min(this.#windowS, this.#second(k + 1)) - begin;
      const moments = Math.max(1, Math.min(momentsPerGap, Math.round(length / secondsPerMoment)));
      for (let m = 0; m < moments; m++) seconds += (length / moments) * this.#withinAt(k, begin + (length * (m + 0.5)) / moments);
    }
    seconds += this.#beyond(first, Math.max(0, this.#second(first)));
    seconds += this.#beyond(last, Math.max(0, this.#windowS - this.#second(last)));
    return Math.min(1, seconds / this.#windowS);
  }

  /** Expected seconds within reach while the window runs past the first or last fix. */
  #beyond(k: number, length: number): number {
    if (length === 0) return 0;
    const d = this.#likelyDistance(k);
    let seconds = 0;
    for (let m = 0; m < momentsPerGap; m++) {
      const away = (length * (m + 0.5)) / momentsPerGap;
      seconds += (length / momentsPerGap) * this.#within(d, Math.sqrt((this.#track.variance[k] as number) + away * roamingSpread));
    }
    return seconds;
  }

  /** P(there) at one moment of gap k: mean on the line, variance T·a(1−a)σm² + (1−a)²δa² + a²δb². */
  #withinAt(k: number, moment: number): number {
    const { variance, spread } = this.#track;
    const T = this.#second(k + 1) - this.#second(k);
    const a = (moment - this.#second(k)) / T;
    const x = (1 - a) * this.#likelyX(k) + a * this.#likelyX(k + 1);
    const y = (1 - a) * this.#likelyY(k) + a * this.#likelyY(k + 1);
    const d = distanceToPlace(this.#place, x, y);
    const ends = (1 - a) ** 2 * (variance[k] as number) + a ** 2 * (variance[k + 1] as number);
    const settled = this.#within(d, Math.sqrt(T * a * (1 - a) * (spread[k] as number) + ends));
    const roaming = this.#roamingIn(T);
    if (roaming === 0) return settled;
    return (1 - roaming) * settled + roaming * this.#within(d, Math.sqrt(T * a * (1 - a) * roamingSpread + ends));
  }

  /** P(there at some moment) by drawing ways through the whole window. */
  #draw(first: number, last: number, openStart: boolean, openEnd: boolean): number {
    const startS = openStart ? Math.max(0, this.#second(first)) : 0;
    const endS = openEnd ? Math.max(0, this.#windowS - this.#second(last)) : 0;
    let touched = 0;
    let rest = 0;
    let kept = 0;
    for (let i = 0; i < this.#activeCount; i++) {
      if ((this.#chance[i] as number) < worthDrawingAlone) rest += this.#chance[i] as number;
      else this.#active[kept++] = this.#active[i] as number;
    }
    this.#activeCount = kept;
    let drawn = 0;
    while (drawn < draws) {
      if (this.#wayTouches(drawn++, first, last, startS, endS)) touched++;
      if (drawn === firstDraws && (touched === 0 || touched === drawn)) break;
      // Far from the threshold a rougher figure does.
      if (drawn === draws / 2 && touched < drawn * 0.7) break;
    }
    // A tenth of a draw either way, so that a clear case is not called certain.
    const p = (touched + 0.1) / (drawn + 0.2);
    return Math.min(1, 1 - (1 - p) * (1 - rest));
  }

  #wayTouches(draw: number, first: number, last: number, startS: number, endS: number): boolean {
    // The error of the fix reached last, as standard normals; neighbours share part of it.
    let zx = normalAt(draw, 1);
    let zy = normalAt(draw, 2);
    let reached = -1;
    if (startS > 0 && this.#touchBeyond(first, startS, zx, zy, draw, 7)) return true;
    for (let i = 0; i < this.#activeCount; i++) {
      const k = this.#active[i] as number;
      if (reached >= 0 && reached !== k) {
        const kept = this.#sharedBetween(reached, k);
        zx = kept * zx + Math.sqrt(1 - kept * kept) * normalAt(draw, 8 * i + 3);
        zy = kept * zy + Math.sqrt(1 - kept * kept) * normalAt(draw, 8 * i + 4);
      }
      const kept = this.#track.shared[k] as number;
      const fresh = Math.sqrt(1 - kept * kept);
      const zxb = kept * zx + fresh * normalAt(draw, 8 * i + 5);
      const zyb = kept * zy + fresh * normalAt(draw, 8 * i + 6);
      if (this.#touch(k, i, draw, zx, zy, zxb, zyb)) return true;
      zx = zxb;
      zy = zyb;
      reached = k + 1;
    }
    return endS > 0 && this.#touchBeyond(last, endS, zx, zy, draw, 9);
  }

  /** Correlation of the errors of two fixes some gaps apart. */
  #sharedBetween(from: number, to: number): number {
    let kept = 1;
    for (let k = from; k < to && kept > 1e-3; k++) kept *= this.#track.shared[k] as number;
    return kept;
  }

  /** Does one drawn way over gap k come within reach during the window? */
  #touch(k: number, i: number, draw: number, zxa: number, zya: number, zxb: number, zyb: number): boolean {
    const { variance, spread } = this.#track;
    const ta = this.#second(k);
    const tb = this.#second(k + 1);
    const T = tb - ta;
    // Draws are split by rank, so that the share of roaming ones is exact.
    const roams = (draw * 0.618033988749895 + i * 0.137) % 1 < this.#roamingIn(T);
    const v = roams ? roamingSpread : (spread[k] as number);
    const sa = Math.sqrt(variance[k] as number);
    const sb = Math.sqrt(variance[k + 1] as number);
    let xa = this.#likelyX(k) + sa * zxa;
    let ya = this.#likelyY(k) + sa * zya;
    let xb = this.#likelyX(k + 1) + sb * zxb;
    let yb = this.#likelyY(k + 1) + sb * zyb;
    let seconds = T;
    if (ta < 0) {
      const a = Math.min(1, -ta / T);
      const s = Math.sqrt(v * T * a * (1 - a));
      xa += a * (xb - xa) + s * normalAt(draw + 1000, 8 * i);
      ya += a * (yb - ya) + s * normalAt(draw + 1000, 8 * i + 1);
      seconds *= 1 - a;
    }
    if (tb > this.#windowS && seconds > 0) {
      const a = Math.max(0, 1 - (tb - this.#windowS) / seconds);
      const s = Math.sqrt(Math.max(0, v * seconds * a * (1 - a)));
      xb = xa + a * (xb - xa) + s * normalAt(draw + 2000, 8 * i);
      yb = ya + a * (yb - ya) + s * normalAt(draw + 2000, 8 * i + 1);
      seconds *= a;
    }
    return this.#bentWayTouches(xa, ya, xb, yb, v * seconds, normalAt(draw + 3000, 8 * i), normalAt(draw + 3000, 8 * i + 1));
  }

  /** Does a way that runs on past the first or last fix come within reach? */
  #touchBeyond(k: number, seconds: number, zx: number, zy: number, draw: number, index: number): boolean {
    const s = Math.sqrt(this.#track.variance[k] as number);
    const xa = this.#likelyX(k) + s * zx;
    const ya = this.#likelyY(k) + s * zy;
    const step = Math.sqrt(roamingSpread * seconds);
    const xb = xa + step * normalAt(draw + 4000, index);
    const yb = ya + step * normalAt(draw + 4000, index + 1);
    return this.#bentWayTouches(xa, ya, xb, yb, 0, 0, 0);
  }

  /**
   * Does one drawn way between known ends come within reach?
   *
   * The way bends once: its deviation from the line is z·√(vT·a(1−a)) with the same z all along. At each moment that is
   * the bridge's own distribution, without the endless small wiggles of a Brownian path, which no walker makes.
   */
  #bentWayTouches(xa: number, ya: number, xb: number, yb: number, vT: number, zx: number, zy: number): boolean {
    const place = this.#place;
    const reach = this.#reach;
    if (distanceToPlace(place, xa, ya) <= reach || distanceToPlace(place, xb, yb) <= reach) return true;
    const nearest = place.edges.length === 0 ? alongSegment(0, 0, xa, ya, xb, yb) : 0.5;
    for (const a of [nearest, 0.2, 0.4, 0.6, 0.8]) {
      const s = Math.sqrt(vT * a * (1 - a));
      if (distanceToPlace(place, xa + a * (xb - xa) + s * zx, ya + a * (yb - ya) + s * zy) <= reach) return true;
    }
    return false;
  }

  /** Is a fix that touches the reach itself wider than it? */
  #imprecise(): boolean {
    for (let i = 0; i < this.#activeCount; i++) {
      for (let k = this.#active[i] as number; k <= (this.#active[i] as number) + 1; k++) {
        const radius = own95 * Math.sqrt(this.#track.variance[k] as number);
        if (radius > this.#reach && this.#likelyDistance(k) - radius <= this.#reach) return true;
      }
    }
    return false;
  }
}

/** A judgement to be filled. */
export function emptyJudgement(): Judgement {
  return {
    verdict: verdictCode.unknown,
    reasons: 0,
    pMoment: Number.NaN,
    pWindow: Number.NaN,
    coverage: 0,
    fixes: 0,
    fixesWithin: 0,
    closestM: Number.NaN,
    closestAt: Number.NaN,
    gapS: 0,
  };
}
