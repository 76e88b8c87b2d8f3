import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command as CommandLine } from 'commander';
import { askForAuditCheck } from '../oversight/index.ts';
import { InvalidError } from '../platform/action.ts';
import { verifyAudit } from '../platform/audit.ts';
import { keepHead, keptHeads, readHeads } from '../platform/audit-head.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor, existing } from './command.ts';
import { print, run, withData } from './terminal.ts';

export const auditVerifyCommand = {
  name: 'audit-verify',
  async run(waymark: Waymark, args: { head?: string }) {
    await waymark.performer.perform(consoleActor('oversight'), askForAuditCheck, null, null);
    const given = args.head ? headsIn(existing(args.head)) : [];
    return await verifyAudit(waymark.database.db, [...keptHeads(waymark.folder), ...given]);
  },
};

function headsIn(file: string) {
  try {
    return readHeads(readFileSync(file, 'utf8'));
  } catch {
    throw new InvalidError(`${file} holds no signed end. It is what “waymark audit head” printed, one to a line.`, 'head');
  }
}

/** Signs where the record ends now, for whoever keeps it elsewhere. */
export const auditHeadCommand = {
  name: 'audit-head',
  async run(waymark: Waymark) {
    await waymark.performer.perform(consoleActor('oversight'), askForAuditCheck, null, null);
    return await keepHead(waymark.database.db, waymark.folder);
  },
};

/** `waymark audit head` and `waymark audit verify` */
export function defineAudit(program: CommandLine): void {
  const audit = program.command('audit').description('the record of who looked at what');
  withData(
    audit.command('head').description('sign where the record ends now; keep what it prints elsewhere, on paper or with somebody else'),
  ).action(async (options) => print(`${JSON.stringify(await run(auditHeadCommand, options, {}))}\n`));
  withData(
    audit
      .command('verify')
      .description('check that no entry was changed or removed')
      .option('--head <file>', 'ends that were signed earlier and kept elsewhere, one to a line'),
  ).action(async (options) => {
    const head = options.head ? resolve(options.head) : undefined;
    const result = await run(auditVerifyCommand, options, { head });
    if (options.json) await print(`${JSON.stringify(result)}\n`);
    else if (result.problems.length === 0) await print(`The record is whole: ${result.entries} entries.\n`);
    else for (const { seq, what } of result.problems) await print(`entry ${seq}: ${what}\n`);
    if (result.problems.length > 0) process.exitCode = 4;
  });
}
