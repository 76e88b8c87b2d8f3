import { type CandidateOptions, Candidates, possiblePairs } from '../blocking/candidates.ts';
import type { CompareOptions } from '../compare/comparator.ts';
import { Patterns } from '../compare/patterns.ts';
import { type Comparison, fieldsOf, type LinkageModel } from '../model/model.ts';
import type { Records } from '../records/records.ts';
import { type EmResult, expectationMaximisation } from './expectation-maximisation.ts';
import { fitHousehold, type Household } from './household.ts';
import { estimateU, fixedValues, leastSupport, normalised, startM } from './level-shares.ts';
import { type LevelTable, posteriors } from './likelihood.ts';
import { countCandidates, countRandom, type PatternCounts } from './pattern-counts.ts';
import { bySources, trainedLevels } from './trained-levels.ts';

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
/** Fewer expected pairs of others in one household than this, also for each match, and the records are taken to show none. */
const leastHouseholdPairs = 20;
const leastHouseholdShare = 0.05;
const rounds = 3;
/** Rounds after that, in which households are told apart, where there are any. */
const householdRounds = 2;

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
  const all = candidates.pairsAtMost;
  const share = all > wanted ? wanted / all : 1;
  const counted = countCandidates(records, candidates, patterns, {
    share,
    apart: options.perSource ?? false,
    onProgress: (pairs) => options.onProgress?.('comparing candidate pairs', pairs, Math.min(all, wanted)),
  });
  const pairsInAll = possiblePairs(records, options.pairs);
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
  let support = noughts(m);
  let household: Household | null = null;
  // Each round begins where the one before ended.
  const lambdas: number[] = model.blocking.map(() => 0.3);
  for (let round = 0; round < rounds + householdRounds; round++) {
    if (round >= rounds) {
      household = findHousehold(model, counted, m, u, lambda, pairsInAll * share, household);
      if (!household) break;
    }
    const { sums, plain, sessions } = teachOnce(model, counted, lambdas, teaches, {
      m,
      u,
      fixed: fixed.m,
      household: household?.h ?? null,
      share,
    });
    report.sessions = sessions;
    support = plain;
    m = m.map((own, c) => normalised(own, sums[c] ?? null, plain[c] ?? null, fixed.m[c] as (number | null)[]));
    lambda = estimateLambda(counted, m, u, lambda, pairsInAll * share, model);
    u = estimateU(random, lambda, m, fixed.u);
  }
  if (household) household = findHousehold(model, counted, m, u, lambda, pairsInAll * share, household);
  if (household) lambda = household.lambdaSame;
  const same = posteriors(counted, m, u, lambda, household);
  const missed = estimateMissed(counted, same);
  const expected = expectedMatches(counted, same) / share;
  if (model.prior?.origin !== 'fixed' && model.prior?.origin !== 'from labels')
    lambda = Math.min(0.5, (expected * (1 + missed)) / Math.max(1, pairsInAll));
  report.expectedMatches = expected;
  report.expectedMissed = expected * missed;
  const trained = { m, u, support, random, fixed, household, warnings: report.warnings };
  const sources = options.perSource ? (c: number) => bySources(records, counted, c, m[c] ?? null, same) : null;
  return { model: modelOf(model, trained, lambda, sources), report };
}

/** What all blocking rules that teach something teach in one round; where their estimates ended is noted in `lambdas`. */
function teachOnce(
  model: LinkageModel,
  counted: ReturnType<typeof countCandidates>,
  lambdas: number[],
  teaches: (rule: number) => boolean,
  given: Omit<SessionInput, 'lambda'>,
) {
  const sums = noughts(given.m);
  const plain = noughts(given.m);
  const sessions: TrainingReport['sessions'] = [];
  model.blocking.forEach((rule, r) => {
    if (!teaches(r)) return;
    const { session, result, enough } = runSession(model, rule, r, counted, { ...given, lambda: lambdas[r] as number });
    lambdas[r] = Math.min(0.9, Math.max(0.01, result.lambda));
    sessions.push(session);
    if (!enough) return;
    result.support.forEach((own, c) => {
      own?.forEach((value, level) => {
        const [sum, seen] = [sums[c] as number[], plain[c] as number[]];
        seen[level] = (seen[level] as number) + value;
        // A rule that finds mostly strangers teaches less well: what sets its few matches apart may be chance.
        sum[level] = (sum[level] as number) + value * result.lambda;
      });
    });
  });
  return { sums, plain, sessions };
}

