import { EngineDamagedError } from '@waymark/engine';
import { InputFileError, LargeBlockError, ModelError, RecordIdError } from '@waymark/linkage';
import { ToldError } from '../platform/told-error.ts';

/** Those of the packages, which know nothing of this application. */
const ofPackages = [EngineDamagedError, InputFileError, LargeBlockError, ModelError, RecordIdError];

/** Whether an error's own words are enough for whoever gave the command or started the server. */
export function isTold(error: unknown): error is Error {
  return error instanceof ToldError || ofPackages.some((kind) => error instanceof kind);
}
