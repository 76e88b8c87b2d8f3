/** Designs in which everybody gets what is tried, some later than others. */
export const designs = {
  'waiting list': 'Half of those who take part get it at once, the others one period later; who is in which half is drawn by lot.',
  stepped: 'All begin without it. In each period one more team gets it, in an order that is drawn by lot, until all have it.',
} as const;
export type Design = keyof typeof designs;

export interface Expected {
  /** Share of people with the outcome in a period, without and with what is tried; 0 to 1. */
  without: number;
  with: number;
  /** People in each arm, or in each team and period. */
  people: number;
  /** Of a stepped design: teams, and how alike people of one team are (intracluster correlation). */
  teams: number;
  icc: number;
}

const z = 1.959_964;

/** The normal distribution function (Abramowitz and Stegun 7.1.26 by way of erf; wrong by less than 1.5e-7). */
function phi(x: number): number {
  const t = 1 / (1 + (0.327_591_1 * Math.abs(x)) / Math.SQRT2);
  const poly = t * (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
  const erf = 1 - poly * Math.exp((-x * x) / 2);
  return x >= 0 ? (1 + erf) / 2 : (1 - erf) / 2;
}

/** Which team has it in which period, 1 or 0; a team a row. Team i has it from period i + 1 on, counting from 0. */
export const steppedDesign = (teams: number): number[][] =>
  Array.from({ length: teams }, (_, i) => Array.from({ length: teams + 1 }, (_, t) => (t > i ? 1 : 0)));

/**
 * The chance that an effect as large as expected is told from none (two-sided, 5 %). Waiting list: two shares, by the normal approximation.
 * Stepped: Hussey and Hughes, Contemporary Clinical Trials 28 (2007) 182–191, equation for the variance of the effect with fixed periods
 * and teams that differ by chance.
 */
export function powerOf(design: Design, { without, with: with_, people, teams, icc }: Expected): number {
  const effect = Math.abs(with_ - without);
  const variance =
    design === 'waiting list'
      ? (without * (1 - without) + with_ * (1 - with_)) / people
      : steppedVariance(steppedDesign(teams), { mean: (without + with_) / 2, people, icc });
  return phi(effect / Math.sqrt(variance) - z);
}

/** Variance of the effect of a stepped design. @param design which team has it when, a team a row */
export function steppedVariance(design: readonly number[][], { mean, people, icc }: { mean: number; people: number; icc: number }): number {
  const one = mean * (1 - mean);
  const [tau2, sigma2] = [icc * one, ((1 - icc) * one) / people];
  const teams = design.length;
  const periods = design[0]?.length ?? 0;
  const sum = (row: readonly number[]) => row.reduce((all, x) => all + x, 0);
  const u = sum(design.map(sum));
  const w = sum(Array.from({ length: periods }, (_, t) => sum(design.map((row) => row[t] as number)) ** 2));
  const v = sum(design.map((row) => sum(row) ** 2));
  const above = teams * sigma2 * (sigma2 + periods * tau2);
  const below = (teams * u - w) * sigma2 + (u * u + teams * periods * u - periods * w - teams * v) * tau2;
  return above / below;
}
