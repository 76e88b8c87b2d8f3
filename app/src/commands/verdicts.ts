import { defaultParameters } from '@waymark/presence';
import type { Command as CommandLine } from 'commander';
import { computeDueVerdicts, readRun, repeatRun, selectVerdicts, streamVerdicts } from '../supervision/index.ts';
import { verdictServicesOf, type Waymark } from '../waymark.ts';
import { consoleActor, type Emit, progress } from './command.ts';
import { print, run, whole, withData } from './terminal.ts';

export const verdictsCommand = {
  name: 'verdicts',
  async run(waymark: Waymark, args: { list: boolean; crime?: string }, emit: Emit) {
    const actor = consoleActor('crime-matching');
    const services = verdictServicesOf(waymark);
    const run = await computeDueVerdicts(waymark.performer, services, actor, { onProgress: progress(emit, 'crimes') });
    if (args.list === true) {
      const selection = await waymark.performer.perform(actor, selectVerdicts, services, { reference: args.crime || undefined });
      for await (const batch of streamVerdicts(services, selection, defaultParameters.radiusM)) {
        for (const verdict of batch) await emit({ kind: 'item', value: verdict });
      }
    }
    return run;
  },
};

export const rerunCommand = {
  name: 'rerun',
  async run(waymark: Waymark, args: { run: number }, emit: Emit) {
    const services = verdictServicesOf(waymark);
    const recorded = await waymark.performer.perform(consoleActor('crime-matching'), readRun, null, { id: Number(args.run) || 0 });
    return await repeatRun(services, recorded, progress(emit, 'crimes'));
  },
};

/** `waymark verdicts`, and `waymark verdicts rerun` */
export function defineVerdicts(program: CommandLine): void {
  const verdicts = withData(
    program.command('verdicts').description('work out the verdicts that are due').option('--crime <reference>', 'print only this crime'),
  ).action(async (options) => {
    let first = true;
    if (options.json) await print('[');
    const result = await run(verdictsCommand, options, { list: options.json === true, crime: options.crime }, async (verdict) => {
      await print(`${first ? '' : ',\n'}${JSON.stringify(verdict)}`);
      first = false;
    });
    if (options.json) await print(']\n');
    else if (result)
      await print(`run ${result.runId}: ${result.crimes} crimes, ${result.verdicts} verdicts in ${(result.tookMs / 1000).toFixed(1)} s\n`);
    else await print('Nothing is due.\n');
  });
  verdicts
    .command('rerun')
    .argument('<run>', 'number of a recorded run', whole)
    .description('work a run out again from what it read then, and compare byte for byte')
    .action(async (runId: number) => {
      const options = verdicts.opts();
      const result = await run(rerunCommand, options, { run: runId });
      const same = result.inputs.same && result.output.same;
      if (options.json) await print(`${JSON.stringify(result)}\n`);
      else
        await print(
          `${same ? 'The same' : 'DIFFERENT'}: ${result.verdicts} verdicts, ${result.output.recorded} then, ${result.output.now} now\n`,
        );
      if (!same) process.exitCode = 3;
    });
}
