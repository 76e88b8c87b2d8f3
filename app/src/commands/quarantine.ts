import type { Command as CommandLine } from 'commander';
import { listQuarantineAtConsole, releaseQuarantineAtConsole } from '../supervision/index.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor } from './command.ts';
import { print, run, whole, withData } from './terminal.ts';

export const quarantineCommand = {
  name: 'quarantine',
  async run(waymark: Waymark, args: { reason?: string; tag?: string; limit: number; release: boolean }) {
    const actor = consoleActor('ingest');
    const filter = { reason: args.reason || undefined, tag: args.tag || undefined };
    if (args.release === true) {
      const { fixes, intake } = waymark;
      return waymark.performer.perform(actor, releaseQuarantineAtConsole, { fixes, intake }, filter);
    }
    const limit = Math.max(1, Math.min(100_000, Number(args.limit) || 50));
    return await waymark.performer.perform(actor, listQuarantineAtConsole, { fixes: waymark.fixes }, { ...filter, limit, offset: 0 });
  },
};

/** `waymark quarantine` */
export function defineQuarantine(program: CommandLine): void {
  withData(
    program
      .command('quarantine')
      .description('show fixes that are nobody’s, or release those whose reason no longer holds')
      .option('--reason <reason>', 'only this reason')
      .option('--tag <serial>', 'only this tag')
      .option('--limit <n>', 'how many to show', whole, 50)
      .option('--release', 'try them again'),
  ).action(async (options) => {
    const args = { reason: options.reason, tag: options.tag, limit: options.limit, release: options.release };
    const result = await run(quarantineCommand, options, args);
    if (options.json) return print(`${JSON.stringify(result)}\n`);
    if ('released' in result) return print(`${result.released} released, ${result.kept} kept\n`);
    for (const { reason, count } of result.reasons) await print(`${String(count).padStart(8)}  ${reason}\n`);
    for (const { tag, at, reason } of result.rows)
      await print(`${tag || '(none)'}  ${at === null ? '-' : new Date(at).toISOString()}  ${reason}\n`);
    if (result.reasons.length === 0) await print('The quarantine is empty.\n');
  });
}
