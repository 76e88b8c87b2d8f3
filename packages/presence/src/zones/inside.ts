import { ordinaryShare, wideFactor, wideShare } from '../ground/fix-error.ts';
import { withinDisc, withinEdge } from '../ground/within.ts';
import type { LaidArea } from './area.ts';

/**
 * Per-axis spread of a lone fix that is grossly off, metres. Receivers have put single fixes several hundred metres out while
 * claiming a few; so one fix alone is proof only beyond about 1.3 times this.
 */
export const grossSpreadM = 400;
const grossShare = 1 - ordinaryShare - wideShare;

/** Beyond this many metres outside an area, P(inside) is below 0.001 for any fix of at most this spread. */
export function certainlyOutsideM(sigma: number): number {
  return Math.max(1.3 * grossSpreadM, 4.5 * wideFactor * sigma);
}

/**
 * P(the wearer was inside), from one fix, at the least and at the most: the mixture of ordinary, wide and gross errors, each
 * integrated over the area itself (a disc for a circle) at the least, and over the half-plane at the nearest edge at the most.
 *
 * The most is what speaks against being outside: a fix whose error is larger than the area says little of which side of the
 * edge somebody was on, however small the area is. For a polygon both are the half-plane's.
 *
 * @param depth metres to the nearest edge, less than 0 outside, see `depthM`
 * @param sigma per-axis standard deviation of the fix's ordinary error, metres
 */
export function probabilityInside({ radiusM }: LaidArea, depth: number, sigma: number): { least: number; most: number } {
  const most = mixture(sigma, (spread) => withinEdge(-depth, spread, 0));
  if (radiusM === 0 || depth < 0) return { least: radiusM === 0 ? most : 0, most };
  return { least: mixture(sigma, (spread) => withinDisc(radiusM - depth, spread, radiusM)), most };
}

function mixture(sigma: number, within: (spread: number) => number): number {
  const gross = Math.max(wideFactor * sigma, grossSpreadM);
  return ordinaryShare * within(sigma) + wideShare * within(wideFactor * sigma) + grossShare * within(gross);
}

/**
 * How many of its own spreads a fix must lie from any edge, so that P(its side) is at least `likely` whatever the shape: the
 * circle around it that the edge leaves clear holds Σ share·(1 − exp(−d²/2s²)) of the error.
 */
export function plainlyFrom(likely: number): number {
  const held = (d: number) => ordinaryShare * (1 - Math.exp((-d * d) / 2)) + wideShare * (1 - Math.exp((-d * d) / (2 * wideFactor ** 2)));
  let spreads = 0;
  while (held(spreads) < likely && spreads < 100) spreads += 0.25;
  return spreads;
}
