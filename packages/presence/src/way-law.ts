import { withinEdge } from './ground/within.ts';

/**
 * The law of the way: where somebody may have been between two fixes.
 *
 * They leave the straight line by an amount that is normal along it and across it, with a spread of its own for each gap, times a
 * scale that is one for all gaps of a window: most keep near the line, some make a detour, a few a long one. The spreads, the scales
 * and the shape were learnt from people's dense tracks thinned to fixes a minute to an hour apart (GeoLife, Zheng et al. 2008–2010; of
 * its people only those whom `bench truth` does not report on).
 */

/** A gap's spread is multiplied by one of these, with these shares. */
export const scales = [0.35, 1, 2.6, 5.5] as const;
export const shares = [0.15, 0.25, 0.51, 0.09] as const;
const widestScale2 = scales[3] * scales[3];

/**
 * A way bends as a sum of sines: that of half a wave, of a whole one, and so on, each so much of the spread in the middle. Real ways
 * swerve slowly: deviations at a quarter and in the middle have the correlation 0.8, at a quarter and three quarters 0.55.
 */
export const bends = [0.971, 0.389, 0.238] as const;

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

/** What spreads a gap: how far its ends lie apart, metres; its length, seconds; and by how much the velocity changes over it, m/s. */
export interface GapShape {
  metres: number;
  seconds: number;
  changeAlong: number;
  changeAcross: number;
}

/** Variance of the deviation along the line in the middle of a gap, at the scale 1, m². */
export function varianceAlong({ metres, seconds, changeAlong }: GapShape): number {
  const minutes = seconds / 60;
  const rest = 3.6 * minutes ** 0.8;
  // Who goes at a few metres a second stands at lights and stops between.
  const slowness = Math.log((metres / seconds + 1e-3) / 2.3) / 1.176;
  const moving = 0.062 * metres * minutes ** 0.32 * Math.exp(-0.5 * slowness * slowness);
  const turned = (0.36 * seconds * changeAlong) / 8;
  return rest * rest + moving * moving + turned * turned;
}

/** The same across the line. */
export function varianceAcross({ metres, seconds, changeAcross }: GapShape): number {
  const minutes = seconds / 60;
  const rest = 2.4 * minutes ** 0.62;
  const moving = 0.0127 * metres * minutes ** 0.6;
  const turned = (0.4 * seconds * changeAcross) / 8;
  return rest * rest + moving * moving + turned * turned;
}

/** Of the variance in the middle, how much there is at a share `a` of the way; never less than the bends make it. */
export function profile(a: number): number {
  return 4 * a * (1 - a);
}

/** Is a gap so short that nobody gets anywhere else in it, and back? Where nothing is to be relied on, the speed around it is infinite. */
export function isQuiet(T: number, recentMps: number): boolean {
  return T <= quietGapS && recentMps < Infinity;
}

/** Chance that a gap of T seconds hides roaming about. */
export function roamingIn(T: number): number {
  return T <= quietGapS ? 0 : roamingAtMost * (1 - Math.exp((quietGapS - T) / roamingGrowthS));
}

/** Variance in the middle of a gap of T seconds in which somebody roams about, m². */
export function roamingVariance(T: number): number {
  return 0.25 * T * roamingSpread;
}

/**
 * Largest variance that a gap reaches, roaming included, m²; and so much that nothing is negligible which the wearer's own speed reaches
 * and comes back from.
 *
 * @param widest the larger of its two variances   @param ends that of its ends   @param recentMps the speed around it, m/s
 */
export function widestVariance(T: number, widest: number, ends: number, recentMps: number): number {
  const detour = widestScale2 * widest + ends;
  if (isQuiet(T, recentMps)) return detour;
  const thereAndBack = 0.5 * T * recentMps;
  return Math.max(roamingVariance(T) + ends, detour, (thereAndBack * thereAndBack) / (2 * negligibleExponent));
}

/** Square of the clearance from which a gap of this widest variance is negligible, m². */
export function negligibleFrom(widest: number): number {
  return 2 * negligibleExponent * widest;
}

/**
 * Upper bound on P(the way comes within reach).
 *
 * A Brownian bridge goes beyond a distance c anywhere with the probability exp(−c²/2σ²), σ² being its variance in the middle (the
 * reflection principle). Ways of this law have the same variance there and fewer wiggles, so they do so less often.
 *
 * @param clear least distance from the line to the edge of the reach, metres
 * @param a1,a2 the part of the gap inside the window, 0..1
 * @param widest the larger of its variances along and across, m²   @param ends variance of its ends, m²
 */
export function wayBound(clear: number, a1: number, a2: number, T: number, widest: number, ends: number): number {
  if (clear <= 0) return 1;
  const middle = widestPoint(a1, a2);
  const c2 = clear * clear;
  let bound = 0;
  for (let i = 0; i < scales.length; i++) {
    const scale = scales[i] as number;
    bound += (shares[i] as number) * Math.exp(-c2 / (2 * (middle * widest * scale * scale + ends)));
  }
  if (T > quietGapS) bound += roamingIn(T) * Math.exp(-c2 / (2 * (middle * roamingVariance(T) + ends)));
  return Math.min(1, bound);
}

/** P(the way bends within reach) for one gap by itself, at its widest. */
export function wayChance(clear: number, a1: number, a2: number, T: number, widest: number, ends: number): number {
  const middle = widestPoint(a1, a2);
  let settled = 0;
  for (let i = 0; i < scales.length; i++) {
    const scale = scales[i] as number;
    settled += (shares[i] as number) * withinEdge(clear, Math.sqrt(middle * widest * scale * scale + ends), 0);
  }
  const roaming = roamingIn(T);
  return roaming === 0 ? settled : (1 - roaming) * settled + roaming * withinEdge(clear, Math.sqrt(middle * roamingVariance(T) + ends), 0);
}

/** Greatest profile over the part of the gap from a1 to a2. */
function widestPoint(a1: number, a2: number): number {
  return a1 > 0.5 ? profile(a1) : a2 < 0.5 ? profile(a2) : 1;
}
