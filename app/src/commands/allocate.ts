import type { Command as CommandLine } from 'commander';
import { proposeAllocation } from '../support/index.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor } from './command.ts';
import { print, run, withData } from './terminal.ts';

export const allocateCommand = {
  name: 'allocate',
  async run(waymark: Waymark) {
    return await proposeAllocation(waymark.performer, consoleActor('support'), waymark);
  },
};

/** `waymark allocate` */
export function defineAllocate(program: CommandLine): void {
  withData(program.command('allocate').description('propose who is offered which free place of the services; people decide')).action(
    async (options) => {
      const result = await run(allocateCommand, options, {});
      if (options.json) return print(`${JSON.stringify(result)}\n`);
      await print(
        `${result.placements.length} places proposed to ${result.candidates} people: ${result.needMet} levels of need met (first come ${result.firstCome}, need rank ${result.needRank}); ${result.status}\n`,
      );
      for (const { person, service, needMet } of result.placements) await print(`person ${person}\tservice ${service}\t${needMet}\n`);
    },
  );
}
