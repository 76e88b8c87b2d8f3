import { withinEdge } from './ground/within.ts';

/**
 * What may have gone on in one gap between fixes: a Brownian bridge (Horne et al. 2007) with a spread of its own, and with
 * some chance, the longer the gap the more, one that roams about.
 */

/** Spread of somebody who is out and about, m²/s; used where a gap hides what went on. */
export const roamingSpread = 250;
/** Longer gaps than this may hide a detour even if both ends are at rest, in seconds. */
export const quietGapS = 120;
/**
 * Chance that a gap longer than `quietGapS` hides roaming about: it grows with the gap to a fifth, within about two hours.
 * Most gaps are walls and flat batteries, not journeys.
 */
const roamingAtMost = 0.2;
const roamingGrowthS = 7200;
/** A gap whose bound is below this adds nothing that a verdict could turn on. */
export const negligible = 1e-7;
const negligibleExponent = -Math.log(negligible / (1 + roamingAtMost));

/** Chance that a gap of T seconds hides roaming about. */
export function roamingIn(T: number): number {
  return T <= quietGapS ? 0 : roamingAtMost * (1 - Math.exp((quietGapS - T) / roamingGrowthS));
}

/** Largest variance that the bridge of a gap reaches, roaming included, m². `ends` is the variance of its ends. */
export function widestVariance(T: number, spread: number, ends: number): number {
  return 0.25 * T * (T > quietGapS ? Math.max(roamingSpread, spread) : spread) + ends;
}

/** Square of the clearance from which a gap of this widest variance is negligible, m². */
export function negligibleFrom(widest: number): number {
  return 2 * negligibleExponent * widest;
}

/**
 * Upper bound on P(the bridge comes within reach): a bridge with spread v over T seconds leaves its line by more than D
 * with probability exp(−2D²/(vT)) (the supremum of a Brownian bridge); ends add their own variance.
 *
 * @param clear least distance from the line to the edge of the reach, metres
 * @param a1,a2 the part of the gap inside the window, 0..1
 */
export function bridgeBound(clear: number, a1: number, a2: number, T: number, spread: number, ends: number): number {
  if (clear <= 0) return 1;
  const middle = widestPoint(a1, a2);
  const bound = Math.exp((-clear * clear) / (2 * (middle * T * spread + ends)));
  if (T <= quietGapS) return bound;
  const roaming = Math.exp((-clear * clear) / (2 * (middle * T * roamingSpread + ends)));
  return Math.min(1, bound + roamingIn(T) * roaming);
}

/** P(the way bends within reach) for one gap by itself: Φ(−D/s) at its widest. */
export function bridgeChance(clear: number, a1: number, a2: number, T: number, spread: number, ends: number): number {
  const middle = widestPoint(a1, a2);
  const settled = withinEdge(clear, Math.sqrt(middle * T * spread + ends), 0);
  const roaming = roamingIn(T);
  return roaming === 0 ? settled : (1 - roaming) * settled + roaming * withinEdge(clear, Math.sqrt(middle * T * roamingSpread + ends), 0);
}

/** Greatest a(1−a) over the part of the gap from a1 to a2. */
function widestPoint(a1: number, a2: number): number {
  return a1 > 0.5 ? a1 * (1 - a1) : a2 < 0.5 ? a2 * (1 - a2) : 0.25;
}
