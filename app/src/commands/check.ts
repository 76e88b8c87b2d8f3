import type { Command as CommandLine } from 'commander';
import { readConfig } from '../config.ts';
import { checkOutside } from './check-outside.ts';
import { print } from './terminal.ts';

/** `waymark check` */
export function defineCheck(program: CommandLine): void {
  program
    .command('check')
    .description('try every system that the configuration names: database, identity provider, broker, mail server')
    .option('--json', 'print the result as JSON')
    .action(async (options) => {
      const found = await checkOutside(readConfig());
      if (options.json) await print(`${JSON.stringify(found)}\n`);
      else if (found.length === 0) await print('The configuration names no system outside: everything is embedded.\n');
      else
        for (const { system, wrong } of found)
          await print(`${wrong === null ? 'well ' : 'WRONG'}  ${system}${wrong === null ? '' : `: ${wrong}`}\n`);
      if (found.some(({ wrong }) => wrong !== null)) process.exitCode = 6;
    });
}
