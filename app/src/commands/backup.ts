import { resolve } from 'node:path';
import type { Command as CommandLine } from 'commander';
import { type BackupTaken, noteBackup, takeBackup } from '../backup/index.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor, type Emit, progress } from './command.ts';
import { print, run, tell, whole, withData } from './terminal.ts';

export const backupCommand = {
  name: 'backup',
  async run(waymark: Waymark, args: { into: string; keepDays?: number; recordsUrl?: string }, emit: Emit): Promise<BackupTaken> {
    const into = String(args.into);
    await waymark.performer.perform(consoleActor('oversight'), noteBackup, null, { into });
    return takeBackup(waymark, into, {
      ...(args.keepDays === undefined ? {} : { keepDays: Number(args.keepDays) }),
      ...(args.recordsUrl ? { recordsUrl: String(args.recordsUrl) } : {}),
      onProgress: progress(emit, 'parts of the fixes'),
    });
  },
};

const megabytes = (bytes: number): string => (bytes / 1e6).toLocaleString('en-GB', { maximumFractionDigits: 1 });

/** `waymark backup` */
export function defineBackup(program: CommandLine): void {
  withData(
    program
      .command('backup')
      .argument('<dir>', 'folder for backups; each gets a folder of its own in it, and takes room for what is new alone')
      .description('copy both stores and the data folder while everything goes on; all that was acknowledged before is in it')
      .option('--keep-days <days>', 'remove earlier backups in that folder that are older; the newest stays', whole),
  ).action(async (dir: string, options) => {
    const recordsUrl = process.env.WAYMARK_BACKUP_DATABASE_URL;
    const args = { into: resolve(dir), keepDays: options.keepDays, ...(recordsUrl ? { recordsUrl } : {}) };
    const taken = await run(backupCommand, options, args);
    if (options.json) return print(`${JSON.stringify(taken)}\n`);
    await print(`${taken.path}\n`);
    tell(
      `All that was acknowledged before ${taken.moment}: ${taken.fixes.toLocaleString('en-GB')} fixes, ${megabytes(taken.bytes)} MB, ${megabytes(taken.newBytes)} MB of it new, in ${(taken.tookMs / 1000).toFixed(1)} s` +
        `${taken.stillMs > 0 ? `; the records stood still for ${taken.stillMs} ms` : ''}.`,
    );
    for (const path of taken.removed) tell(`Past its date, and removed: ${path}`);
    tell('It holds everything, keys too: keep it where only you can read it. Prove it now and then with: waymark restore --check.');
  });
}
