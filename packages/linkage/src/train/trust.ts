import { type CandidateOptions, possiblePairs } from '../blocking/candidates.ts';
import { clearlyDiffer } from '../cluster/constraints.ts';
import { Patterns } from '../compare/patterns.ts';
import type { Comparison, Level, LinkageModel } from '../model/model.ts';
import { rolesOf } from '../model/roles.ts';
import type { Records } from '../records/records.ts';
import type { ScoredPairs } from '../score/score.ts';
import { estimateU, fixedValues, startM } from './level-shares.ts';
import { countRandom } from './pattern-counts.ts';
import type { TrainingReport } from './train.ts';

/** Fewer pairs of one person than this teach nothing that holds for others. */
const leastMatches = 50;
/** Of one person's records at most so many differ in forename, or in birth date, wholly. */
const differAtMost = 0.35;
/** Of linked pairs at most so many may be of other forenames and other birth dates. */
const absurdPairs = 0.02;
/** And at most so many persons may have more records than there are sources. */
const absurdPersons = 0.5;

/**
 * Why what was learnt is not to be trusted, in words; empty where nothing speaks against it.
 *
 * A training that finds no or few people twice has learnt from something else: most often from households, whose members share
 * all but what makes a person. That shows in a model in which one person's forename or birth date mostly differs.
 */
export function trainingDoubts(report: TrainingReport, model: LinkageModel): string[] {
  const doubts: string[] = [];
  const taught = report.sessions.filter(({ estimated }) => estimated.length > 0);
  if (report.expectedMatches < leastMatches)
    doubts.push(`there are about ${Math.round(report.expectedMatches)} pairs of one person to learn from; ${leastMatches} are needed`);
  else if (taught.length === 0) doubts.push('no blocking rule found enough pairs of one person to learn from');
  else if (!taught.some(({ converged }) => converged))
    doubts.push('the estimate did not settle (expectation–maximisation did not converge)');
  const { forename, dateOfBirth } = rolesOf(model);
  for (const [field, what] of [
    [forename, 'forename'],
    [dateOfBirth, 'birth date'],
  ] as const) {
    const differ = model.comparisons.find(({ needs }) => field !== null && needs.flat()[0] === field)?.levels.at(-1)?.m;
    if (differ && differ.origin === 'estimated' && differ.value > differAtMost)
      doubts.push(`one person would have another ${what} in ${Math.round(100 * differ.value)} % of their records`);
  }
  return doubts;
}

/** The same, from what a model does to the records that it was learnt from. */
export function linkingDoubts(records: Records, model: LinkageModel, { left, right, bits, count }: ScoredPairs): string[] {
  const { forename, dateOfBirth } = rolesOf(model);
  const { linkBits } = model.thresholds;
  const columns = forename && dateOfBirth ? ([records.column(forename), records.column(dateOfBirth)] as const) : null;
  let linked = 0;
  let absurd = 0;
  const personOf = new Map<number, number>();
  const find = (row: number): number => {
    let root = row;
    for (let next = personOf.get(root); next !== undefined && next !== root; next = personOf.get(root)) root = next;
    return root;
  };
  for (let p = 0; p < count; p++) {
    if ((bits[p] as number) < linkBits) continue;
    linked++;
    const [i, j] = [left[p] as number, right[p] as number];
    const [a, b] = [find(i), find(j)];
    if (a !== b) personOf.set(Math.max(a, b), Math.min(a, b));
    if (!columns) continue;
    const [names, born] = columns;
    const [x, y] = [born.code(i), born.code(j)];
    if (x >= 0 && y >= 0 && x !== y && clearlyDiffer(names.dictionary.values[names.code(i)], names.dictionary.values[names.code(j)]))
      absurd++;
  }
  const doubts: string[] = [];
  if (linked > 0 && absurd / linked > absurdPairs)
    doubts.push(
      `${absurd.toLocaleString('en-GB')} of the ${linked.toLocaleString('en-GB')} pairs that it would link have other forenames and other birth dates`,
    );
  if (records.sources.length > 1 && linked > 0) {
    const sizes = new Map<number, number>();
    for (let row = 0; row < records.count; row++) if (!records.removed.has(row)) sizes.set(find(row), (sizes.get(find(row)) ?? 0) + 1);
    const several = [...sizes.values()].filter((size) => size > 1);
    const large = several.filter((size) => size > records.sources.length).length;
    if (several.length >= 20 && large / several.length > absurdPersons)
      doubts.push(`${large} of ${several.length} people with several records would have more of them than there are sources`);
  }
  return doubts;
}