/** The model with what was learnt in place of what it had. */
function modelOf(
  model: LinkageModel,
  trained: Parameters<typeof trainedLevels>[2],
  lambda: number,
  sources: ((c: number) => ReturnType<typeof bySources>) | null,
): LinkageModel {
  const { household } = trained;
  return {
    ...model,
    comparisons: model.comparisons.map((comparison, c) => ({
      ...comparison,
      levels: trainedLevels(comparison, c, trained),
      ...(sources ? { mBySources: sources(c) } : {}),
    })),
    household: household ? { value: household.lambda, origin: 'estimated' } : undefined,
    prior: model.prior?.origin === 'fixed' || model.prior?.origin === 'from labels' ? model.prior : { value: lambda, origin: 'estimated' },
  };
}

interface SessionInput {
  m: LevelTable;
  u: LevelTable;
  fixed: (number | null)[][];
  household: LevelTable | null;
  /** Where the estimate begins. */
  lambda: number;
  share: number;
}

/** What the pairs of one blocking rule teach, of the comparisons that it does not ask for. */
function runSession(
  model: LinkageModel,
  rule: LinkageModel['blocking'][number],
  r: number,
  counted: ReturnType<typeof countCandidates>,
  { m, u, fixed, household, lambda, share }: SessionInput,
) {
  const decided = new Set(rule.equal.flatMap(({ fields }) => fields));
  const free = model.comparisons.map((comparison) => !fieldsRead(comparison).some((field) => decided.has(field)));
  const result = expectationMaximisation(
    counted,
    (e) => ((counted.rules[e] as number) & (1 << r)) !== 0,
    u.map((own, c) => (free[c] ? own : null)),
    m.map((own, c) => (free[c] ? own : null)),
    lambda,
    { fixed, household },
  );
  const pairs = sumWhere(counted, r);
  const enough = result.lambda * pairs >= leastSupport;
  const session = {
    rule: rule.name,
    pairs: Math.round(pairs / share),
    lambda: result.lambda,
    estimated: enough ? model.comparisons.filter((_, c) => free[c]).map(({ name }) => name) : [],
    converged: result.converged,
    history: result.history,
  };
  return { session, result, enough };
}

/** Every field that a comparison reads. */
export function fieldsRead(comparison: Comparison): string[] {
  return [...new Set([...comparison.needs.flat(), ...comparison.levels.flatMap(({ when }) => (when ? fieldsOf(when) : []))])];
}

function noughts(table: LevelTable): LevelTable {
  return table.map((own) => own?.map(() => 0) ?? null);
}

function sumWhere({ rules, counts }: PatternCounts, rule: number): number {
  let sum = 0;
  for (let e = 0; e < counts.length; e++) if (((rules[e] as number) & (1 << rule)) !== 0) sum += counts[e] as number;
  return sum;
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
    const matches = expectedMatches(counted, posteriors(counted, m, u, lambda));
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
  before: Household | null,
): Household | null {
  const shared = model.comparisons.map(({ personal }) => !personal);
  if (!shared.includes(true) || !shared.includes(false)) return null;
  const fit = (personal: boolean) => fitHousehold(counted, m, u, shared, lambda, Math.max(1, pairsInAll), personal, before);
  if (before) return fit(true);
  // Whether there are households at all is asked of what they share alone: free to explain anything, they would explain bad copies.
  const household = fit(false);
  const matches = household.lambdaSame * pairsInAll;
  return household.expected >= Math.max(leastHouseholdPairs, leastHouseholdShare * matches) ? fit(true) : null;
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
