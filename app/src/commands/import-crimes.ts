import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Command as CommandLine } from 'commander';
import { importCrimes } from '../supervision/index.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor, existing } from './command.ts';
import { print, run, tell, withData } from './terminal.ts';

export const importCrimesCommand = {
  name: 'import-crimes',
  async run(waymark: Waymark, args: { file: string; strict?: boolean }) {
    const file = existing(args.file);
    const result = await importCrimes(waymark.performer, consoleActor('crime-matching'), waymark, {
      fileName: basename(file),
      bytes: readFileSync(file),
      strict: args.strict === true,
    });
    return result;
  },
};

/** `waymark import crimes` */
export function defineImportCrimes(program: CommandLine): void {
  withData(
    program
      .command('crimes')
      .argument('<file>', 'UK crime-matching batch, CSV with a header, or GeoJSON')
      .description('read crimes; bad rows are listed with what to mend')
      .option('--strict', 'refuse windows longer than 12 hours'),
  ).action(async (file: string, options) => {
    const result = await run(importCrimesCommand, options, { file: resolve(file), strict: options.strict });
    if (options.json) await print(`${JSON.stringify(result)}\n`);
    else {
      await print(
        `${result.rows} rows: ${result.counts.new} new, ${result.counts.changed} changed, ${result.counts.unchanged} the same, ${result.refused} refused\n`,
      );
      for (const p of result.problems)
        tell(`${p.row ? `row ${p.row}` : 'file'}, ${p.field} "${p.value}": ${p.message} ${p.action} [${p.code}]`);
    }
    if (result.accepted === 0 && result.problems.some((p) => p.severity === 'error')) process.exitCode = 2;
  });
}
