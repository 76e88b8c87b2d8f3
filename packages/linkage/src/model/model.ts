import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { Field } from '../standardise/field.ts';

/**
 * A linkage model as data: how values are made comparable, what is compared, which pairs are looked at, and what the
 * comparisons tell. One JSON document holds all of it; nothing about a model is hidden in code.
 */

const Name = Type.String({ minLength: 1, maxLength: 200 });
const Probability = Type.Number({ minimum: 0, maximum: 1 });

export const takes = [
  'first',
  'last',
  'year',
  'month and day',
  'area',
  'outward',
  'sector',
  'before @',
  'sound',
  'sorted words',
  'longest word',
] as const;

/** A value made from fields, for equality: a part of one field, or several fields' words in one. */
export const Part = Type.Object(
  {
    fields: Type.Array(Name, { minItems: 1 }),
    take: Type.Optional(Type.Enum(takes)),
    /** How many characters, for `first` and `last`. */
    length: Type.Optional(Type.Integer({ minimum: 1, maximum: 50 })),
  },
  { additionalProperties: false },
);
export type Part = Static<typeof Part>;

/** What must hold between two records. Of a missing value nothing holds. */
export type Condition =
  | { equal: string }
  | { part: Part }
  | { similar: string; atLeast: number }
  | { edits: string; atMost: number }
  | { nickname: string }
  /** The words of one value are among the words of the other: `ann` and `ann marie`, a double-barrelled name and its half. */
  | { contained: string }
  /** The first field of each record stands in the second of the other. */
  | { swapped: [string, string] }
  | { daysApart: string; atMost: number }
  /** Day and month exchanged. */
  | { turned: string }
  /** Lists with a value in common. */
  | { shared: string }
  /** Both identifiers have a right check digit. */
  | { proven: string }
  | { all: Condition[] }
  | { any: Condition[] };

const only = { additionalProperties: false };

export const Condition = Type.Cyclic(
  {
    Condition: Type.Union([
      Type.Object({ equal: Name }, only),
      Type.Object({ part: Part }, only),
      Type.Object({ similar: Name, atLeast: Probability }, only),
      Type.Object({ edits: Name, atMost: Type.Integer({ minimum: 1, maximum: 20 }) }, only),
      Type.Object({ nickname: Name }, only),
      Type.Object({ contained: Name }, only),
      Type.Object({ swapped: Type.Tuple([Name, Name]) }, only),
      Type.Object({ daysApart: Name, atMost: Type.Number({ minimum: 0 }) }, only),
      Type.Object({ turned: Name }, only),
      Type.Object({ shared: Name }, only),
      Type.Object({ proven: Name }, only),
      Type.Object({ all: Type.Array(Type.Ref('Condition'), { minItems: 1 }) }, only),
      Type.Object({ any: Type.Array(Type.Ref('Condition'), { minItems: 1 }) }, only),
    ]),
  },
  'Condition',
);

/**
 * Where a probability comes from. `careful default`: published, because the data could teach nothing. `bounded`: never seen among the pairs looked at, so at most this. `not estimated`: the
 * data could not tell, and the level says nothing.
 */
export const origins = ['fixed', 'estimated', 'from labels', 'bounded', 'not estimated', 'careful default'] as const;
const Origin = Type.Enum(origins);
export type Origin = Static<typeof Origin>;

export const Estimate = Type.Object({ value: Probability, origin: Origin }, only);
export type Estimate = Static<typeof Estimate>;

export const Level = Type.Object(
  {
    label: Name,
    /** Missing on the last level, which takes what no other took. */
    when: Type.Optional(Condition),
    /** P(this level | same person). */
    m: Type.Optional(Estimate),
    /** P(this level | two different persons). */
    u: Type.Optional(Estimate),
    /** P(this level | two different people of one household); where it is missing a household is like strangers. */
    h: Type.Optional(Estimate),
    /** Agreement on a rare value of this field tells more: its own frequency stands in for u. */
    byFrequencyOf: Type.Optional(Name),
    /** Tells nothing here, because another comparison counts it. */
    neutral: Type.Optional(Type.Boolean()),
  },
  only,
);
export interface Level extends Omit<Static<typeof Level>, 'when'> {
  when?: Condition;
}

export const Comparison = Type.Object(
  {
    name: Name,
    /** Sets of fields; unless one whole set is known on both sides, the comparison tells nothing. */
    needs: Type.Array(Type.Array(Name, { minItems: 1 }), { minItems: 1 }),
    /** From the strongest agreement down; the first that holds counts. */
    levels: Type.Array(Level, { minItems: 2, maxItems: 30 }),
    /** Tells one person of a household from another: forename, birth date, an identifier. */
    personal: Type.Optional(Type.Boolean()),
    /** m by pair of sources, where asked for, in the order of the levels. */
    mBySources: Type.Optional(Type.Array(Type.Object({ sources: Type.Tuple([Name, Name]), m: Type.Array(Probability) }, only))),
  },
  only,
);
export interface Comparison extends Omit<Static<typeof Comparison>, 'levels'> {
  levels: Level[];
}

