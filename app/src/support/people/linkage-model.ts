import {
  block,
  type Composed,
  category,
  composeModel,
  dateOfBirth,
  email,
  identifier,
  type LinkageModel,
  name,
  type Part,
  phone,
  postcode,
  text,
} from '@waymark/linkage';

/**
 * From this weight records are linked without a person's decision: odds of 32 to 1 and better. A wrong link shows one
 * person's life to another, so that the bar is higher than where a link only costs.
 */
export const linkBits = 5;
/** From this weight a pair is shown to a person: odds of 1 to 4 and better. */
export const reviewBits = -2;

const part = (field: string, take: Part['take'], length?: number): Part => ({ fields: [field], take, ...(length ? { length } : {}) });

/**
 * Beside the values that records give as present, one may still have what another gives as former: a level of its own for
 * a value in common among both.
 */
function withFormer(composed: Composed, former: string): Composed {
  const [field] = composed.fields;
  if (!field) return composed;
  const both = `${field.name} or ${former}`;
  const [same, ...others] = composed.comparison.levels;
  if (!same) return composed;
  return {
    fields: [...composed.fields, { name: both, from: [field.name, former], standard: field.standard, list: true }],
    comparison: {
      ...composed.comparison,
      levels: [same, { label: 'a former one in common', when: { shared: both } }, ...others],
    },
  };
}

/** What agencies' records are compared in. Trained on the records themselves before it is used. */
export function untrainedModel(): LinkageModel {
  return composeModel({
    name: 'agencies',
    comparisons: [
      name('forename', { swappedWith: 'surname' }),
      name('middle_name', { forename: true }),
      withFormer(name('surname', { swapIsCountedBy: 'forename' }), 'surname_before'),
      dateOfBirth('date_of_birth'),
      category('sex'),
      withFormer(text('address'), 'address_before'),
      withFormer(postcode('postcode'), 'postcode_before'),
      phone('phone'),
      email('email'),
      identifier('nhs_number', { kind: 'nhs' }),
      identifier('upn', { kind: 'upn' }),
    ],
    blocking: [
      block('nhs_number'),
      block('upn'),
      block('date_of_birth'),
      block('email'),
      block('forename', 'surname'),
      block('surname', 'postcode'),
      block('forename', 'postcode'),
      block('address', 'postcode'),
      block('forename', 'address'),
      block(part('surname', 'sound'), part('date_of_birth', 'year')),
      block(part('forename', 'first', 3), part('date_of_birth', 'first', 7)),
    ],
    linkBits,
    reviewBits,
  });
}
