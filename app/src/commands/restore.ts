import type { Command as CommandLine } from 'commander';
import { checkBackup, chosenBackup, restoreBackup } from '../backup/index.ts';
import { consoleActor } from './command.ts';
import { configOf, Progress, print, tell } from './terminal.ts';

/** `waymark restore` */
export function defineRestore(program: CommandLine): void {
  program
    .command('restore')
    .argument('<backup>', 'a backup, or a folder of backups, of which the newest is meant')
    .description('make an installation of a backup, in a data folder that is not there yet')
    .option('--data <dir>', 'the data folder to make (default: data, or WAYMARK_DATA); with --check nothing is made')
    .option('--check', 'prove the backup: restore it beside, check both stores and the audit, work a run out again, and remove the copy')
    .option('--beside <dir>', 'with --check: a folder with room for the copy (default: the one for temporary files)')
    .option('--json', 'print the result as JSON')
    .action(async (folder: string, options) => {
      const config = configOf(options);
      const backup = chosenBackup(folder);
      const bar = new Progress();
      const onProgress = (done: number, all: number) => bar.show({ done, all, unit: 'files' });
      try {
        if (!options.check) {
          const restored = await restoreBackup(backup, config.WAYMARK_DATA, {
            databaseUrl: config.DATABASE_URL,
            engineMb: config.WAYMARK_ENGINE_MB,
            onProgress,
          });
          bar.end();
          if (options.json) return await print(`${JSON.stringify({ ...restored, data: config.WAYMARK_DATA })}\n`);
          await print(`${config.WAYMARK_DATA}\n`);
          return tell(
            `${(restored.rows.fixes ?? 0).toLocaleString('en-GB')} fixes; all as of ${backup.manifest.moment}. Start Waymark on it: both stores are held against each other then.`,
          );
        }
        const check = await checkBackup(backup, config, consoleActor('crime-matching'), {
          onProgress,
          ...(options.beside ? { beside: options.beside } : {}),
        });
        bar.end();
        if (check.faults.length > 0) process.exitCode = 7;
        if (options.json) return await print(`${JSON.stringify(check)}\n`);
        for (const fault of check.faults) await print(`WRONG  ${fault}\n`);
        if (check.faults.length === 0) await print(`The backup of ${check.moment} is good.\n`);
        tell(
          `${check.fixes.toLocaleString('en-GB')} fixes, ${check.auditEntries.toLocaleString('en-GB')} audit entries, ` +
            `${check.run ? `run ${check.run.id} worked out again to the same ${check.run.verdicts.toLocaleString('en-GB')} verdicts` : 'no run that could be worked out again'}, in ${(check.tookMs / 1000).toFixed(1)} s.`,
        );
      } finally {
        bar.end();
      }
    });
}
