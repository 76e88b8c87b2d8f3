import type { LinkageModel } from '../model/model.ts';
import { rolesOf } from '../model/roles.ts';
import type { Constraints } from './constraints.ts';

/** What is never one person by itself, as far as the fields of a model can tell: twins, other people of one name, other numbers. */
export function rulesOf(model: LinkageModel): Pick<Constraints, 'twins' | 'apart'> {
  const { forename, surname, dateOfBirth, identifiers, shared } = rolesOf(model);
  if (!dateOfBirth) return {};
  return {
    ...(forename && surname && shared.length > 0 ? { twins: { forename, surname, dateOfBirth, address: shared, identifiers } } : {}),
    apart: { dateOfBirth, identifiers, ...(forename ? { forename } : {}), ...(surname ? { surname } : {}) },
  };
}
