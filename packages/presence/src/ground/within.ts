/**
 * P(distance to the place ≤ reach) for a position that is normal around a mean.
 */

// Gauss–Legendre nodes and weights of order 12 on [−1, 1] (Abramowitz & Stegun, table 25.4); symmetric.
const nodes = [0.1252334085114689, 0.3678314989981802, 0.5873179542866175, 0.7699026741943047, 0.9041172563704749, 0.9815606342467192];
const weights = [0.2491470458134028, 0.2334925365383548, 0.2031674267230659, 0.1600783285433462, 0.1069393259953184, 0.0471753363865118];

/** Beyond this many standard deviations a probability is taken as 0 or 1 (3·10⁻⁶). */
const certainty = 4.5;
/** Where many are summed, less does: 2·10⁻⁴. */
const farCertainty = 3.5;
/** A disc this many times wider than the doubt has, for the doubt, a straight edge; the error is below a fiftieth. */
const straightFrom = 12;

/**
 * For a point: the circular normal's mass in a disc, integrated along the line from mean to centre:
 * ∫ φ((x−d)/s)/s · erf(√(R²−x²)/(s√2)) dx over [−R, R].
 *
 * @param d distance of the mean from the centre, metres   @param s per-axis standard deviation, metres
 * @param reach radius of the disc, metres
 */
export function withinDisc(d: number, s: number, reach: number): number {
  if (d - reach > certainty * s) return 0;
  if (reach - d > certainty * s) return 1;
  if (reach > straightFrom * s) return withinEdge(d, s, reach);
  const low = Math.max(-reach, d - certainty * s);
  const high = Math.min(reach, d + certainty * s);
  const half = (high - low) / 2;
  const middle = (high + low) / 2;
  let sum = 0;
  for (let i = 0; i < nodes.length; i++) {
    const offset = half * (nodes[i] as number);
    sum += (weights[i] as number) * (sliceOfDisc(middle + offset, d, s, reach) + sliceOfDisc(middle - offset, d, s, reach));
  }
  return Math.min(1, sum * half);
}

function sliceOfDisc(x: number, d: number, s: number, reach: number): number {
  const z = (x - d) / s;
  const chord = Math.sqrt(Math.max(0, reach * reach - x * x));
  return (Math.exp(-0.5 * z * z) / (s * 2.5066282746310002)) * errorFunction(chord / (s * Math.SQRT2));
}

/**
 * The same with two spreads, on axes of its own: ∫ φ((y−my)/sy)/sy · P(|x| ≤ √(R²−y²)) dy.
 *
 * @param mx,my the mean from the centre, metres   @param sx,sy standard deviation on each axis, metres
 */
export function withinOval(mx: number, my: number, sx: number, sy: number, reach: number): number {
  if (Math.abs(mx) - reach > certainty * sx || Math.abs(my) - reach > certainty * sy) return 0;
  const d = Math.sqrt(mx * mx + my * my);
  const widest = sx > sy ? sx : sy;
  if (reach - d > certainty * widest) return 1;
  if (d - reach > farCertainty * widest) return 0;
  if (reach > straightFrom * widest) {
    // Towards the centre, as far as that is one direction.
    const c2 = d > 0 ? (mx / d) ** 2 : 0.5;
    return withinEdge(d, Math.sqrt(c2 * sx * sx + (1 - c2) * sy * sy), reach);
  }
  // Along the axis that spreads less, the density is the sharper one to be summed.
  if (sy > sx) return withinOval(my, mx, sy, sx, reach);
  const low = Math.max(-reach, my - certainty * sy);
  const high = Math.min(reach, my + certainty * sy);
  const half = (high - low) / 2;
  const middle = (high + low) / 2;
  let sum = 0;
  for (let i = 0; i < nodes.length; i++) {
    const offset = half * (nodes[i] as number);
    sum +=
      (weights[i] as number) * (sliceOfOval(middle + offset, mx, my, sx, sy, reach) + sliceOfOval(middle - offset, mx, my, sx, sy, reach));
  }
  return Math.min(1, sum * half);
}

function sliceOfOval(y: number, mx: number, my: number, sx: number, sy: number, reach: number): number {
  const z = (y - my) / sy;
  const chord = Math.sqrt(Math.max(0, reach * reach - y * y));
  const inside = 0.5 * (errorFunction((chord - mx) / (sx * Math.SQRT2)) + errorFunction((chord + mx) / (sx * Math.SQRT2)));
  return (Math.exp(-0.5 * z * z) / (sy * 2.5066282746310002)) * inside;
}

/** For a long or wide place its edge is taken as straight: Φ((reach − d)/s). */
export function withinEdge(d: number, s: number, reach: number): number {
  const z = (reach - d) / s;
  if (z > certainty) return 1;
  if (z < -certainty) return 0;
  return 0.5 * (1 + errorFunction(z / Math.SQRT2));
}

/** erf by Abramowitz & Stegun 7.1.26; absolute error below 1.5·10⁻⁷. */
function errorFunction(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const y = 1 - ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-x * x);
  return x < 0 ? -y : y;
}
