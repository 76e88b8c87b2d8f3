import { type CandidateOptions, Candidates } from '../blocking/candidates.ts';
import type { CompareOptions } from '../compare/comparator.ts';
import { Patterns } from '../compare/patterns.ts';
import { type Comparison, type Estimate, fieldsOf, type Level, type LinkageModel, type Origin } from '../model/model.ts';
import type { Records } from '../records/records.ts';
import { type EmResult, expectationMaximisation, type LevelTable, posterior } from './expectation-maximisation.ts';
import { fitHousehold, type Household } from './household.ts';
import { countCandidates, countRandom, type PatternCounts } from './pattern-counts.ts';

export interface TrainOptions extends CandidateOptions, CompareOptions {
  /** Random pairs that u is estimated from. */
  randomPairs?: number;
  /** Candidate pairs that m is estimated from, at most; an even share of more. */
  trainingPairs?: number;
  /** Estimates m for each pair of sources too. */
  perSource?: boolean;
  onProgress?: (step: string, done: number, all: number) => void;
}

/** How training went, for a person to judge. */
export interface TrainingReport {
  /** One for each blocking rule: what it could tell, and how it converged. */
  sessions: {
    rule: string;
    pairs: number;
    /** P(same person) among the pairs of the rule. */
    lambda: number;
    estimated: string[];
    converged: boolean;
    history: EmResult['history'];
  }[];
  randomPairs: number;
  candidatePairs: number;
  /** Pairs of one person that are expected among the candidates, and about how many the rules miss. */
  expectedMatches: number;
  expectedMissed: number;
  /** What could not be estimated, in words. */
  warnings: string[];
}

const defaultRandomPairs = 1_000_000;
const defaultTrainingPairs = 1_000_000;
/** Fewer expected matches than this tell nothing about a comparison. */
const leastSupport = 5;
/** Fewer expected pairs of others in one household than this, also for each match, and the records are taken to show none. */
const leastHouseholdPairs = 20;
const leastHouseholdShare = 0.05;
/** How many pairs' worth the m of all sources weighs when m of two sources is estimated. */
const priorPairs = 20;
const rounds = 3;

/**
 * Estimates λ, m and u of a model from the records alone.
 *
 * u comes from random pairs, in which nearly all are different people; what few are not is taken out by their own
 * probability. m comes from expectation–maximisation once for each blocking rule, leaving out the comparisons that the rule
 * itself decides, as in Splink; the sessions' results are averaged by the matches they rest on. λ is what makes the matches
 * found, and those the rules are expected to miss, add up. Parameters with the origin `fixed` or `from labels` stay.
 */
