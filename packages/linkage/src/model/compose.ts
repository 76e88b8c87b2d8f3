import type { Field } from '../standardise/field.ts';
import type { Composed } from './comparisons.ts';
import { type BlockingRule, inconsistencies, type LinkageModel, ModelError, type Part } from './model.ts';

/** From this weight a pair is linked: more likely than not the same person. Where links have consequences, ask for more. */
export const defaultLinkBits = 0;
/** From this weight a person decides: 1 to 20. */
export const defaultReviewBits = -Math.log2(20);

/** A blocking rule from parts: a field's name stands for its whole value. */
export function block(...parts: (string | Part)[]): BlockingRule {
  const equal = parts.map((part): Part => (typeof part === 'string' ? { fields: [part] } : part));
  return { name: equal.map(partInWords).join(' and '), equal };
}

/** `surname`, `first 3 of forename`, `year of birth date`. */
export function partInWords({ fields, take, length }: Part): string {
  const of = fields.join(' with ');
  if (!take) return of;
  return length ? `${take} ${length} of ${of}` : `${take} of ${of}`;
}

/**
 * Puts a model together.
 * @throws ModelError when parts name fields that no comparison brings.
 */
export function composeModel(parts: {
  name?: string;
  comparisons: Composed[];
  blocking: BlockingRule[];
  /** Fields that only blocking rules read. */
  fields?: Field[];
  linkBits?: number;
  reviewBits?: number;
}): LinkageModel {
  const fields = new Map<string, Field>();
  for (const field of [...parts.comparisons.flatMap((part) => part.fields), ...(parts.fields ?? [])]) fields.set(field.name, field);
  const model: LinkageModel = {
    format: 'waymark-linkage-1',
    ...(parts.name ? { name: parts.name } : {}),
    fields: [...fields.values()],
    comparisons: parts.comparisons.map(({ comparison }) => comparison),
    blocking: parts.blocking,
    thresholds: { linkBits: parts.linkBits ?? defaultLinkBits, reviewBits: parts.reviewBits ?? defaultReviewBits },
  };
  const faults = inconsistencies(model);
  if (faults.length > 0) throw new ModelError(faults);
  return model;
}
