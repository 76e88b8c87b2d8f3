import { Command } from 'commander';
import { defineAllocate } from './commands/allocate.ts';
import { defineAudit } from './commands/audit.ts';
import { defineCheck } from './commands/check.ts';
import { defineCredential } from './commands/credential.ts';
import { defineEvidence } from './commands/evidence.ts';
import { defineImportCrimes } from './commands/import-crimes.ts';
import { defineImportFixes } from './commands/import-fixes.ts';
import { defineImportRecords } from './commands/import-records.ts';
import { defineLink } from './commands/link.ts';
import { defineMadeUp } from './commands/made-up.ts';
import { defineProfile } from './commands/profile.ts';
import { defineQuarantine } from './commands/quarantine.ts';
import { defineRepair } from './commands/repair.ts';
import { defineRetention } from './commands/retention.ts';
import { defineSimulate } from './commands/simulate.ts';
import { whole } from './commands/terminal.ts';
import { isTold } from './commands/told-errors.ts';
import { defineVerdicts } from './commands/verdicts.ts';

/** `waymark`: what can be done from the command line. Results go to stdout, progress and words to stderr. */
const program = new Command('waymark').description('Positions and crimes in, verdicts out.').version('0.1.0').showHelpAfterError();

const imports = program.command('import').description('read files of fixes or crimes');
defineImportFixes(imports);
defineImportCrimes(imports);
defineImportRecords(imports);
for (const define of [
  defineProfile,
  defineRetention,
  defineSimulate,
  defineAllocate,
  defineLink,
  defineVerdicts,
  defineEvidence,
  defineQuarantine,
  defineCheck,
  defineRepair,
  defineAudit,
  defineCredential,
  defineMadeUp,
])
  define(program);

program
  .command('serve')
  .description('serve pages, API and ingest')
  .option('--data <dir>', 'folder of the embedded stores')
  .option('--port <n>', 'port to listen on', whole)
  .option('--host <address>', 'address to listen on (default 127.0.0.1)')
  .action(async ({ data, port, host }: { data?: string; port?: number; host?: string }) => {
    if (data) process.env.WAYMARK_DATA = data;
    if (port !== undefined) process.env.WAYMARK_PORT = String(port);
    if (host) process.env.WAYMARK_HOST = host;
    await import('./main.ts');
  });

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe went away: nothing more is wanted.
  if (error.code === 'EPIPE') process.exit(0);
});
try {
  await program.parseAsync();
} catch (error) {
  if (isTold(error)) console.error(error.message);
  else console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  process.exit(1);
}
