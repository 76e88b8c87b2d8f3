import {
  block,
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

/** What agencies' records are compared in. Trained on the records themselves before it is used. */
export function untrainedModel(): LinkageModel {
  return composeModel({
    name: 'agencies',
    comparisons: [
      name('forename', { swappedWith: 'surname' }),
      name('middle_name', { forename: true }),
      name('surname', { swapIsCountedBy: 'forename' }),
      dateOfBirth('date_of_birth'),
      category('sex'),
      text('address'),
      postcode('postcode'),
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
