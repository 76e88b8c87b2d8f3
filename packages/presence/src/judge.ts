import type { PresenceParameters } from './ground/parameters.ts';
import type { LaidPlace } from './ground/place.ts';
import { Pair } from './pair.ts';
import { apartMsOf, type PreparedTrack } from './prepared-track.ts';
import { reasonBit, verdictCode } from './reasons.ts';
import { own95, Survey } from './survey.ts';
import { firstAtOrAfter } from './track.ts';
import { profile, quietGapS, roamingIn, roamingSpread, roamingVariance, scales, shares } from './way-law.ts';
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
const nearlyCertain = 0.95;
/** Moments of one gap at which P(there at that moment) is taken: one each so many seconds, at most so many. */
const momentsPerGap = 8;
const secondsPerMoment = 60;
/** A gap with less chance than this by itself is not looked at moment by moment: half of it stands for all. */
const negligibleChance = 1e-3;
/** Below this P(some moment), P(at that moment) is not worth the sums: a share of it stands for it. */
const hardlyThere = 0.1;
/** So many gaps are looked at for P(at that moment), spread over the window. */
const gapsLookedAt = 48;
const tenMinutesS = 600;
/** A window no longer than this is of the very moments at which a tag contradicted itself, seconds. */
const momentsS = 120;
/** A window from which on it is not looked at again without the seconds that clocks may be out, seconds. */
const longWindowS = 900;
/** Reasons that are told besides another, which decides. */
const besides = reasonBit.partlyWorn | reasonBit.frozen | reasonBit.contradicted;
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
   * @param roughly for sums of `pWindow` over many windows: no more draws than tell it to a few parts in a hundred, and nothing else is told
   */
  judge(track: PreparedTrack, place: LaidPlace, from: number, to: number, out: Judgement, roughly = false): void {
    const { at } = track;
    const pair = this.#pair;
    const { radiusM } = this.#parameters;
    pair.set(track, place, from, to, radiusM);
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
    // No exclusion rests on seconds: it must hold whichever way the clocks of tag and crime are apart.
    const apartMs = roughly ? 0 : apartMsOf(from, to, this.#parameters, track.clockS);
    if (hasBetween(track.frozenAt, from, to)) out.reasons |= reasonBit.frozen;
    if (hasBetween(track.contradictedAt, from - apartMs, to + apartMs)) out.reasons |= reasonBit.contradicted;
    if (at.length === 0) {
      out.reasons |= reasonBit.noFixes;
      return;
    }
    if (low === high && (low === 0 || high === at.length)) {
      out.reasons |= reasonBit.noFixesInWindow | (low === 0 ? reasonBit.beforeFirstFix : reasonBit.afterLastFix);
      return;
    }
    out.coverage = this.#coverage(from, to, first, last, out.fixes);
    if (apartMs > 0) pair.set(track, place, from - apartMs, to + apartMs, radiusM);
    const edges = this.#look();
    this.#tellClosest(out);
    const excluded = this.#excludes(edges);
    if (excluded !== null) {
      const bound = excluded === verdictCode.impossible ? 0 : this.#bound();
      out.verdict = excluded;
      out.reasons |= excluded === verdictCode.impossible ? reasonBit.outOfReach : reasonBit.notPlausible;
      out.pMoment = bound;
      out.pWindow = bound;
      return;
    }
    if (apartMs > 0) pair.set(track, place, from, to, radiusM);
    // Beside so long a window, what is added to it hardly counts, and what was looked at serves.
    if (apartMs > 0 && (pair.windowS < longWindowS || edges !== 0)) {
      const own = this.#look();
      out.reasons |= own;
      this.#tellClosest(out);
      if (this.#excludes(own) !== null) out.reasons |= reasonBit.clock;
    } else out.reasons |= edges;
    this.#reckon(out, roughly);
  }

  /** Surveys the pair at hand. Gives the reasons why a part of its window was not observed. */
  #look(): number {
    const pair = this.#pair;
    const survey = this.#survey;
    const { low, high, first, last } = pair;
    const { at } = pair.track;
    let edges = 0;
    survey.look(pair);
    if (low === 0 && pair.second(first) > 0 && survey.lookBeyond(first, pair.second(first))) edges |= reasonBit.beforeFirstFix;
    const after = pair.windowS - pair.second(last);
    if (high === at.length && after > 0 && survey.lookBeyond(last, after)) edges |= reasonBit.afterLastFix;
    if (first === last) survey.lookBeyond(first, 0);
    return edges;
  }

  #tellClosest(out: Judgement): void {
    const { fixesWithin, closestIndex, closestM } = this.#survey;
    out.fixesWithin = fixesWithin;
    if (closestIndex < 0) return;
    out.closestM = closestM;
    out.closestAt = this.#pair.track.at[closestIndex] as number;
  }

  /** How strongly what was looked at last rules the wearer out: the place was out of reach, or it is not plausible; null where neither. */
  #excludes(edges: number): number | null {
    const survey = this.#survey;
    const { first, last } = this.#pair;
    if (!survey.reachable) return verdictCode.impossible;
    if (first === last || edges !== 0 || survey.openGapS > 0) return null;
    return this.#bound() < this.#parameters.excludedProbability ? verdictCode.notPlausible : null;
  }

  /** Upper bound on P(there at some moment) of the pair at hand, from all gaps and from a receiver that is held off. */
  #bound(): number {
    const { nearestM, closestM, boundSum } = this.#survey;
    const { track, first, last, reach, windowS } = this.#pair;
    const spanS = Math.max(windowS, ((track.at[last] as number) - (track.at[first] as number)) / 1000);
    return boundSum + this.#burst(Math.min(nearestM, closestM - reach), spanS);
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

  /** The likely set: the easy yes, then draws for the doubtful rest. */
  #reckon(out: Judgement, roughly: boolean): void {
    const { presentProbability, presentByWayProbability, excludedProbability } = this.#parameters;
    const byFixes = out.fixesWithin > 0 || this.#longestActiveS() <= quietGapS;
    const presentFrom = byFixes ? presentProbability : presentByWayProbability;
    const pair = this.#pair;
    const survey = this.#survey;
    const { at } = pair.track;
    const { low, high, first, last } = pair;
    const openEdge = (out.reasons & (reasonBit.beforeFirstFix | reasonBit.afterLastFix)) !== 0;
    if (survey.chanceSum < worthDrawing && !openEdge && last > first) {
      out.pWindow = Math.min(1, survey.chanceSum);
      out.pMoment = Math.min(out.pWindow, this.#shareActive() * out.pWindow);
    } else {
      let p = this.#bestFix(low, high);
      if (pair.windowS > 0 && p < nearlyCertain)
        p = Math.max(p, this.#ways.draw(pair, survey, low === 0, high === at.length, roughly ? null : presentFrom));
      // Who was hardly there at any moment was hardly there at that one.
      if (pair.windowS > 0 && p < hardlyThere) out.pMoment = Math.min(p, this.#shareActive() * p);
      else if (!roughly || pair.windowS === 0) out.pMoment = this.#atMoment(first, last);
      out.pWindow = Math.max(p, out.pMoment || 0);
    }
    // What is drawn never says more than what bounds it.
    if (!openEdge && last > first) out.pWindow = Math.min(out.pWindow, Math.max(excludedProbability, this.#bound()));
    // Within moments of two places at once, neither is one.
    const isDoubtful = (out.reasons & reasonBit.contradicted) !== 0 && pair.windowS <= momentsS;
    // Many small chances are no presence: a fix must reach the place, or the line between two.
    const isOnTheWay = out.fixesWithin > 0 || survey.nearestM <= 0;
    if (out.pWindow >= presentFrom && isOnTheWay && !isDoubtful) {
      out.verdict = verdictCode.present;
      const kept = out.reasons & besides;
      out.reasons = kept | (out.fixesWithin > 0 ? reasonBit.fixesWithin : reasonBit.wayLeadsBy);
      return;
    }
    this.#explainUnknown(low === high, out);
  }

  /** Longest gap in which the wearer may have come within reach, seconds. */
  #longestActiveS(): number {
    let longest = 0;
    for (let i = 0; i < this.#survey.activeCount; i++) {
      const k = this.#survey.active[i] as number;
      longest = Math.max(longest, this.#pair.second(k + 1) - this.#pair.second(k));
    }
    return longest;
  }

  #explainUnknown(empty: boolean, out: Judgement): void {
    if (empty) out.reasons |= reasonBit.noFixesInWindow;
    if (this.#survey.openGapS > 0) {
      out.reasons |= reasonBit.gap;
      out.gapS = this.#survey.openGapS;
    }
    if (this.#imprecise()) out.reasons |= reasonBit.imprecise;
    if (out.fixesWithin === 0 && out.pWindow >= 0.3 && this.#survey.openGapS === 0) out.reasons |= reasonBit.passingBy;
    if ((out.reasons & ~besides) === 0) out.reasons |= reasonBit.closeBy;
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

  /** Seconds of gap k that lie in the window. */
  #insideS(k: number): number {
    return Math.max(0, Math.min(this.#pair.windowS, this.#pair.second(k + 1)) - Math.max(0, this.#pair.second(k)));
  }

  /** Share of the window that lies in gaps which may come within reach. */
  #shareActive(): number {
    if (this.#pair.windowS === 0) return 1;
    let seconds = 0;
    for (let i = 0; i < this.#survey.activeCount; i++) {
      const k = this.#survey.active[i] as number;
      seconds += this.#insideS(k);
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
    // Of very many gaps, every second or third tells the mean.
    const stride = Math.ceil(this.#survey.activeCount / gapsLookedAt);
    let seconds = 0;
    let lookedAtS = 0;
    let activeS = 0;
    if (stride > 1) for (let i = 0; i < this.#survey.activeCount; i++) activeS += this.#insideS(this.#survey.active[i] as number);
    for (let i = stride >> 1; i < this.#survey.activeCount; i += stride) {
      const k = this.#survey.active[i] as number;
      const begin = Math.max(0, this.#pair.second(k));
      const length = this.#insideS(k);
      // It may lie within what the clocks add to the window, and no more.
      if (length <= 0) continue;
      lookedAtS += length;
      const chance = this.#survey.chance[i] as number;
      if (chance < negligibleChance) {
        seconds += 0.5 * length * chance;
        continue;
      }
      const moments = Math.max(1, Math.min(momentsPerGap, Math.round(length / secondsPerMoment)));
      for (let m = 0; m < moments; m++) seconds += (length / moments) * this.#withinAt(k, begin + (length * (m + 0.5)) / moments);
    }
    if (stride > 1 && lookedAtS > 0) seconds *= activeS / lookedAtS;
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

  /** P(there) at one moment of gap k: mean on the line, variance the law's there plus (1−a)²δa² + a²δb² of its ends. */
  #withinAt(k: number, moment: number): number {
    const pair = this.#pair;
    const { variance, along, across } = pair.track;
    const T = pair.second(k + 1) - pair.second(k);
    const a = (moment - pair.second(k)) / T;
    const xa = pair.likelyX(k);
    const ya = pair.likelyY(k);
    const xb = pair.likelyX(k + 1);
    const yb = pair.likelyY(k + 1);
    const x = (1 - a) * xa + a * xb;
    const y = (1 - a) * ya + a * yb;
    const ends = (1 - a) ** 2 * (variance[k] as number) + a ** 2 * (variance[k + 1] as number);
    const length = Math.sqrt((xb - xa) * (xb - xa) + (yb - ya) * (yb - ya));
    const ux = length > 0 ? (xb - xa) / length : 1;
    const uy = length > 0 ? (yb - ya) / length : 0;
    const shape = profile(a);
    let settled = 0;
    for (let i = 0; i < scales.length; i++) {
      const scale = (scales[i] as number) ** 2 * shape;
      settled +=
        (shares[i] as number) * pair.withinOval(x, y, ux, uy, scale * (along[k] as number) + ends, scale * (across[k] as number) + ends);
    }
    const roaming = roamingIn(T);
    if (roaming === 0) return settled;
    const wide = shape * roamingVariance(T) + ends;
    return (1 - roaming) * settled + roaming * pair.withinOval(x, y, ux, uy, wide, wide);
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

/** Is any of these moments, in order of time, between two others, or one of them? */
function hasBetween(moments: Float64Array, from: number, to: number): boolean {
  if (moments.length === 0) return false;
  const k = firstAtOrAfter(moments, from);
  return k < moments.length && (moments[k] as number) <= to;
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
