import { ordinaryShare, wideFactor, wideShare } from '../fix-error.ts';
import { withinDisc, withinEdge } from '../within.ts';
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
 * P(the wearer was inside), from one fix: the mixture of ordinary, wide and gross errors, each integrated over a disc for a
 * circle, over a half-plane at the nearest edge for a polygon.
 *
 * @param depth metres to the nearest edge, less than 0 outside, see `depthM`
 * @param sigma per-axis standard deviation of the fix's ordinary error, metres
 */
export function probabilityInside(area: LaidArea, depth: number, sigma: number): number {
  const gross = Math.max(wideFactor * sigma, grossSpreadM);
  return (
    ordinaryShare * within(area, depth, sigma) +
    wideShare * within(area, depth, wideFactor * sigma) +
    grossShare * within(area, depth, gross)
  );
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

function within({ radiusM }: LaidArea, depth: number, spread: number): number {
  return radiusM > 0 ? withinDisc(radiusM - depth, spread, radiusM) : withinEdge(-depth, spread, 0);
}
