import { roamingIn, roamingSpread } from './bridge.ts';
import { alongSegment, distanceToPlace } from './ground/place.ts';
import { normalAt } from './normals.ts';
import type { Pair } from './pair.ts';
import type { Survey } from './survey.ts';

/** Draws per doubtful pair; the standard error of a probability near 0.9 is about 4 %. Clear cases stop at the first few. */
const draws = 64;
const firstDraws = 16;
/** A gap with less chance than this by itself is not drawn; its chance is added. */
const worthDrawingAlone = 1e-3;
/** Shares of a way at which it is looked at, besides its nearest point, and √(a(1−a)) there. */
const looks = [0.2, 0.4, 0.6, 0.8] as const;
const bends = looks.map((a) => Math.sqrt(a * (1 - a)));

/** What is the same for every draw of one gap, `gapStride` numbers each. */
const gapStride = 12;
const gapX = 0;
const gapY = 1;
const nextX = 2;
const nextY = 3;
const ownSpread = 4;
const nextSpread = 5;
const seconds = 6;
const bridge = 7;
const roamingShare = 8;
/** Correlation of the errors of its two fixes, and of its first fix with the last one of the gap drawn before. */
const sharedWithin = 9;
const sharedBefore = 10;
const beginsAt = 11;

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
  /** The stretch of way at hand: where it begins and ends, and the variance of its bend. */
  readonly #way = new Float64Array(5);

  /** @param openStart,openEnd whether the window runs on before the first and after the last fix of the track */
  draw(pair: Pair, survey: Survey, openStart: boolean, openEnd: boolean): number {
    this.#pair = pair;
    const startS = openStart ? Math.max(0, pair.second(pair.first)) : 0;
    const endS = openEnd ? Math.max(0, pair.windowS - pair.second(pair.last)) : 0;
    const rest = this.#layOut(survey);
    let touched = 0;
    let drawn = 0;
    while (drawn < draws) {
      if (this.#wayTouches(drawn++, startS, endS)) touched++;
      if (drawn === firstDraws && (touched === 0 || touched === drawn)) break;
      // Far from the threshold a rougher figure does.
      if (drawn === draws / 2 && touched < drawn * 0.7) break;
    }
    // A tenth of a draw either way, so that a clear case is not called certain.
    const p = (touched + 0.1) / (drawn + 0.2);
    return Math.min(1, 1 - (1 - p) * (1 - rest));
  }

  /** Lays out the gaps worth drawing; the chances of the others are added up and returned. */
  #layOut({ active, activeCount, chance }: Survey): number {
    const pair = this.#pair;
    const { variance, spread, shared } = pair.track;
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
      const offset = gapStride * this.#count++;
      const T = pair.second(k + 1) - pair.second(k);
      gaps[offset + gapX] = pair.likelyX(k);
      gaps[offset + gapY] = pair.likelyY(k);
      gaps[offset + nextX] = pair.likelyX(k + 1);
      gaps[offset + nextY] = pair.likelyY(k + 1);
      gaps[offset + ownSpread] = Math.sqrt(variance[k] as number);
      gaps[offset + nextSpread] = Math.sqrt(variance[k + 1] as number);
      gaps[offset + seconds] = T;
      gaps[offset + bridge] = spread[k] as number;
      gaps[offset + roamingShare] = roamingIn(T);
      gaps[offset + sharedWithin] = shared[k] as number;
      gaps[offset + sharedBefore] = reached < 0 ? 1 : this.#sharedBetween(reached, k);
      gaps[offset + beginsAt] = pair.second(k);
      reached = k + 1;
    }
    return rest;
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
    for (let i = 0; i < this.#count; i++) {
      // Neighbours share part of their error.
      const before = gaps[gapStride * i + sharedBefore] as number;
      if (before !== 1) {
        const fresh = Math.sqrt(1 - before * before);
        errors[0] = before * (errors[0] as number) + fresh * normalAt(draw, 8 * i + 3);
        errors[1] = before * (errors[1] as number) + fresh * normalAt(draw, 8 * i + 4);
      }
      const kept = gaps[gapStride * i + sharedWithin] as number;
      const fresh = Math.sqrt(1 - kept * kept);
      errors[2] = kept * (errors[0] as number) + fresh * normalAt(draw, 8 * i + 5);
      errors[3] = kept * (errors[1] as number) + fresh * normalAt(draw, 8 * i + 6);
      if (this.#touches(i, draw)) return true;
      errors[0] = errors[2] as number;
      errors[1] = errors[3] as number;
    }
    return endS > 0 && this.#touchesBeyond(this.#pair.last, endS, draw, 9);
  }

  /** Does one drawn way over gap i come within reach during the window? */
  #touches(i: number, draw: number): boolean {
    const gaps = this.#gaps;
    const errors = this.#errors;
    const way = this.#way;
    const offset = gapStride * i;
    const { windowS } = this.#pair;
    // Draws are split by rank, so that the share of roaming ones is exact.
    const rank = draw * 0.618033988749895 + i * 0.137;
    const roams = rank - Math.floor(rank) < (gaps[offset + roamingShare] as number);
    const v = roams ? roamingSpread : (gaps[offset + bridge] as number);
    const sa = gaps[offset + ownSpread] as number;
    const sb = gaps[offset + nextSpread] as number;
    const T = gaps[offset + seconds] as number;
    const ta = gaps[offset + beginsAt] as number;
    const tb = ta + T;
    let xa = (gaps[offset + gapX] as number) + sa * (errors[0] as number);
    let ya = (gaps[offset + gapY] as number) + sa * (errors[1] as number);
    let xb = (gaps[offset + nextX] as number) + sb * (errors[2] as number);
    let yb = (gaps[offset + nextY] as number) + sb * (errors[3] as number);
    let left = T;
    if (ta < 0) {
      const a = Math.min(1, -ta / T);
      const s = Math.sqrt(v * T * a * (1 - a));
      xa += a * (xb - xa) + s * normalAt(draw + 1000, 8 * i);
      ya += a * (yb - ya) + s * normalAt(draw + 1000, 8 * i + 1);
      left *= 1 - a;
    }
    if (tb > windowS && left > 0) {
      const a = Math.max(0, 1 - (tb - windowS) / left);
      const s = Math.sqrt(Math.max(0, v * left * a * (1 - a)));
      xb = xa + a * (xb - xa) + s * normalAt(draw + 2000, 8 * i);
      yb = ya + a * (yb - ya) + s * normalAt(draw + 2000, 8 * i + 1);
      left *= a;
    }
    way[0] = xa;
    way[1] = ya;
    way[2] = xb;
    way[3] = yb;
    way[4] = v * left;
    return this.#bentWayTouches(draw + 3000, 8 * i);
  }

  /** Does a way that runs on past the first or last fix come within reach? */
  #touchesBeyond(k: number, length: number, draw: number, index: number): boolean {
    const errors = this.#errors;
    const way = this.#way;
    const s = Math.sqrt(this.#pair.track.variance[k] as number);
    const step = Math.sqrt(roamingSpread * length);
    way[0] = this.#pair.likelyX(k) + s * (errors[0] as number);
    way[1] = this.#pair.likelyY(k) + s * (errors[1] as number);
    way[2] = (way[0] as number) + step * normalAt(draw + 4000, index);
    way[3] = (way[1] as number) + step * normalAt(draw + 4000, index + 1);
    way[4] = 0;
    return this.#bentWayTouches(0, 0);
  }

  /**
   * Does the drawn way at hand, between its known ends, come within reach? `stream` and `index` choose its bend.
   *
   * The way bends once: its deviation from the line is z·√(vT·a(1−a)) with the same z all along. At each moment that is
   * the bridge's own distribution, without the endless small wiggles of a Brownian path, which no walker makes.
   */
  #bentWayTouches(stream: number, index: number): boolean {
    const { place, reach } = this.#pair;
    const way = this.#way;
    const xa = way[0] as number;
    const ya = way[1] as number;
    const xb = way[2] as number;
    const yb = way[3] as number;
    const s = Math.sqrt(way[4] as number);
    const zx = normalAt(stream, index);
    const zy = normalAt(stream, index + 1);
    const dx = xb - xa;
    const dy = yb - ya;
    let nearest = 0.5;
    if (place.edges.length === 0) {
      nearest = alongSegment(0, 0, xa, ya, xb, yb);
      // No point of the way is farther from the line than its widest bend.
      const x = xa + nearest * dx;
      const y = ya + nearest * dy;
      const farthest = reach + 0.5 * s * Math.sqrt(zx * zx + zy * zy);
      if (x * x + y * y > farthest * farthest) return false;
    }
    if (distanceToPlace(place, xa, ya) <= reach || distanceToPlace(place, xb, yb) <= reach) return true;
    const bend = s * Math.sqrt(nearest * (1 - nearest));
    if (distanceToPlace(place, xa + nearest * dx + bend * zx, ya + nearest * dy + bend * zy) <= reach) return true;
    for (let i = 0; i < looks.length; i++) {
      const a = looks[i] as number;
      const b = s * (bends[i] as number);
      if (distanceToPlace(place, xa + a * dx + b * zx, ya + a * dy + b * zy) <= reach) return true;
    }
    return false;
  }
}
