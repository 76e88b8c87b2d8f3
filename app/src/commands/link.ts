import { resolve } from 'node:path';
import type { Command as CommandLine } from 'commander';
import { areProfilesOld, computeProfiles, isLinkingDue, linkRecords } from '../support/index.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor, type Emit } from './command.ts';
import { linkFiles } from './link-files.ts';
import { type CommonOptions, decimal, Progress, print, run, tell, whole } from './terminal.ts';

export const linkPeopleCommand = {
  name: 'link-people',
  async run(waymark: Waymark, _args: unknown, emit: Emit) {
    const { performer, database } = waymark;
    const linked = (await isLinkingDue(database.db))
      ? await linkRecords(
          performer,
          consoleActor('record-linkage'),
          (step, done, all) => void emit({ kind: 'progress', done, all, unit: step }),
        )
      : null;
    const profiled =
      linked || (await areProfilesOld(database.db, waymark)) ? await computeProfiles(performer, consoleActor('support'), waymark) : 0;
    return linked && { ...linked, profiled };
  },
};

/** Without files: the records in the data folder. */
async function linkPeople(options: CommonOptions): Promise<void> {
  const result = await run(linkPeopleCommand, options, {});
  if (options.json) return print(`${JSON.stringify(result)}\n`);
  if (!result) return print('Nothing has come in or changed since the last time.\n');
  await print(
    `${result.records} records are ${result.persons} people; ${result.changed} records have a new person; ${result.review} pairs wait for review. ${(result.tookMs / 1000).toFixed(1)} s\n`,
  );
  if (result.doubts.length > 0) tell(`These records teach too little, and careful defaults are used: ${result.doubts.join('; ')}`);
}

/** `waymark link` */
export function defineLink(program: CommandLine): void {
  program
    .command('link')
    .argument('[file...]', 'CSV or Parquet; several files are several sources. Without any: the records of the data folder')
    .option('--data <dir>', 'folder of the embedded stores, where no file is given')
    .description('find the records that are the same person')
    .option('--model <file>', 'a linkage model in JSON (default: guessed from the columns)')
    .option('--id <column>', 'the column with the id of each record (default: guessed, or numbered)')
    .option('--truth <column>', 'a column that tells the person of each record: not used for linking, and compared with the result')
    .option('--threshold <bits>', 'link from this match weight (default: what the model says, mostly 0: more likely than not)', decimal)
    .option('--out <file>', 'write the person of each record as CSV')
    .option('--save-model <file>', 'write the model with what was learnt')
    .option('--block-at-most <records>', 'records allowed in one block of a blocking rule', whole)
    .option('--json', 'print the result as JSON')
    .action(async (files: string[], options) => {
      if (files.length === 0) return linkPeople(options);
      const progress = new Progress();
      let step = '';
      const result = await linkFiles(
        {
          files: files.map((file) => resolve(file)),
          model: options.model ? resolve(options.model) : undefined,
          id: options.id,
          truth: options.truth,
          thresholdBits: options.threshold,
          out: options.out ? resolve(options.out) : undefined,
          saveModel: options.saveModel ? resolve(options.saveModel) : undefined,
          blockAtMost: options.blockAtMost,
        },
        (unit, done, all) => {
          if (unit !== step) progress.end();
          step = unit;
          progress.show({ done, all, unit });
        },
      ).finally(() => progress.end());
      if (options.json) return print(`${JSON.stringify(result)}\n`);
      if (result.columns) tell(`columns: ${result.columns.map(({ column, kind }) => `${column} as ${kind}`).join(', ')}`);
      for (const warning of result.training?.warnings ?? []) tell(warning);
      for (const cluster of result.clusters)
        await print(`${cluster.map(({ id, source }) => (source ? `${source}:${id}` : id)).join('\t')}\n`);
      tell(
        `${result.records} records are ${result.persons} persons; ${result.clusters.length} have several records. ${result.review.length} pairs are for a person to decide.`,
      );
      const { pairs, best } = result;
      if (pairs && best) await print(`${JSON.stringify({ pairs, best, clusters: result.clustersAgainstTruth })}\n`);
    });
}
