import type { PresenceParameters } from './parameters.ts';

/**
 * How far off a fix may be.
 *
 * Per axis the error is normal with a spread drawn from a mixture: mostly the reported spread, sometimes five times it,
 * rarely a gross displacement, because receivers among buildings or indoors report a few metres while being far out.
 */
export const ordinaryShare = 0.94;
export const wideShare = 0.05;
export const grossShare = 0.01;
export const wideFactor = 5;

/**
 * Per-axis standard deviation of the ordinary error, metres, from a reported accuracy radius.
 *
 * For a circular normal error the radius holding a share p is σ·√(−2 ln(1−p)), so 68 % is 1.51 σ.
 * A missing (NaN), zero or negative radius takes `missingAccuracyM`.
 */
export function sigmaOf(accuracyM: number, parameters: PresenceParameters): number {
  return sigmaFor(parameters)(accuracyM);
}

/** `sigmaOf` for many fixes under the same parameters. */
export function sigmaFor({ accuracyFloorM, missingAccuracyM, accuracyPercentile }: PresenceParameters): (accuracyM: number) => number {
  const radii = Math.sqrt(-2 * Math.log(1 - accuracyPercentile));
  return (accuracyM) => (accuracyM > 0 ? Math.max(accuracyM, accuracyFloorM) : missingAccuracyM) / radii;
}

/** Variance of the gross component for a fix of ordinary spread `sigma`. */
export function grossVariance(sigma: number, parameters: PresenceParameters): number {
  return Math.max(wideFactor * sigma, parameters.burstSigmaM) ** 2;
}

/** Radius in metres that holds 99 % of the mixture, by bisection. */
export function radius99(sigma: number, parameters: PresenceParameters): number {
  const ordinary = 2 * sigma * sigma;
  const wide = ordinary * wideFactor * wideFactor;
  const gross = 2 * grossVariance(sigma, parameters);
  let low = 0;
  let high = 10 * wideFactor * sigma + 10 * parameters.burstSigmaM;
  for (let i = 0; i < 60; i++) {
    const r = (low + high) / 2;
    const outside =
      ordinaryShare * Math.exp((-r * r) / ordinary) + wideShare * Math.exp((-r * r) / wide) + grossShare * Math.exp((-r * r) / gross);
    if (outside > 0.01) low = r;
    else high = r;
  }
  return high;
}

const steps = 512;
const logMin = Math.log(0.1);
const scale = (steps - 1) / (Math.log(100_000) - logMin);
/** Tables by the one parameter that they depend on: whoever judges a few fixes at a time would make them anew each time. */
const tables = new Map<number, Float64Array>();
const tablesKept = 16;

/** `radius99` for any spread from 0.1 m to 100 km by table; always rounds up. */
export function radius99Table(parameters: PresenceParameters): (sigma: number) => number {
  const table = tables.get(parameters.burstSigmaM) ?? makeTable(parameters);
  return (sigma) => {
    const step = Math.ceil((Math.log(sigma) - logMin) * scale);
    return table[step < 0 ? 0 : step >= steps ? steps - 1 : step] as number;
  };
}

function makeTable(parameters: PresenceParameters): Float64Array {
  const table = new Float64Array(steps);
  for (let i = 0; i < steps; i++) table[i] = radius99(Math.exp(logMin + i / scale), parameters);
  if (tables.size >= tablesKept) tables.clear();
  tables.set(parameters.burstSigmaM, table);
  return table;
}

/** How much an end of a prism is widened by for a fix of spread `sigma`, metres: its error at 99 %, and what receivers have been seen to hold. */
export function endErrorOf(sigma: number, { grossErrorM }: PresenceParameters, radius99: (sigma: number) => number): number {
  return Math.max(radius99(sigma), grossErrorM);
}
