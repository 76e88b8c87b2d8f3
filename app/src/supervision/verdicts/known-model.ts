import { defaultParameters, type PresenceParameters } from '@waymark/presence';
import { ToldError } from '../../platform/told-error.ts';

/** Of a run's model, whether those called present are left out of who would be there by chance; earlier ones counted everybody. */
export const countsOthersAlone = (model: string): boolean => !['presence-1', 'presence-2', 'presence-3'].includes(model);

/** What was worked out by another model of presence is repeated by the program that has it. */
class OtherModelError extends ToldError {
  override name = 'OtherModelError';
}

/** Whether parameters on record are those of this program's model: with those of another, sums would mean nothing. */
export function isKnownModel(parameters: PresenceParameters): boolean {
  return Object.keys(defaultParameters).every((name) => Number.isFinite(parameters[name as keyof PresenceParameters]));
}

/** @throws OtherModelError where parameters are not of this program's model, see `isKnownModel` */
export function requireKnownModel(parameters: PresenceParameters): void {
  if (!isKnownModel(parameters))
    throw new OtherModelError(
      'This was worked out with another model of presence, whose parameters this program does not have. Repeat it with the version of the program that made it.',
    );
}
