import { resolve } from 'node:path';
import type { Command as CommandLine } from 'commander';
import { knowsEvidencePack, Sealer } from '../supervision/index.ts';
import type { Waymark } from '../waymark.ts';
import { checkPack, type PackCheck, packCheckInWords } from './check-pack.ts';
import { consoleActor, existing } from './command.ts';
import { print, run, withData } from './terminal.ts';

/** Works an evidence pack out again from the file, and looks whether it was put together here. */
export const evidenceRerunCommand = {
  name: 'evidence-rerun',
  async run(waymark: Waymark, args: { file: string; key?: string }) {
    const key = args.key ? existing(args.key) : null;
    const checked = checkPack(existing(args.file), Sealer.keyOf(waymark.folder), key);
    const known = await waymark.performer.perform(consoleActor('crime-matching'), knowsEvidencePack, null, { sha256: checked.sha256 });
    return { ...checked, ...known } satisfies PackCheck;
  },
};

/** `waymark evidence rerun` */
export function defineEvidence(program: CommandLine): void {
  const evidence = program.command('evidence').description('evidence packs');
  withData(
    evidence
      .command('rerun')
      .argument('<file>', 'an evidence pack as it was downloaded')
      .option('--key <file>', 'the public key of whoever sealed it, as they publish it; without it the data folder’s own')
      .description('work an evidence pack out again from what stands in it, compare byte for byte, and check its seal'),
  ).action(async (file: string, options) => {
    const key = options.key ? resolve(options.key) : undefined;
    const result = await run(evidenceRerunCommand, options, { file: resolve(file), key });
    if (options.json) await print(`${JSON.stringify(result)}\n`);
    else await print(packCheckInWords(result));
    // Whoever scripts this may tell apart: it does not hold, or it does and nobody here vouches for its key.
    if (result.findings !== 'the same' || result.seal !== 'whole') process.exitCode = 3;
    else if (!result.isVouchedFor) process.exitCode = 4;
  });
}
