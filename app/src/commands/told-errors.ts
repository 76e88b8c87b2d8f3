/** Errors that say what is wrong and what to do: their words are enough. */
const expected = new Set([
  'CommandError',
  'ConfigError',
  'InvalidError',
  'NotFoundError',
  'RefusedError',
  'UnsafeLoginError',
  'InputFileError',
  'LargeBlockError',
  'ModelError',
  'RecordIdError',
  'InstallationError',
  'MigrationError',
  'EngineDamagedError',
]);

/** Whether an error's own words are for whoever gave the command. */
export function isTold(error: unknown): error is Error {
  return error instanceof Error && expected.has(error.name);
}
