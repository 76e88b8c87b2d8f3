import { resolve } from 'node:path';
import { Town, writeAgencies, writeTown } from '@waymark/town';
import type { Command as CommandLine } from 'commander';
import { decimal, Progress, print, whole } from './terminal.ts';
import { writePeople } from './write-people.ts';

/** `waymark town`, `waymark people` and `waymark agencies`: fictional data with the truth */
export function defineMadeUp(program: CommandLine): void {
  program
    .command('town')
    .description('write a fictional town with ground truth, of any size')
    .option('--wearers <n>', 'how many wearers', whole, 60)
    .option('--days <n>', 'how many days', whole, 14)
    .option('--crimes <n>', 'how many crimes', whole, 60)
    .option('--seed <n>', 'the same seed gives the same town', whole, 7)
    .requiredOption('--out <dir>', 'folder to write to')
    .option('--json', 'print the result as JSON')
    .action(async (options) => {
      const town = new Town({ wearers: options.wearers, days: options.days, crimes: options.crimes, seed: options.seed });
      const progress = new Progress();
      const result = await writeTown(town, options.out, (done) => progress.show({ done, all: options.wearers, unit: 'wearers' }));
      progress.end();
      await print(
        options.json
          ? `${JSON.stringify(result)}\n`
          : `${result.fixes} fixes and ${result.crimes} crimes in ${options.out}: ${result.files.join(', ')}\n`,
      );
    });

  program
    .command('people')
    .description('write made-up people as agencies hold them, with errors and the truth, as CSV')
    .option('--people <n>', 'about how many people; records are some two and a half times as many', whole, 1000)
    .option('--errors <factor>', 'multiplies every rate of error', decimal, 1)
    .option('--seed <n>', 'the same seed gives the same people', whole, 1)
    .requiredOption('--out <file>', 'file to write')
    .action(async (options) => {
      const records = await writePeople(resolve(options.out), options);
      await print(`${records} records of ${options.people} people in ${options.out}\n`);
    });

  program
    .command('agencies')
    .description("write the files of a fictional town's five agencies, each in its own format, with the truth")
    .option('--people <n>', 'how many people live in the town', whole, 1000)
    .option('--errors <factor>', 'multiplies every rate of error', decimal, 1)
    .option('--seed <n>', 'the same seed gives the same files', whole, 1)
    .requiredOption('--out <dir>', 'folder to write to')
    .option('--json', 'print the result as JSON')
    .action(async (options) => {
      const { people, errors, seed } = options;
      const today = new Date().toISOString().slice(0, 10);
      const { files, records } = await writeAgencies(resolve(options.out), { people, errors, seed, today });
      if (options.json) return print(`${JSON.stringify({ files, records })}\n`);
      for (const { file, agency, mapping, records: rows } of files)
        await print(`${file}\t${agency}\tmapping ${mapping}\t${rows} records\n`);
    });
}
