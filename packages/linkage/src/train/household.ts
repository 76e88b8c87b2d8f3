import { type LevelTable, type Likelihoods, likelihoods } from './likelihood.ts';
import type { PatternCounts } from './pattern-counts.ts';

/**
 * Different people of one household agree on surname, address and phone though they are two. A model that knows only "same
 * person" and "two people at random" takes that agreement for evidence of sameness, comparison by comparison, and links
 * families. So the different are of two kinds: strangers, and others of the household.
 */
export interface Household {
  /** P(two records are of different people in one household). */
  lambda: number;
  /** P(level | different people of one household); where it is `null` it is u. */
  h: LevelTable;
  /** P(same person), estimated beside it. */
  lambdaSame: number;
  /** Pairs of other people of one household that are expected among those counted. */
  expected: number;
}

const iterations = 300;
const tolerance = 1e-7;
/** Weak prior on the levels of h, as pairs: it begins at m, for what a person shares with themselves a household mostly shares. */
const priorPairs = 2;

/**
 * Fits λ of both kinds of pairs and h to pattern counts by expectation–maximisation, with m and u held fast.
 *
 * @param shared whether households may share what a comparison looks at; elsewhere h is u
 * @param personal whether h of what tells one person of a household from another is estimated too: twins share a birth date, a
 *   father and son a forename. Else it is u.
 * @param before an earlier fit to begin with
 * @param pairsInAll pairs there are, of which the counted ones are those that blocking found
 */
export function fitHousehold(
  { levels, comparisons, counts }: PatternCounts,
  m: LevelTable,
  u: LevelTable,
  shared: readonly boolean[],
  lambdaSame: number,
  pairsInAll: number,
  personal: boolean,
  before: Household | null = null,
): Household {
  const start: LevelTable = m.map((own, c) => (shared[c] ? own : personal ? (u[c] ?? null) : null));
  let h: LevelTable = (before?.h ?? start).map((own) => own?.slice() ?? null);
  let [same, home] = [before?.lambdaSame ?? lambdaSame, before?.lambda ?? lambdaSame];
  let expected = 0;
  const of: Likelihoods = [0, 0, 0];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const sums = h.map((own, c) => own?.map((_, l) => priorPairs * (start[c]?.[l] as number)) ?? null);
    let [sameSum, homeSum] = [0, 0];
    for (let e = 0; e < counts.length; e++) {
      const offset = e * comparisons;
      likelihoods(levels, offset, m, u, h, of);
      const [ofSame, ofHome, ofStrangers] = [same * of[0], home * of[1], (1 - same - home) * of[2]];
      const all = ofSame + ofHome + ofStrangers;
      if (all <= 0) continue;
      const count = counts[e] as number;
      sameSum += (count * ofSame) / all;
      const atHome = (count * ofHome) / all;
      homeSum += atHome;
      for (let c = 0; c < comparisons; c++) {
        const own = sums[c];
        const level = levels[offset + c] as number;
        if (own && level < own.length) own[level] = (own[level] as number) + atHome;
      }
    }
    expected = homeSum;
    const [nextSame, nextHome] = [sameSum / pairsInAll, homeSum / pairsInAll].map((value) => Math.min(0.4, Math.max(1e-12, value))) as [
      number,
      number,
    ];
    const change = Math.abs(nextSame - same) / same + Math.abs(nextHome - home) / home;
    [same, home] = [nextSame, nextHome];
    h = sums.map((own) => {
      if (!own) return null;
      const sum = own.reduce((total, value) => total + value, 0);
      return sum > 0 ? own.map((value) => Math.max(1e-9, value / sum)) : own;
    });
    if (change < tolerance) break;
  }
  return { lambda: home, h, lambdaSame: same, expected };
}
