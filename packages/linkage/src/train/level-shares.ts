import type { Comparison, Estimate, LinkageModel } from '../model/model.ts';
import { type LevelTable, posteriors } from './likelihood.ts';
import type { PatternCounts } from './pattern-counts.ts';

/** Fewer expected matches than this tell nothing about a comparison. */
export const leastSupport = 5;

/** Parameters that training leaves as they are, by comparison and level; null for those it estimates. */
export interface Fixed {
  m: (number | null)[][];
  u: (number | null)[][];
}

/** Those that somebody fixed, or that labels gave. */
export function fixedValues(model: LinkageModel): Fixed {
  const kept = (estimate: Estimate | undefined): number | null =>
    estimate && (estimate.origin === 'fixed' || estimate.origin === 'from labels') ? estimate.value : null;
  return {
    m: model.comparisons.map(({ levels }) => levels.map((level) => kept(level.m))),
    u: model.comparisons.map(({ levels }) => levels.map((level) => kept(level.u))),
  };
}

/** A first guess: most pairs of one person agree, few differ wholly, the rest is spread between. */
export function startM({ levels }: Comparison, fixed: (number | null)[]): number[] {
  const between = Math.max(1, levels.length - 2);
  const guess = levels.map((_, l) => (l === 0 ? 0.8 : l === levels.length - 1 ? 0.08 : 0.12 / between));
  const sum = guess.reduce((all, value) => all + value, 0);
  return guess.map((value, l) => fixed[l] ?? value / sum);
}

/**
 * Shares of the levels, what is fixed staying as it is.
 *
 * @param sums expected pairs of one person at each level, each session weighed by how well it teaches
 * @param support the same unweighed
 */
export function normalised(
  before: number[] | null,
  sums: number[] | null,
  support: number[] | null,
  fixed: (number | null)[],
): number[] | null {
  if (!before || !sums || !support) return before;
  const free = (values: number[]) => values.reduce((all, value, l) => (fixed[l] === null ? all + value : all), 0);
  const pairs = free(support);
  if (pairs < leastSupport) return before;
  const left = leftBeside(fixed);
  // A level that no match was seen at is possible still: half a pair's worth.
  const floor = 0.5 / (pairs + 1);
  const sum = free(sums);
  return sums.map((value, l) => fixed[l] ?? Math.max(floor * left, (left * value) / sum));
}

/** What fixed shares leave for the others. */
export function leftBeside(fixed: readonly (number | null)[]): number {
  return 1 - fixed.reduce((all: number, value) => all + (value ?? 0), 0);
}

/** u from random pairs, each counted by how surely it is of two people. */
export function estimateU(random: PatternCounts, lambda: number | null, m: LevelTable, fixed: (number | null)[][]): LevelTable {
  let u: LevelTable = sharesOf(random, () => 1, m, fixed);
  if (lambda === null) return u;
  // Twice: the first round takes out the clear matches, the second those that stand out then.
  for (let round = 0; round < 2; round++) {
    const same = posteriors(random, m, u, lambda);
    u = sharesOf(random, (e) => 1 - (same[e] as number), m, fixed);
  }
  return u;
}

function sharesOf(
  { levels, comparisons, counts }: PatternCounts,
  weight: (entry: number) => number,
  m: LevelTable,
  fixed: (number | null)[][],
): LevelTable {
  const sums = m.map((own) => own?.map(() => 0) ?? null);
  for (let e = 0; e < counts.length; e++) {
    const value = (counts[e] as number) * weight(e);
    for (let c = 0; c < comparisons; c++) {
      const own = sums[c];
      const level = levels[e * comparisons + c] as number;
      if (own && level < own.length) own[level] = (own[level] as number) + value;
    }
  }
  return sums.map((own, c) => {
    if (!own) return null;
    const sum = own.reduce((all, value) => all + value, 0);
    return own.map((value, l) => fixed[c]?.[l] ?? Math.max(0.5, value) / Math.max(1, sum));
  });
}