export function trainModel(
  records: Records,
  model: LinkageModel,
  options: TrainOptions = {},
  candidates = new Candidates(records, model, options),
): { model: LinkageModel; report: TrainingReport } {
  const patterns = new Patterns(model, records, options);
  const between = options.pairs === 'between sources';
  options.onProgress?.('comparing random pairs', 0, 1);
  // Random pairs hardly ever have the same two values again.
  const random = countRandom(
    records,
    new Patterns(model, records, { ...options, rememberedPairs: 0 }),
    options.randomPairs ?? defaultRandomPairs,
    between,
  );
  const wanted = options.trainingPairs ?? defaultTrainingPairs;
  const all = candidates.countAtMost();
  const share = all > wanted ? wanted / all : 1;
  const counted = countCandidates(records, candidates, patterns, {
    share,
    apart: options.perSource ?? false,
    onProgress: (pairs) => options.onProgress?.('comparing candidate pairs', pairs, Math.min(all, wanted)),
  });
  const pairsInAll = between ? pairsBetweenSources(records) : (records.size * (records.size - 1)) / 2;
  const fixed = fixedValues(model);
  const report: TrainingReport = {
    sessions: [],
    randomPairs: random.pairs,
    candidatePairs: Math.round(counted.pairs / share),
    expectedMatches: 0,
    expectedMissed: 0,
    warnings: [],
  };

  // Rules that a whole household passes would teach that one person has many forenames.
  const personal = model.blocking.map((rule) => isPersonalRule(model, rule));
  const teaches = (rule: number) => !personal.includes(true) || (personal[rule] as boolean);
  let m: LevelTable = model.comparisons.map((comparison, c) => startM(comparison, fixed.m[c] as (number | null)[]));
  let u = estimateU(random, null, m, fixed.u);
  let lambda = model.prior?.value ?? 1 / Math.max(2, records.size);
  let support: LevelTable = m.map((own) => own?.map(() => 0) ?? null);
  for (let round = 0; round < rounds; round++) {
    report.sessions = [];
    const sums = m.map((own) => own?.map(() => 0) ?? null);
    model.blocking.forEach((rule, r) => {
      if (!teaches(r)) return;
      const decided = new Set(rule.equal.flatMap(({ fields }) => fields));
      const free = model.comparisons.map((comparison) => !fieldsRead(comparison).some((field) => decided.has(field)));
      const result = expectationMaximisation(
        counted,
        (e) => ((counted.rules[e] as number) & (1 << r)) !== 0,
        u.map((own, c) => (free[c] ? own : null)),
        m.map((own, c) => (free[c] ? own : null)),
        0.3,
      );
      const pairs = sumWhere(counted, r);
      const enough = result.lambda * pairs >= leastSupport;
      report.sessions.push({
        rule: rule.name,
        pairs: Math.round(pairs / share),
        lambda: result.lambda,
        estimated: enough ? model.comparisons.filter((_, c) => free[c]).map(({ name }) => name) : [],
        converged: result.converged,
        history: result.history,
      });
      if (!enough) return;
      result.support.forEach((own, c) => {
        own?.forEach((value, level) => {
          const sum = sums[c] as number[];
          // A rule that finds mostly strangers teaches less well: what sets its few matches apart may be chance.
          sum[level] = (sum[level] as number) + value * result.lambda;
        });
      });
    });
    support = sums;
    m = m.map((own, c) => normalised(own, sums[c] as number[] | null, fixed.m[c] as (number | null)[]));
    lambda = estimateLambda(counted, m, u, lambda, pairsInAll * share, model);
    u = estimateU(random, lambda, m, fixed.u);
  }
  const household = findHousehold(model, counted, m, u, lambda, pairsInAll * share);
  if (household) lambda = household.lambdaSame;
  const same = probabilityOfSame(counted, m, u, lambda, household);
  const missed = estimateMissed(counted, same);
  const expected = expectedMatches(counted, same) / share;
  if (model.prior?.origin !== 'fixed' && model.prior?.origin !== 'from labels')
    lambda = Math.min(0.5, (expected * (1 + missed)) / pairsInAll);
  report.expectedMatches = expected;
  report.expectedMissed = expected * missed;
  const trained: LinkageModel = {
    ...model,
    comparisons: model.comparisons.map((comparison, c) => ({
      ...comparison,
      levels: comparison.levels.map((level, l) =>
        withHousehold(estimatedLevel(comparison, level, l, c, { m, u, support, random, report, fixed }), household?.h[c]?.[l]),
      ),
      ...(options.perSource ? { mBySources: bySources(records, counted, c, m, u, lambda) } : {}),
    })),
    household: household ? { value: household.lambda, origin: 'estimated' } : undefined,
    prior: model.prior?.origin === 'fixed' || model.prior?.origin === 'from labels' ? model.prior : { value: lambda, origin: 'estimated' },
  };
  return { model: trained, report };
}

/** Every field that a comparison reads. */
export function fieldsRead(comparison: Comparison): string[] {
  return [...new Set([...comparison.needs.flat(), ...comparison.levels.flatMap(({ when }) => (when ? fieldsOf(when) : []))])];
}

interface Fixed {
  m: (number | null)[][];
  u: (number | null)[][];
}

function fixedValues(model: LinkageModel): Fixed {
  const kept = (estimate: Estimate | undefined): number | null =>
    estimate && (estimate.origin === 'fixed' || estimate.origin === 'from labels') ? estimate.value : null;
  return {
    m: model.comparisons.map(({ levels }) => levels.map((level) => kept(level.m))),
    u: model.comparisons.map(({ levels }) => levels.map((level) => kept(level.u))),
  };
}

