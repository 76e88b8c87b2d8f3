import type { Command as CommandLine } from 'commander';
import { CommandError, repair } from './run-command.ts';
import { configOf, print } from './terminal.ts';

/** `waymark repair` */
export function defineRepair(program: CommandLine): void {
  program
    .command('repair')
    .description('go on with what is left where the end of a store is lost for good; a start says when that is so')
    .option('--data <dir>', 'folder of the embedded stores (default: data, or WAYMARK_DATA)')
    .option('--yes', 'say that what is lost is lost')
    .action(async (options) => {
      if (!options.yes)
        throw new CommandError(
          'Restore a backup with both halves first, where there is one. If what is lost is lost for good, say so with --yes; it is put on record.',
        );
      await print(`${await repair(configOf(options))}\n`);
    });
}
