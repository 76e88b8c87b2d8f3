import { alongSegment, distanceToPlace } from './ground/place.ts';
import { withinEdge } from './ground/within.ts';
import { normalAt } from './normals.ts';
import type { Pair } from './pair.ts';
import { widestOf } from './prepared-track.ts';
import type { Survey } from './survey.ts';
import { bends, roamingIn, roamingSpread, roamingVariance, scales, shares } from './way-law.ts';

/**
 * Ways drawn for a doubtful pair: at least so many, and more until the error of the answer is small. Where the answer is near a
 * threshold, as many as there may be.
 */
const drawsTogether = 32;
const drawsAtMost = 256;
/** Standard error that is small enough where no threshold is near. */
const smallError = 0.05;
/** What the survey reckons of the gaps one by one counts as so many draws: none that touched is not proof that none would. */
const priorDraws = 2;
/** A gap with less chance than this by itself is not drawn; its chance is added. */
const worthDrawingAlone = 2e-3;
/** A whole gap is looked at as so many straight stretches. */
const stretches = 6;

/** What is the same for every draw of one gap, `gapStride` numbers each. */
const gapStride = 15;
const gapX = 0;
const gapY = 1;
const nextX = 2;
const nextY = 3;
const ownSpread = 4;
const nextSpread = 5;
const spreadAlong = 6;
const spreadAcross = 7;
const roamingShare = 8;
/** Correlation of the errors of its two fixes, and of its first fix with the last one of the gap drawn before. */
const sharedWithin = 9;
const sharedBefore = 10;
/** The part of the gap inside the window, 0..1. */
const partFrom = 11;
const partTo = 12;
const roamingWidth = 13;
/** The least of the scales at which the way may come within reach. */
const leastScale = 14;

/** sin(jπa) for each bend at the ends of the stretches of a whole gap. */
const sines = Array.from({ length: stretches + 1 }, (_, n) => bends.map((bend, j) => bend * Math.sin(((j + 1) * Math.PI * n) / stretches)));

/**
 * P(within reach at some moment), by drawing ways through the whole window from a fixed table of numbers.
 */
export class Ways {
  #pair!: Pair;
  #gaps = new Float64Array(gapStride * 64);
  #count = 0;
  /**
   * Errors of two fixes as standard normals, x and y each: of the one reached last, and of the next. In an array of their own
   * because numbers that are handed from method to method one by one each cost memory, millions of times.
   */
  readonly #errors = new Float64Array(4);
  /** The bends of the way at hand, along and across. */
  readonly #bends = new Float64Array(2 * bends.length);

  /**
   * @param openStart,openEnd whether the window runs on before the first and after the last fix of the track
   * @param threshold probability at which the verdict turns; null where a rough figure does
   */
  draw(pair: Pair, survey: Survey, openStart: boolean, openEnd: boolean, threshold: number | null): number {
    this.#pair = pair;
    const startS = openStart ? Math.max(0, pair.second(pair.first)) : 0;
    const endS = openEnd ? Math.max(0, pair.windowS - pair.second(pair.last)) : 0;
    const rest = this.#layOut(survey);
    const prior = Math.min(1, survey.chanceSum);
    let touched = 0;
    let drawn = 0;
    for (;;) {
      for (const next = drawn + drawsTogether; drawn < next; drawn++) if (this.#wayTouches(drawn, startS, endS)) touched++;
      const p = (touched + priorDraws * prior) / (drawn + priorDraws);
      const error = Math.sqrt((p * (1 - p)) / drawn);
      const isNear = threshold !== null && Math.abs(p - threshold) < 3 * error;
      if (threshold === null || drawn >= drawsAtMost || (error <= smallError && !isNear)) return Math.min(1, 1 - (1 - p) * (1 - rest));
    }
  }

  /** Lays out the gaps worth drawing; the chances of the others are added up and returned. */
  #layOut({ active, activeCount, chance, clear }: Survey): number {
    const pair = this.#pair;
    const { variance, along, across, shared } = pair.track;
    if (this.#gaps.length < gapStride * activeCount) this.#gaps = new Float64Array(2 * gapStride * activeCount);
    const gaps = this.#gaps;
    let rest = 0;
    let reached = -1;
    this.#count = 0;
    for (let i = 0; i < activeCount; i++) {
      if ((chance[i] as number) < worthDrawingAlone) {
        rest += chance[i] as number;
        continue;
      }
      const k = active[i] as number;
      const T = pair.second(k + 1) - pair.second(k);
      // It may lie within what the clocks add to the window, and no more.
      if (pair.second(k + 1) < 0 || pair.second(k) > pair.windowS) continue;
      const offset = gapStride * this.#count++;
      gaps[offset + gapX] = pair.likelyX(k);
      gaps[offset + gapY] = pair.likelyY(k);
      gaps[offset + nextX] = pair.likelyX(k + 1);
      gaps[offset + nextY] = pair.likelyY(k + 1);
      gaps[offset + ownSpread] = Math.sqrt(variance[k] as number);
      gaps[offset + nextSpread] = Math.sqrt(variance[k + 1] as number);
      gaps[offset + spreadAlong] = Math.sqrt(along[k] as number);
      gaps[offset + spreadAcross] = Math.sqrt(across[k] as number);
      gaps[offset + roamingShare] = roamingIn(T);
      gaps[offset + roamingWidth] = Math.sqrt(roamingVariance(T));
      gaps[offset + sharedWithin] = shared[k] as number;
      gaps[offset + sharedBefore] = reached < 0 ? 1 : this.#sharedBetween(reached, k);
      gaps[offset + partFrom] = Math.max(0, -pair.second(k) / T);
      gaps[offset + partTo] = Math.min(1, (pair.windowS - pair.second(k)) / T);
      const ends = Math.max(variance[k] as number, variance[k + 1] as number);
      rest += this.#prune(offset, clear[i] as number, widestOf(pair.track, k), ends);
      reached = k + 1;
    }
    return rest;
  }

  /** Finds the least scale at which a gap is worth drawing; the chances of smaller ones, and of roaming if that is small, are given. */
  #prune(offset: number, clear: number, widest: number, ends: number): number {
    const gaps = this.#gaps;
    const chanceOf = (share: number, variance: number) => share * withinEdge(clear, Math.sqrt(variance + ends), 0);
    let rest = 0;
    let which = 0;
    for (; which < scales.length; which++) {
      const chance = chanceOf(shares[which] as number, widest * (scales[which] as number) ** 2);
      if (chance >= worthDrawingAlone) break;
      rest += chance;
    }
    gaps[offset + leastScale] = which;
    const roaming = chanceOf(gaps[offset + roamingShare] as number, (gaps[offset + roamingWidth] as number) ** 2);
    if (roaming >= worthDrawingAlone) return rest;
    gaps[offset + roamingWidth] = -1;
    return rest + roaming;
  }

