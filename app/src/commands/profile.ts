import type { Command as CommandLine } from 'commander';
import { todayOf } from '../platform/days.ts';
import { readPerson } from '../support/index.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor } from './command.ts';
import { print, run, whole, withData } from './terminal.ts';

export const profileCommand = {
  name: 'profile',
  async run(waymark: Waymark, args: { person: number }) {
    const today = todayOf(waymark);
    const person = await waymark.performer.perform(consoleActor('support'), readPerson, null, { id: Number(args.person) || 0, today });
    return person;
  },
};

/** `waymark profile` */
export function defineProfile(program: CommandLine): void {
  withData(
    program
      .command('profile')
      .argument('<person>', 'number of the person', whole)
      .description("a person's needs and strengths, with what they rest on"),
  ).action(async (person: number, options) => {
    const view = await run(profileCommand, options, { person });
    if (options.json) return print(`${JSON.stringify(view)}\n`);
    const { profile } = view;
    const range = ({ low, high }: { low: number; high: number }) => (low === high ? String(low) : `${low} to ${high}`);
    await print(`${view.name}, ${view.age === null ? 'age not known' : `${view.age} years old`}\n`);
    if ('reason' in profile) return print(`No profile: ${profile.reason}\n`);
    await print(`support need ${range(profile.score)}${profile.band ? `, ${profile.band}` : ''}\n`);
    for (const factor of profile.factors) if (factor.applies) await print(`${range(factor).padStart(8)}  ${factor.name}\n`);
  });
}
