import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command as CommandLine } from 'commander';
import { simulateInstrument } from '../support/index.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor, type Emit, existing, progress } from './command.ts';
import { print, run, withData } from './terminal.ts';

/** What another instrument would do to the people on record. */
export const simulateCommand = {
  name: 'simulate',
  async run(waymark: Waymark, args: { file: string }, emit: Emit) {
    const draft = readFileSync(existing(args.file), 'utf8');
    return simulateInstrument(waymark.performer, consoleActor('support'), draft, waymark, progress(emit, 'people'));
  },
};

/** `waymark simulate` */
export function defineSimulate(program: CommandLine): void {
  withData(
    program
      .command('simulate')
      .argument('<file>', 'an instrument (YAML) with a change in it')
      .description('what another instrument would do to the people on record; nothing is stored'),
  ).action(async (file: string, options) => {
    const found = await run(simulateCommand, options, { file: resolve(file) });
    if (options.json) return print(`${JSON.stringify(found)}\n`);
    await print(
      `from ${found.from} to ${found.to}: ${found.changed.count} of ${found.people} people${found.isSample ? ' in a sample' : ''} would have another level or score; ${found.higher} a higher sure score, ${found.lower} a lower one\n`,
    );
    for (const { name, standing, higher, lower, wider, narrower } of found.factors)
      await print(
        `${name}${standing === 'in both' ? '' : ` (${standing})`}: ${higher} higher, ${lower} lower, ${wider} less sure, ${narrower} surer\n`,
      );
  });
}