  /** Correlation of the errors of two fixes some gaps apart. */
  #sharedBetween(from: number, to: number): number {
    let kept = 1;
    for (let k = from; k < to && kept > 1e-3; k++) kept *= this.#pair.track.shared[k] as number;
    return kept;
  }

  #wayTouches(draw: number, startS: number, endS: number): boolean {
    const gaps = this.#gaps;
    const errors = this.#errors;
    errors[0] = normalAt(draw, 1);
    errors[1] = normalAt(draw, 2);
    if (startS > 0 && this.#touchesBeyond(this.#pair.first, startS, draw, 7)) return true;
    let shared = 1;
    for (let i = 0; i < this.#count; i++) {
      const farthest = this.#drawBends(i, draw);
      shared *= gaps[gapStride * i + sharedBefore] as number;
      if (farthest < 0) {
        shared *= gaps[gapStride * i + sharedWithin] as number;
        continue;
      }
      // Neighbours share part of their error.
      const before = shared;
      shared = 1;
      if (before !== 1) {
        const fresh = Math.sqrt(1 - before * before);
        errors[0] = before * (errors[0] as number) + fresh * normalAt(draw, 8 * i + 3);
        errors[1] = before * (errors[1] as number) + fresh * normalAt(draw, 8 * i + 4);
      }
      const kept = gaps[gapStride * i + sharedWithin] as number;
      const fresh = Math.sqrt(1 - kept * kept);
      errors[2] = kept * (errors[0] as number) + fresh * normalAt(draw, 8 * i + 5);
      errors[3] = kept * (errors[1] as number) + fresh * normalAt(draw, 8 * i + 6);
      if (this.#touches(i, farthest)) return true;
      errors[0] = errors[2] as number;
      errors[1] = errors[3] as number;
    }
    return endS > 0 && this.#touchesBeyond(this.#pair.last, endS, draw, 9);
  }

  /** Does the way that was drawn over gap i come within reach during the window? It is nowhere farther from its line than `farthest`. */
  #touches(i: number, farthest: number): boolean {
    const gaps = this.#gaps;
    const errors = this.#errors;
    const offset = gapStride * i;
    const sa = gaps[offset + ownSpread] as number;
    const sb = gaps[offset + nextSpread] as number;
    const xa = (gaps[offset + gapX] as number) + sa * (errors[0] as number);
    const ya = (gaps[offset + gapY] as number) + sa * (errors[1] as number);
    const dx = (gaps[offset + nextX] as number) + sb * (errors[2] as number) - xa;
    const dy = (gaps[offset + nextY] as number) + sb * (errors[3] as number) - ya;
    const from = gaps[offset + partFrom] as number;
    const to = gaps[offset + partTo] as number;
    const { place, reach } = this.#pair;
    if (place.edges.length === 0) {
      // No point of the way is farther from the line than its bends together.
      const share = Math.min(to, Math.max(from, alongSegment(0, 0, xa, ya, xa + dx, ya + dy)));
      const x = xa + share * dx;
      const y = ya + share * dy;
      if (x * x + y * y > (reach + farthest) ** 2) return false;
    }
    const length = Math.sqrt(dx * dx + dy * dy);
    const ux = length > 0 ? dx / length : 1;
    const uy = length > 0 ? dy / length : 0;
    const isWhole = from === 0 && to === 1;
    const count = isWhole ? stretches : Math.max(1, Math.ceil(stretches * (to - from)));
    let x0 = 0;
    let y0 = 0;
    for (let n = 0; n <= count; n++) {
      const a = from + ((to - from) * n) / count;
      const along = this.#bentBy(0, a, isWhole ? n : -1);
      const across = this.#bentBy(bends.length, a, isWhole ? n : -1);
      const x = xa + a * dx + along * ux - across * uy;
      const y = ya + a * dy + along * uy + across * ux;
      if (n === 0 ? distanceToPlace(place, x, y) <= reach : this.#touchesBetween(x0, y0, x, y)) return true;
      x0 = x;
      y0 = y;
    }
    return false;
  }

  /**
   * Draws how the way over gap i bends; gives a distance from its line that it nowhere exceeds, metres, or −1 where no bends of the scale
   * that was drawn could come within reach.
   */
  #drawBends(i: number, draw: number): number {
    const gaps = this.#gaps;
    const offset = gapStride * i;
    // Draws are split by rank, so that the shares are exact; by the same for all gaps, for whoever keeps to the line keeps to it.
    const turn = draw * 0.618033988749895;
    let rank = turn - Math.floor(turn);
    const roams = gaps[offset + roamingShare] as number;
    let along = gaps[offset + roamingWidth] as number;
    let across = along;
    if (rank < roams) {
      if (along < 0) return -1;
    } else {
      rank = (rank - roams) / (1 - roams);
      let which = 0;
      while (which < scales.length - 1 && rank >= (shares[which] as number)) rank -= shares[which++] as number;
      if (which < (gaps[offset + leastScale] as number)) return -1;
      along = (scales[which] as number) * (gaps[offset + spreadAlong] as number);
      across = (scales[which] as number) * (gaps[offset + spreadAcross] as number);
    }
    let mostAlong = 0;
    let mostAcross = 0;
    for (let j = 0; j < bends.length; j++) {
      const own = along * normalAt(draw + 1000 * (j + 1), 8 * i);
      const other = across * normalAt(draw + 1000 * (j + 1), 8 * i + 1);
      this.#bends[j] = own;
      this.#bends[bends.length + j] = other;
      mostAlong += Math.abs(own) * (bends[j] as number);
      mostAcross += Math.abs(other) * (bends[j] as number);
    }
    return Math.sqrt(mostAlong * mostAlong + mostAcross * mostAcross);
  }

  /** How far the way at hand is bent at a share `a` of it, from the bends at `first` on; `n` where that is the end of a stretch, or −1. */
  #bentBy(first: number, a: number, n: number): number {
    let sum = 0;
    if (n >= 0) {
      const known = sines[n] as number[];
      for (let j = 0; j < bends.length; j++) sum += (known[j] as number) * (this.#bends[first + j] as number);
    } else
      for (let j = 0; j < bends.length; j++)
        sum += (bends[j] as number) * Math.sin((j + 1) * Math.PI * a) * (this.#bends[first + j] as number);
    return sum;
  }

  /** Does the straight stretch between two points, of which the first is known to be out of reach, come within it? */
  #touchesBetween(x0: number, y0: number, x1: number, y1: number): boolean {
    const { place, reach } = this.#pair;
    if (place.edges.length === 0) {
      const share = alongSegment(0, 0, x0, y0, x1, y1);
      const x = x0 + share * (x1 - x0);
      const y = y0 + share * (y1 - y0);
      return x * x + y * y <= reach * reach;
    }
    const steps = Math.min(8, 1 + Math.floor(Math.hypot(x1 - x0, y1 - y0) / Math.max(1, reach)));
    for (let n = 1; n <= steps; n++)
      if (distanceToPlace(place, x0 + ((x1 - x0) * n) / steps, y0 + ((y1 - y0) * n) / steps) <= reach) return true;
    return false;
  }

  /** Does a way that runs on past the first or last fix come within reach? */
  #touchesBeyond(k: number, length: number, draw: number, index: number): boolean {
    const { place, reach } = this.#pair;
    const errors = this.#errors;
    const s = Math.sqrt(this.#pair.track.variance[k] as number);
    const step = Math.sqrt(roamingSpread * length);
    const x = this.#pair.likelyX(k) + s * (errors[0] as number);
    const y = this.#pair.likelyY(k) + s * (errors[1] as number);
    if (distanceToPlace(place, x, y) <= reach) return true;
    return this.#touchesBetween(x, y, x + step * normalAt(draw + 9000, index), y + step * normalAt(draw + 9000, index + 1));
  }
}