/**
 * What one person's records show at each level where nothing could be learnt, by kind of comparison. Rounded from what is published
 * of administrative data (Fellegi & Sunter 1969 and Winkler 1990 give the method; Harron, Dibben and others 2017 for errors of 1 to 5 %
 * in names and birth dates of health and social records; about one person in ten moves house in a year): rather too many
 * differences than too few, so that less is linked. They are published in docs/choosing-a-linkage-model.md.
 */
export const carefulShares: Record<string, { same: number; different: number }> = {
  personalName: { same: 0.9, different: 0.03 },
  name: { same: 0.88, different: 0.08 },
  date: { same: 0.95, different: 0.01 },
  number: { same: 0.96, different: 0.02 },
  shared: { same: 0.65, different: 0.28 },
  other: { same: 0.8, different: 0.15 },
};

/** Every person is taken to have this many other records in expectation, and so many others in the household. */
const carefulCopies = 0.2;
const carefulHousehold = 2;

/**
 * A model with careful published shares in place of what cannot be learnt: m from `carefulShares`, u from random pairs of the
 * records themselves, and a household beside the strangers, so that what a household shares speaks for no one person.
 */
export function carefulModel(records: Records, model: LinkageModel, options: CandidateOptions = {}): LinkageModel {
  const random = countRandom(records, new Patterns(model, records, { rememberedPairs: 0 }), 1_000_000, options.pairs === 'between sources');
  const fixed = fixedValues(model);
  const m = model.comparisons.map((comparison, c) => carefulM(model, comparison, fixed.m[c] as (number | null)[]));
  const u = estimateU(random, null, m, fixed.u);
  const pairs = Math.max(1, possiblePairs(records, options.pairs));
  const share = (each: number) => Math.min(0.1, (records.size * each) / 2 / pairs);
  return {
    ...model,
    comparisons: model.comparisons.map((comparison, c) => ({
      ...comparison,
      mBySources: undefined,
      levels: comparison.levels.map((level, l): Level => {
        if (level.neutral) return level;
        const [own, others] = [m[c]?.[l] as number, u[c]?.[l] as number];
        return {
          ...level,
          m: { value: own, origin: 'careful default' },
          u: { value: others, origin: 'estimated' },
          h: { value: comparison.personal ? others : own, origin: 'careful default' },
        };
      }),
    })),
    household: { value: share(carefulHousehold), origin: 'careful default' },
    prior: model.prior?.origin === 'fixed' ? model.prior : { value: share(carefulCopies), origin: 'careful default' },
  };
}

function carefulM(model: LinkageModel, comparison: Comparison, fixed: (number | null)[]): number[] {
  const standard = model.fields.find(({ name }) => name === comparison.needs.flat()[0])?.standard;
  const kind =
    standard === 'name'
      ? comparison.personal
        ? 'personalName'
        : 'name'
      : standard === 'date'
        ? 'date'
        : ['nhs', 'upn', 'nino', 'pnc', 'cro'].includes(String(standard))
          ? 'number'
          : standard === 'postcode' || standard === 'phone' || standard === 'email' || (standard === 'text' && comparison.levels.length > 2)
            ? 'shared'
            : 'other';
  const { same, different } = carefulShares[kind] as { same: number; different: number };
  const start = startM(comparison, fixed);
  const last = start.length - 1;
  const between = start.slice(1, last).reduce((sum, value) => sum + value, 0);
  return start.map(
    (value, l) => fixed[l] ?? (l === 0 ? same : l === last ? different : ((1 - same - different) * value) / Math.max(between, 1e-9)),
  );
}
