import { ToldError } from '../told-error.ts';

/** The lake cannot be used: the message says why, and what to do. */
export class LakeError extends ToldError {
  override name = 'LakeError';
}
