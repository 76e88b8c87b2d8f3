import { leftBeside } from './level-shares.ts';
import { type LevelTable, type Likelihoods, likelihoods } from './likelihood.ts';
import type { PatternCounts } from './pattern-counts.ts';

export interface EmOptions {
  /** Iterations at most. */
  iterations?: number;
  /** Done when no parameter changes by more. */
  tolerance?: number;
  /** m of levels that are held fast too; null for those to be estimated. */
  fixed?: (number | null)[][];
  /** h, where pairs of two people of one household are to be told from pairs of one person. */
  household?: LevelTable | null;
}

export interface EmResult {
  /** P(same person) among the pairs counted. */
  lambda: number;
  m: LevelTable;
  /** Expected pairs of one person at each level: what m rests on. */
  support: LevelTable;
  converged: boolean;
  /** λ and the greatest change after each iteration. */
  history: { lambda: number; change: number }[];
}

/** m is never taken to be exactly nothing: at least this, until counts say otherwise. */
const leastProbability = 1e-9;

/**
 * Fits λ and m to pattern counts by expectation–maximisation with u held fast (Winkler 1988; u from random pairs as in Splink).
 * A missing value tells nothing. Where h is known, two people of one household are a kind of their own, with a share of their own:
 * brothers and sisters whom a rule finds together would otherwise teach that one person has several numbers.
 *
 * @param u fixed; a comparison with `null` is left out
 * @param start m to begin with
 */
export function expectationMaximisation(
  { levels, comparisons, counts }: PatternCounts,
  takesPart: (entry: number) => boolean,
  u: LevelTable,
  start: LevelTable,
  startLambda: number,
  { iterations = 200, tolerance = 1e-5, fixed, household = null }: EmOptions = {},
): EmResult {
  const entries: number[] = [];
  for (let e = 0; e < counts.length; e++) if (takesPart(e)) entries.push(e);
  let m = start.map((own) => own?.slice() ?? null);
  let lambda = startLambda;
  let home = household ? (1 - startLambda) / 4 : 0;
  let support: LevelTable = m.map((own) => own?.map(() => 0) ?? null);
  const history: EmResult['history'] = [];
  const of: Likelihoods = [0, 0, 0];
  const total = entries.reduce((sum, e) => sum + (counts[e] as number), 0);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const expected = m.map((own) => own?.map(() => 0) ?? null);
    let matches = 0;
    let homes = 0;
    for (const e of entries) {
      likelihoods(levels, e * comparisons, m, u, household, of);
      const all = lambda * of[0] + home * of[1] + (1 - lambda - home) * of[2];
      if (all > 0) homes += ((home * of[1]) / all) * (counts[e] as number);
      const p = all === 0 ? 0 : ((lambda * of[0]) / all) * (counts[e] as number);
      matches += p;
      for (let c = 0; c < comparisons; c++) {
        const own = expected[c];
        const level = levels[e * comparisons + c] as number;
        if (own && level < own.length) own[level] = (own[level] as number) + p;
      }
    }
    const nextLambda = total === 0 ? 0 : Math.min(1 - 1e-9, matches / total);
    let change = Math.abs(nextLambda - lambda);
    const next = m.map((own, c) => {
      const sums = expected[c];
      if (!own || !sums) return null;
      const held = fixed?.[c] ?? own.map(() => null);
      const left = leftBeside(held);
      const sum = sums.reduce((all, value, level) => (held[level] === null ? all + value : all), 0);
      if (sum <= 0) return own;
      return own.map((before, level) => {
        const value = held[level] ?? Math.max(leastProbability, (left * (sums[level] as number)) / sum);
        change = Math.max(change, Math.abs(value - before));
        return value;
      });
    });
    lambda = nextLambda;
    home = total === 0 ? 0 : Math.min(1 - lambda, homes / total);
    m = next;
    support = expected;
    history.push({ lambda, change });
    if (change < tolerance) return { lambda, m, support, converged: true, history };
  }
  return { lambda, m, support, converged: false, history };
}