/** A first guess: most pairs of one person agree, few differ wholly, the rest is spread between. */
function startM({ levels }: Comparison, fixed: (number | null)[]): number[] {
  const between = Math.max(1, levels.length - 2);
  const guess = levels.map((_, l) => (l === 0 ? 0.8 : l === levels.length - 1 ? 0.08 : 0.12 / between));
  const sum = guess.reduce((all, value) => all + value, 0);
  return guess.map((value, l) => fixed[l] ?? value / sum);
}

/** Shares of the levels, what is fixed staying as it is. */
function normalised(before: number[] | null, sums: number[] | null, fixed: (number | null)[]): number[] | null {
  if (!before || !sums) return before;
  const free = sums.reduce((all, value, l) => (fixed[l] === null ? all + value : all), 0);
  if (free < leastSupport) return before;
  const left = 1 - fixed.reduce((all: number, value) => all + (value ?? 0), 0);
  // A level that no match was seen at is possible still: half a pair's worth.
  const floor = 0.5 / (free + 1);
  return sums.map((value, l) => fixed[l] ?? Math.max(floor * left, (left * value) / free));
}

/** u from random pairs, each counted by how surely it is of two people. */
function estimateU(random: PatternCounts, lambda: number | null, m: LevelTable, fixed: (number | null)[][]): LevelTable {
  const { levels, comparisons, counts } = random;
  let u: LevelTable = sharesOf(random, () => 1, m, fixed);
  if (lambda === null) return u;
  // Twice: the first round takes out the clear matches, the second those that stand out then.
  for (let round = 0; round < 2; round++) {
    const current = u;
    const different = Float64Array.from(counts, (_, e) => 1 - posterior(levels, e * comparisons, lambda, m, current));
    u = sharesOf(random, (e) => different[e] as number, m, fixed);
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

function sumWhere({ rules, counts }: PatternCounts, rule: number): number {
  let sum = 0;
  for (let e = 0; e < counts.length; e++) if (((rules[e] as number) & (1 << rule)) !== 0) sum += counts[e] as number;
  return sum;
}

/** For each entry the probability that its pairs are of one person. */
function probabilityOfSame(
  { levels, comparisons, counts }: PatternCounts,
  m: LevelTable,
  u: LevelTable,
  lambda: number,
  household: Household | null,
): Float64Array {
  return Float64Array.from(counts, (_, e) => {
    if (!household) return posterior(levels, e * comparisons, lambda, m, u);
    let [same, home, strangers] = [lambda, household.lambda, 1 - lambda - household.lambda];
    for (let c = 0; c < comparisons; c++) {
      const level = levels[e * comparisons + c] as number;
      const [mOwn, uOwn] = [m[c], u[c]];
      if (!mOwn || !uOwn || level >= mOwn.length) continue;
      same *= mOwn[level] as number;
      strangers *= uOwn[level] as number;
      home *= (household.h[c]?.[level] ?? uOwn[level]) as number;
    }
    const all = same + home + strangers;
    return all > 0 ? same / all : 0;
  });
}

function expectedMatches({ counts }: PatternCounts, same: Float64Array): number {
  let sum = 0;
  for (let e = 0; e < counts.length; e++) sum += (counts[e] as number) * (same[e] as number);
  return sum;
}

/** The λ at which the matches expected among the candidates make up that share of all pairs. */
function estimateLambda(
  counted: PatternCounts,
  m: LevelTable,
  u: LevelTable,
  start: number,
  pairsInAll: number,
  model: LinkageModel,
): number {
  if (model.prior?.origin === 'fixed' || model.prior?.origin === 'from labels') return model.prior.value;
  let lambda = start;
  for (let i = 0; i < 50; i++) {
    const matches = expectedMatches(counted, probabilityOfSame(counted, m, u, lambda, null));
    const next = Math.min(0.5, Math.max(1e-12, matches / Math.max(1, pairsInAll)));
    if (Math.abs(Math.log(next / lambda)) < 1e-4) return next;
    lambda = next;
  }
  return lambda;
}

/** Does a rule ask for something that only one person of a household has: a birth date, an identifier, both names? */
function isPersonalRule(model: LinkageModel, rule: LinkageModel['blocking'][number]): boolean {
  const standards = new Map(model.fields.map(({ name, standard }) => [name, standard]));
  const telling = new Set(model.comparisons.filter(({ personal }) => personal).flatMap(({ needs }) => needs.flat()));
  const fields = new Set(rule.equal.flatMap((part) => part.fields));
  const names = [...fields].filter((field) => standards.get(field) === 'name');
  return names.length > 1 || [...fields].some((field) => telling.has(field) && standards.get(field) !== 'name');
}

/** Others of the household, where comparisons exist that tell them apart and enough of them show; null otherwise. */
function findHousehold(
  model: LinkageModel,
  counted: PatternCounts,
  m: LevelTable,
  u: LevelTable,
  lambda: number,
  pairsInAll: number,
): Household | null {
  const shared = model.comparisons.map(({ personal }) => !personal);
  if (!shared.includes(true) || !shared.includes(false)) return null;
  const household = fitHousehold(counted, m, u, shared, lambda, Math.max(1, pairsInAll));
  const matches = household.lambdaSame * pairsInAll;
  return household.expected >= Math.max(leastHouseholdPairs, leastHouseholdShare * matches) ? household : null;
}

function withHousehold(level: Level, h: number | undefined): Level {
  const { h: _, ...rest } = level;
  return h === undefined || rest.m?.origin === 'not estimated' || rest.u?.origin === 'not estimated' || rest.neutral
    ? rest
    : { ...rest, h: { value: h, origin: 'estimated' } };
}

/**
 * Matches that no rule finds, as a share of those found: f₁² / (2 f₂) with f₁ and f₂ the expected matches found by one rule
 * and by two (the lower bound of Chao 1987 for what was caught by no trap).
 */
function estimateMissed({ counts, rules }: PatternCounts, same: Float64Array): number {
  const foundBy = [0, 0, 0];
  let all = 0;
  for (let e = 0; e < counts.length; e++) {
    const p = (counts[e] as number) * (same[e] as number);
    const by = Math.min(2, bitsIn(rules[e] as number) - 1);
    foundBy[by] = (foundBy[by] as number) + p;
    all += p;
  }
  const [one, two] = foundBy as [number, number, number];
  if (all === 0) return 0;
  return (two > 0 ? (one * one) / (2 * two) : (one * (one - 1)) / 2) / all;
}

function bitsIn(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}

interface Trained {
  m: LevelTable;
  u: LevelTable;
  support: LevelTable;
  random: PatternCounts;
  report: TrainingReport;
  fixed: Fixed;
}

function estimatedLevel(comparison: Comparison, level: Level, l: number, c: number, trained: Trained): Level {
  const { m, u, support, random, report, fixed } = trained;
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
    if (!report.warnings.includes(warning)) report.warnings.push(warning);
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

/** m of one comparison for each pair of sources, drawn towards the m of all where there are few pairs. */
function bySources(
  records: Records,
  counted: PatternCounts,
  c: number,
  m: LevelTable,
  u: LevelTable,
  lambda: number,
): NonNullable<Comparison['mBySources']> {
  const overall = m[c];
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
    const p = posterior(counted.levels, e * counted.comparisons, lambda, m, u);
    own[level] = (own[level] as number) + p * (counted.counts[e] as number);
  }
  return [...sums].map(([key, own]) => {
    const sum = own.reduce((all, value) => all + value, 0);
    const names: [string, string] = [records.sources[Math.floor(key / 65_536)] as string, records.sources[key % 65_536] as string];
    return { sources: names, m: own.map((value) => value / sum) };
  });
}

function pairsBetweenSources(records: Records): number {
  const sizes = new Map<number, number>();
  for (let row = 0; row < records.count; row++) {
    if (!records.removed.has(row)) sizes.set(records.sourceOf[row] as number, (sizes.get(records.sourceOf[row] as number) ?? 0) + 1);
  }
  const n = records.size;
  let same = 0;
  for (const size of sizes.values()) same += (size * (size - 1)) / 2;
  return (n * (n - 1)) / 2 - same;
}
