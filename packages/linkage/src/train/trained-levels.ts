import type { Comparison, Estimate, Level, Origin } from '../model/model.ts';
import type { Records } from '../records/records.ts';
import type { Household } from './household.ts';
import { type Fixed, leastSupport } from './level-shares.ts';
import type { LevelTable } from './likelihood.ts';
import type { PatternCounts } from './pattern-counts.ts';

/** How many pairs' worth the m of all sources weighs when m of two sources is estimated. */
const priorPairs = 20;

/** What training ended with. */
export interface Trained {
  m: LevelTable;
  u: LevelTable;
  support: LevelTable;
  random: PatternCounts;
  warnings: string[];
  fixed: Fixed;
  household: Household | null;
}

/** A comparison with its estimates and what each rests on. Adds to `warnings` what could not be estimated. */
export function trainedLevels(comparison: Comparison, c: number, trained: Trained): Level[] {
  return comparison.levels.map((level, l) => withHousehold(estimatedLevel(comparison, level, l, c, trained), trained.household?.h[c]?.[l]));
}

function estimatedLevel(comparison: Comparison, level: Level, l: number, c: number, trained: Trained): Level {
  const { m, u, support, random, warnings, fixed } = trained;
  if (level.neutral) return level;
  const supportOfAll = (support[c] ?? []).reduce((all, value) => all + value, 0);
  const seenRandom = levelCount(random, c, l);
  const mFixed = fixed.m[c]?.[l] ?? null;
  const uFixed = fixed.u[c]?.[l] ?? null;
  const mOrigin: Origin =
    mFixed !== null
      ? (level.m as Estimate).origin
      : supportOfAll < leastSupport
        ? 'not estimated'
        : (support[c]?.[l] ?? 0) < 0.5
          ? 'bounded'
          : 'estimated';
  const uOrigin: Origin =
    uFixed !== null ? (level.u as Estimate).origin : random.pairs === 0 ? 'not estimated' : seenRandom === 0 ? 'bounded' : 'estimated';
  const silent = mOrigin === 'not estimated' || uOrigin === 'not estimated' || (mOrigin === 'bounded' && uOrigin === 'bounded');
  if (silent) {
    const warning =
      mOrigin === 'not estimated'
        ? `"${comparison.name}" tells nothing: no blocking rule leaves it free with enough matches to learn from. Add a rule on other fields, or fix its parameters`
        : `"${level.label}" of "${comparison.name}" tells nothing: it was seen neither among matches nor among random pairs`;
    if (!warnings.includes(warning)) warnings.push(warning);
    return {
      ...level,
      m: { value: 0, origin: mFixed !== null ? mOrigin : 'not estimated' },
      u: { value: 0, origin: uFixed !== null ? uOrigin : 'not estimated' },
    };
  }
  return {
    ...level,
    m: { value: mFixed ?? (m[c]?.[l] as number), origin: mOrigin },
    u: { value: uFixed ?? (u[c]?.[l] as number), origin: uOrigin },
  };
}

function levelCount({ levels, comparisons, counts }: PatternCounts, c: number, level: number): number {
  let sum = 0;
  for (let e = 0; e < counts.length; e++) if (levels[e * comparisons + c] === level) sum += counts[e] as number;
  return sum;
}

function withHousehold(level: Level, h: number | undefined): Level {
  const { h: _, ...rest } = level;
  return h === undefined || rest.m?.origin === 'not estimated' || rest.u?.origin === 'not estimated' || rest.neutral
    ? rest
    : { ...rest, h: { value: h, origin: 'estimated' } };
}

/**
 * m of one comparison for each pair of sources, drawn towards the m of all where there are few pairs.
 *
 * @param overall m of all sources
 * @param same P(same person) of each entry
 */
export function bySources(
  records: Records,
  counted: PatternCounts,
  c: number,
  overall: number[] | null,
  same: Float64Array,
): NonNullable<Comparison['mBySources']> {
  if (!overall) return [];
  const sums = new Map<number, number[]>();
  for (let e = 0; e < counted.counts.length; e++) {
    const level = counted.levels[e * counted.comparisons + c] as number;
    if (level >= overall.length) continue;
    const key = counted.sources[e] as number;
    let own = sums.get(key);
    if (!own) {
      own = overall.map((value) => value * priorPairs);
      sums.set(key, own);
    }
    own[level] = (own[level] as number) + (same[e] as number) * (counted.counts[e] as number);
  }
  return [...sums].map(([key, own]) => {
    const sum = own.reduce((all, value) => all + value, 0);
    const names: [string, string] = [records.sources[Math.floor(key / 65_536)] as string, records.sources[key % 65_536] as string];
    return { sources: names, m: own.map((value) => value / sum) };
  });
}
