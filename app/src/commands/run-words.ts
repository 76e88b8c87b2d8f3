import { Command, CommanderError } from 'commander';
import { version } from '../version.ts';
import { defineAllocate } from './allocate.ts';
import { defineAudit } from './audit.ts';
import { defineBackup } from './backup.ts';
import { defineCheck } from './check.ts';
import { defineCredential } from './credential.ts';
import { defineEvidence } from './evidence.ts';
import { defineImportCrimes } from './import-crimes.ts';
import { defineImportFixes } from './import-fixes.ts';
import { defineImportGazetteer } from './import-gazetteer.ts';
import { defineImportMap } from './import-map.ts';
import { defineImportRecords } from './import-records.ts';
import { defineLake } from './lake.ts';
import { defineLink } from './link.ts';
import { defineMadeUp } from './made-up.ts';
import { defineProfile } from './profile.ts';
import { defineQuarantine } from './quarantine.ts';
import { defineRepair } from './repair.ts';
import { defineRestore } from './restore.ts';
import { defineRetention } from './retention.ts';
import { defineSimulate } from './simulate.ts';
import { tell } from './terminal.ts';
import { isTold } from './told-errors.ts';
import { defineVerdicts } from './verdicts.ts';

type DefineCommand = (program: Command) => void;

/** `waymark`: what can be done from the command line. Results go to stdout, progress and words to stderr. */
function commandLine(more: DefineCommand[]): Command {
  // Set before commands are added, which take it over: an end is told to whoever runs this.
  const program = new Command('waymark').exitOverride();
  program.description('Positions and crimes in, verdicts out.').version(version).showHelpAfterError();
  const imports = program.command('import').description('read files of fixes or crimes');
  for (const define of [defineImportFixes, defineImportCrimes, defineImportRecords, defineImportGazetteer, defineImportMap])
    define(imports);
  for (const define of [
    defineProfile,
    defineRetention,
    defineSimulate,
    defineAllocate,
    defineLake,
    defineLink,
    defineVerdicts,
    defineEvidence,
    defineQuarantine,
    defineCheck,
    defineRepair,
    defineBackup,
    defineRestore,
    defineAudit,
    defineCredential,
    defineMadeUp,
    ...more,
  ])
    define(program);
  return program;
}

/**
 * Runs what was typed after `waymark`.
 * @param more commands beside those on a data folder
 * @returns the code to end with: 0 where all is well, 1 where it could not be done, and what a command set for itself
 */
export async function runWords(words: string[], more: DefineCommand[] = []): Promise<number> {
  process.exitCode = undefined;
  try {
    await commandLine(more).parseAsync(words, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Help, or words that are none of the command's: what there is to say has been said.
    if (error instanceof CommanderError) return error.exitCode;
    if (isTold(error)) tell(error.message);
    else tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  }
}