export const BlockingRule = Type.Object({ name: Name, equal: Type.Array(Part, { minItems: 1 }) }, only);

export type BlockingRule = Static<typeof BlockingRule>;

export const LinkageModel = Type.Object(
  {
    format: Type.Literal('waymark-linkage-1'),
    name: Type.Optional(Type.String({ maxLength: 200 })),
    /** Raised by whoever changes the model. */
    version: Type.Optional(Type.Integer({ minimum: 1 })),
    fields: Type.Array(Field, { minItems: 1 }),
    comparisons: Type.Array(Comparison, { minItems: 1, maxItems: 40 }),
    blocking: Type.Array(BlockingRule, { minItems: 1, maxItems: 31 }),
    /** P(same person) of two records picked at random. */
    prior: Type.Optional(Estimate),
    /** P(two different people of one household) of two records picked at random, where the records show households. */
    household: Type.Optional(Estimate),
    /** Match weights in bits: from `link` a pair is linked, from `review` a person decides. */
    thresholds: Type.Object({ linkBits: Type.Number(), reviewBits: Type.Number() }, only),
  },
  only,
);
export interface LinkageModel extends Omit<Static<typeof LinkageModel>, 'comparisons'> {
  comparisons: Comparison[];
}

/** A model that cannot be used, with every fault found. */
export class ModelError extends Error {
  override name = 'ModelError';
  readonly faults: string[];
  constructor(faults: string[]) {
    super(
      `There is no usable linkage model: ${faults.slice(0, 5).join('; ')}${faults.length > 5 ? `; and ${faults.length - 5} more` : ''}`,
    );
    this.faults = faults;
  }
}

/**
 * Reads a model from parsed JSON.
 * @throws ModelError naming each place, what stands there and what should.
 */
export function readModel(json: unknown): LinkageModel {
  if (!Value.Check(LinkageModel, json)) {
    const faults = Value.Errors(LinkageModel, json).map((error) => `${error.instancePath || 'the document'} ${error.message}`);
    throw new ModelError(faults.length > 0 ? [...new Set(faults)] : ['it does not have the form of a model']);
  }
  const model = json as LinkageModel;
  const faults = inconsistencies(model);
  if (faults.length > 0) throw new ModelError(faults);
  return model;
}

/** Names that stand for nothing, levels in the wrong order, and the like. */
export function inconsistencies(model: LinkageModel): string[] {
  const faults: string[] = [];
  const fields = new Map(model.fields.map((field) => [field.name, field]));
  const known = (name: string, where: string) => {
    if (!fields.has(name)) faults.push(`${where} names the field "${name}", which the model does not have`);
  };
  for (const [kind, names] of [
    ['field', model.fields.map(({ name }) => name)],
    ['comparison', model.comparisons.map(({ name }) => name)],
    ['blocking rule', model.blocking.map(({ name }) => name)],
  ] as const) {
    for (const name of new Set(names.filter((name, i) => names.indexOf(name) !== i))) faults.push(`there are two of the ${kind} "${name}"`);
  }
  for (const comparison of model.comparisons) {
    const where = `the comparison "${comparison.name}"`;
    for (const field of comparison.needs.flat()) known(field, where);
    comparison.levels.forEach((level, i) => {
      const isLast = i === comparison.levels.length - 1;
      if (isLast && level.when) faults.push(`the last level of ${where} must take what no other took, so it has no condition`);
      if (!isLast && !level.when) faults.push(`the level "${level.label}" of ${where} has no condition`);
      for (const field of level.when ? fieldsOf(level.when) : []) known(field, where);
      if (level.byFrequencyOf) known(level.byFrequencyOf, where);
    });
    for (const { sources, m } of comparison.mBySources ?? []) {
      if (m.length !== comparison.levels.length)
        faults.push(`${where} has ${m.length} values of m for ${sources.join(' and ')}, and ${comparison.levels.length} levels`);
    }
  }
  for (const rule of model.blocking)
    for (const part of rule.equal) for (const field of part.fields) known(field, `the blocking rule "${rule.name}"`);
  if (model.thresholds.reviewBits > model.thresholds.linkBits) faults.push('the threshold for review lies above the one for linking');
  return faults;
}

/** Every field a condition reads. */
export function fieldsOf(condition: Condition): string[] {
  if ('all' in condition) return condition.all.flatMap(fieldsOf);
  if ('any' in condition) return condition.any.flatMap(fieldsOf);
  if ('part' in condition) return condition.part.fields;
  if ('swapped' in condition) return condition.swapped;
  return [fieldOf(condition)];
}

/** The field of a condition on one field. Stores hand JSON back with its keys in an order of their own, so none is relied on. */
function fieldOf({ atMost: _most, atLeast: _least, ...rest }: { atMost?: number; atLeast?: number; [kind: string]: unknown }): string {
  return Object.values(rest)[0] as string;
}
