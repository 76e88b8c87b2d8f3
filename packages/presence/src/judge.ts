import { roamingIn, roamingSpread } from './bridge.ts';
import type { PresenceParameters } from './ground/parameters.ts';
import { distanceToPlace, type LaidPlace } from './ground/place.ts';
import { Pair } from './pair.ts';
import type { PreparedTrack } from './prepared-track.ts';
import { reasonBit, verdictCode } from './reasons.ts';
import { own95, Survey } from './survey.ts';
import { Ways } from './ways.ts';

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

/** A fix that tells this much needs no drawing. */
const nearlyCertain = 0.99;
/** Moments of one gap at which P(there at that moment) is taken: one each so many seconds, at most so many. */
const momentsPerGap = 8;
const secondsPerMoment = 60;
const tenMinutesS = 600;
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
  readonly #pair = new Pair();
  readonly #survey: Survey;
  readonly #ways = new Ways();

  constructor(parameters: PresenceParameters, options: JudgeOptions = {}) {
    this.#parameters = parameters;
    this.#survey = new Survey(parameters, options.plain ?? false);
  }

  /**
   * @param from,to the crime's window, ms since 1970, both included
   * @param out filled in place, so that a sweep over millions of pairs makes no garbage
   */
  judge(track: PreparedTrack, place: LaidPlace, from: number, to: number, out: Judgement): void {
    const { at } = track;
    const pair = this.#pair;
    const survey = this.#survey;
    pair.set(track, place, from, to, this.#parameters.radiusM);
    const { low, high, first, last } = pair;
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
    if (at.length === 0) {
      out.reasons |= reasonBit.noFixes;
      return;
    }
    if (low === high && (low === 0 || high === at.length)) {
      out.reasons |= reasonBit.noFixesInWindow | (low === 0 ? reasonBit.beforeFirstFix : reasonBit.afterLastFix);
      return;
    }
    out.coverage = this.#coverage(from, to, first, last, out.fixes);
    survey.look(pair);
    if (low === 0 && pair.second(first) > 0 && survey.lookBeyond(first, pair.second(first))) out.reasons |= reasonBit.beforeFirstFix;
    const after = pair.windowS - pair.second(last);
    if (high === at.length && after > 0 && survey.lookBeyond(last, after)) out.reasons |= reasonBit.afterLastFix;
    if (first === last) survey.lookBeyond(first, 0);
    out.fixesWithin = survey.fixesWithin;
    if (survey.closestIndex >= 0) {
      out.closestM = survey.closestM;
      out.closestAt = at[survey.closestIndex] as number;
    }
    if (!survey.reachable) {
      out.verdict = verdictCode.impossible;
      out.reasons |= reasonBit.outOfReach;
      out.pMoment = 0;
      out.pWindow = 0;
      return;
    }
    this.#reckon(out);
  }

  #coverage(from: number, to: number, first: number, last: number, fixes: number): number {
    const { at, coveredS } = this.#pair.track;
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
    return Math.min(1, Math.max(0, covered / this.#pair.windowS));
  }

  /** The likely set: bound first, then the easy yes, then draws for the doubtful rest. */
  #reckon(out: Judgement): void {
    const parameters = this.#parameters;
    const pair = this.#pair;
    const survey = this.#survey;
    const { at } = pair.track;
    const { low, high, first, last } = pair;
    const openEdge = (out.reasons & (reasonBit.beforeFirstFix | reasonBit.afterLastFix)) !== 0;
    const spanS = Math.max(pair.windowS, ((at[last] as number) - (at[first] as number)) / 1000);
    const burst = this.#burst(Math.min(survey.nearestM, survey.closestM - pair.reach), spanS);
    const bound = survey.boundSum + burst;
    if (last > first && !openEdge && survey.openGapS === 0 && bound < parameters.excludedProbability) {
      out.verdict = verdictCode.notPlausible;
      out.reasons |= reasonBit.notPlausible;
      out.pWindow = bound;
      out.pMoment = bound;
      return;
    }
    if (survey.chanceSum < worthDrawing && !openEdge && last > first) {
      out.pWindow = Math.min(1, survey.chanceSum);
      out.pMoment = Math.min(out.pWindow, this.#shareActive() * out.pWindow);
    } else {
      out.pMoment = this.#atMoment(first, last);
      let p = Math.max(out.pMoment, this.#bestFix(low, high));
      if (p < nearlyCertain) p = Math.max(p, this.#ways.draw(pair, survey, low === 0, high === at.length));
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
    if (this.#survey.openGapS > 0) {
      out.reasons |= reasonBit.gap;
      out.gapS = this.#survey.openGapS;
    }
    if (this.#imprecise()) out.reasons |= reasonBit.imprecise;
    if (out.fixesWithin === 0 && out.pWindow >= 0.3 && this.#survey.openGapS === 0) out.reasons |= reasonBit.passingBy;
    if ((out.reasons & ~reasonBit.partlyWorn) === 0) out.reasons |= reasonBit.closeBy;
  }

  /** P(a held displacement of the receiver hides that the wearer was there): chance of one, times its reach. */
  #burst(nearest: number, spanS: number): number {
    const { burstPerTenMinutes, burstSigmaM } = this.#parameters;
    const d = Math.max(0, nearest);
    const chance = Math.min(1, burstPerTenMinutes * Math.max(1, spanS / tenMinutesS));
    return chance * Math.exp((-d * d) / (2 * burstSigmaM * burstSigmaM));
  }

  #bestFix(low: number, high: number): number {
    let best = 0;
    for (let i = 0; i < this.#survey.activeCount; i++) {
      for (let k = this.#survey.active[i] as number; k <= (this.#survey.active[i] as number) + 1; k++) {
        if (k >= low && k < high)
          best = Math.max(best, this.#pair.within(this.#pair.likelyDistance(k), Math.sqrt(this.#pair.track.variance[k] as number)));
      }
    }
    return best;
  }

  /** Share of the window that lies in gaps which may come within reach. */
  #shareActive(): number {
    if (this.#pair.windowS === 0) return 1;
    let seconds = 0;
    for (let i = 0; i < this.#survey.activeCount; i++) {
      const k = this.#survey.active[i] as number;
      seconds += Math.min(this.#pair.windowS, this.#pair.second(k + 1)) - Math.max(0, this.#pair.second(k));
    }
    return Math.min(1, seconds / this.#pair.windowS);
  }

  /**
   * P(there at the crime's moment), the moment spread evenly over the window (aoristic): the integral over the gaps that
   * may come within reach and over the parts beyond the first and last fix; elsewhere it is nothing.
   */
  #atMoment(first: number, last: number): number {
    if (this.#pair.windowS === 0) {
      for (let i = 0; i < this.#survey.activeCount; i++) {
        const k = this.#survey.active[i] as number;
        if (this.#pair.second(k) <= 0 && this.#pair.second(k + 1) >= 0) return this.#withinAt(k, 0);
      }
      return first === last
        ? this.#pair.within(this.#pair.likelyDistance(first), Math.sqrt(this.#pair.track.variance[first] as number))
        : 0;
    }
    let seconds = 0;
    for (let i = 0; i < this.#survey.activeCount; i++) {
      const k = this.#survey.active[i] as number;
      const begin = Math.max(0, this.#pair.second(k));
      const length = Math.min(this.#pair.windowS, this.#pair.second(k + 1)) - begin;
      const moments = Math.max(1, Math.min(momentsPerGap, Math.round(length / secondsPerMoment)));
      for (let m = 0; m < moments; m++) seconds += (length / moments) * this.#withinAt(k, begin + (length * (m + 0.5)) / moments);
    }
    seconds += this.#beyond(first, Math.max(0, this.#pair.second(first)));
    seconds += this.#beyond(last, Math.max(0, this.#pair.windowS - this.#pair.second(last)));
    return Math.min(1, seconds / this.#pair.windowS);
  }

  /** Expected seconds within reach while the window runs past the first or last fix. */
  #beyond(k: number, length: number): number {
    if (length === 0) return 0;
    const d = this.#pair.likelyDistance(k);
    let seconds = 0;
    for (let m = 0; m < momentsPerGap; m++) {
      const away = (length * (m + 0.5)) / momentsPerGap;
      seconds +=
        (length / momentsPerGap) * this.#pair.within(d, Math.sqrt((this.#pair.track.variance[k] as number) + away * roamingSpread));
    }
    return seconds;
  }

  /** P(there) at one moment of gap k: mean on the line, variance T·a(1−a)σm² + (1−a)²δa² + a²δb². */
  #withinAt(k: number, moment: number): number {
    const { variance, spread } = this.#pair.track;
    const T = this.#pair.second(k + 1) - this.#pair.second(k);
    const a = (moment - this.#pair.second(k)) / T;
    const x = (1 - a) * this.#pair.likelyX(k) + a * this.#pair.likelyX(k + 1);
    const y = (1 - a) * this.#pair.likelyY(k) + a * this.#pair.likelyY(k + 1);
    const d = distanceToPlace(this.#pair.place, x, y);
    const ends = (1 - a) ** 2 * (variance[k] as number) + a ** 2 * (variance[k + 1] as number);
    const settled = this.#pair.within(d, Math.sqrt(T * a * (1 - a) * (spread[k] as number) + ends));
    const roaming = roamingIn(T);
    if (roaming === 0) return settled;
    return (1 - roaming) * settled + roaming * this.#pair.within(d, Math.sqrt(T * a * (1 - a) * roamingSpread + ends));
  }

  /** Is a fix that touches the reach itself wider than it? */
  #imprecise(): boolean {
    for (let i = 0; i < this.#survey.activeCount; i++) {
      for (let k = this.#survey.active[i] as number; k <= (this.#survey.active[i] as number) + 1; k++) {
        const radius = own95 * Math.sqrt(this.#pair.track.variance[k] as number);
        if (radius > this.#pair.reach && this.#pair.likelyDistance(k) - radius <= this.#pair.reach) return true;
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
