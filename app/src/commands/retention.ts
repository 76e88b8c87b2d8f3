import type { Command as CommandLine } from 'commander';
import { agreeToRetention, noteRetentionPreview, previewRetention, runRetention } from '../oversight/retention/index.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor } from './command.ts';
import { print, run, tell, withData } from './terminal.ts';

/** Removes what is past its date or was decided to be erased, now. */
export const retentionCommand = {
  name: 'retention',
  async run(waymark: Waymark, args: { preview: boolean; agree: boolean }) {
    if (args.preview === true) {
      const preview = await previewRetention(waymark);
      await waymark.performer.perform(consoleActor('retention'), noteRetentionPreview, null, preview);
      return preview;
    }
    const { id } = consoleActor('retention');
    let run = await runRetention(waymark, 'operator', id);
    if (run.asked && args.agree === true) {
      await waymark.performer.perform(consoleActor('oversight'), agreeToRetention, null, { id: run.asked.id });
      run = await runRetention(waymark, 'operator', id);
    }
    return run;
  },
};

/** `waymark retention` */
export function defineRetention(program: CommandLine): void {
  withData(
    program
      .command('retention')
      .description('remove what is past its date or was decided to be erased; says how many rows of what went')
      .option('--preview', 'say what would go, and remove nothing')
      .option('--agree', 'agree to a removal that is larger than usual; it takes another person too'),
  ).action(async (options) => {
    const args = { preview: options.preview === true, agree: options.agree === true };
    const result = await run(retentionCommand, options, args);
    const asked = 'asked' in result ? result.asked : null;
    if (asked) process.exitCode = 5;
    if (options.json) return print(`${JSON.stringify(result)}\n`);
    const list = (tables: Record<string, number>) =>
      Object.entries(tables)
        .map(([table, count]) => `${table}\t${count}\n`)
        .join('');
    const planned = asked ?? ('wouldGo' in result ? { ...result, agreed: [] as { name: string }[] } : null);
    if (planned) {
      for (const why of planned.why) tell(why);
      await print(list(planned.wouldGo) || 'Nothing is past its date.\n');
      if (asked)
        tell(
          `Nothing was removed. Two people must agree, on the page Retention or with --agree; so far: ${planned.agreed.map(({ name }) => name).join(', ') || 'nobody'}.`,
        );
      return;
    }
    await print(list('wouldGo' in result ? {} : { ...result.support, ...result.supervision }) || 'Nothing was past its date.\n');
  });
}
