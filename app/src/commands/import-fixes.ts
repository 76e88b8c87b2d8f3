import { resolve } from 'node:path';
import type { Command as CommandLine } from 'commander';
import { importFixes } from '../supervision/index.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor, type Emit, existing, progress } from './command.ts';
import { print, run, tell, withData } from './terminal.ts';

export const importFixesCommand = {
  name: 'import-fixes',
  async run(waymark: Waymark, args: { file: string; columns?: string; timezone?: string; tag?: string; register?: boolean }, emit: Emit) {
    // Wearers whom nobody declared are made up: so is everybody in a folder that begins with them.
    if (args.register === true && waymark.fixes.lastReceipt === 0) waymark.folder.markTrial();
    const result = await importFixes(
      waymark.performer,
      waymark.intake,
      consoleActor('ingest'),
      {
        path: existing(args.file),
        columns: args.columns || undefined,
        timeZone: args.timezone || undefined,
        tag: args.tag || undefined,
        register: args.register === true,
      },
      progress(emit, 'bytes'),
    );
    return result;
  },
};

/** `waymark import fixes` */
export function defineImportFixes(program: CommandLine): void {
  withData(
    program
      .command('fixes')
      .argument('<file>', 'CSV, NDJSON or GPX, also gzipped')
      .description('read fixes; those that belong to no wearing are quarantined with the reason')
      .option('--columns <map>', 'CSV columns, such as tag=vehicle_id,at=timestamp,lat=latitude,lon=longitude')
      .option('--timezone <zone>', 'zone of times without an offset, such as UTC or Europe/London')
      .option('--tag <serial>', 'tag of a GPX file')
      .option('--register', 'make a fictional subject, order and wearing for each tag not yet known'),
  ).action(async (file: string, options) => {
    const result = await run(importFixesCommand, options, {
      file: resolve(file),
      columns: options.columns,
      timezone: options.timezone,
      tag: options.tag,
      register: options.register,
    });
    if (options.json) return print(`${JSON.stringify(result)}\n`);
    await print(
      `${result.read} read: ${result.accepted} accepted, ${result.duplicates} known already, ${result.quarantined} quarantined` +
        `${result.registered ? `; ${result.registered} fictional wearers registered` : ''}\n`,
    );
    for (const problem of result.problems) tell(`line ${problem.line}: ${problem.message} ${problem.value}`);
    for (const { what, count } of result.notUnderstood) tell(`not understood, ${count} times: ${what}`);
    if (result.read === 0) process.exitCode = 2;
    if (result.quarantined > 0) tell('See why with: waymark quarantine');
  });
}
