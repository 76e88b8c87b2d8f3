import type { LinkageModel } from './model.ts';

/** Fields by what they are to a person, told from what a model compares and how. */
export interface Roles {
  forename: string | null;
  surname: string | null;
  dateOfBirth: string | null;
  /** Numbers with check digits. */
  identifiers: string[];
  /** What a household shares: address, postcode, phone. */
  shared: string[];
}

const numbered = ['nhs', 'upn', 'nino', 'pnc', 'cro'];

export function rolesOf({ fields, comparisons }: LinkageModel): Roles {
  const standardOf = new Map(fields.map(({ name, standard }) => [name, standard]));
  const roles: Roles = { forename: null, surname: null, dateOfBirth: null, identifiers: [], shared: [] };
  for (const { name, needs, levels, personal } of comparisons) {
    const [field] = needs.flat();
    if (field === undefined) continue;
    const standard = standardOf.get(field);
    const asksForPetForm = levels.some(({ when }) => when !== undefined && 'nickname' in when);
    if (standard === 'name' && personal && asksForPetForm && !/middle|full|whole/i.test(name)) roles.forename ??= field;
    else if (standard === 'name' && !personal) roles.surname ??= field;
    else if (standard === 'date' && personal) roles.dateOfBirth ??= field;
    else if (standard !== undefined && numbered.includes(standard)) roles.identifiers.push(field);
    else if (!personal && (standard === 'text' || standard === 'postcode') && !/sex|gender|ethnic|title|country|state/i.test(field))
      roles.shared.push(field);
  }
  return roles;
}
