import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parse } from 'yaml';
import { type AlertKind, alertKinds } from '../schema/tables.ts';

/** What to do next, by kind of alert. */
export interface NextSteps {
  steps: Record<AlertKind, readonly string[]>;
  /** What cannot be used of the agency's own file, in words; null where there is nothing wrong. */
  problem: string | null;
}

const home = ['Ring them.', 'No answer: ring the number at home.', 'Still away after 30 minutes: tell the responsible officer.'];
const cut = ['Ring them.', 'Look at the map: does the tag still move as they do?', 'No answer after 10 minutes: have somebody look.'];

/** Until the agency says otherwise. */
const usual: Record<AlertKind, readonly string[]> = {
  'exclusion entered': [
    'Ring them.',
    'Ring whoever the order protects, where it names somebody.',
    'Still inside after 10 minutes: ring the police.',
  ],
  'inclusion left': [
    'Ring them.',
    'Look at the map: are they on the way back?',
    'Still away after 30 minutes: tell the responsible officer.',
  ],
  'curfew missed': home,
  'curfew late': ['Ask them why they were late.', 'Close it as what it was.'],
  'curfew ended early': home,
  'strap cut': cut,
  'case opened': cut,
  'battery low': ['Ring or text them: charge the tag now, for two hours.'],
  'battery flat': ['Ring them: charge the tag now, for two hours.', 'No answer: ring the number at home.'],
  'no signal': ['Look at the last place and the battery.', 'Ring them.', 'Nothing after two hours: have somebody look.'],
  'jamming suspected': ['Look at the track: did others nearby jump as well?', 'Ring them.', 'Again within a week: have the tag changed.'],
  'near protected person': [
    'Ring them: which way are they going?',
    'Ring the protected person.',
    'Still near after 10 minutes: ring the police.',
  ],
};

/**
 * What the agency does about each kind of alert: `procedures.yaml` in the data folder has a list of sentences by kind; kinds that it
 * leaves out keep the usual steps.
 */
export function readNextSteps(path: string): NextSteps {
  if (!existsSync(path)) return { steps: usual, problem: null };
  try {
    const given = parse(readFileSync(path, 'utf8')) as unknown;
    if (given === null || typeof given !== 'object' || Array.isArray(given))
      throw new Error('it must have a list of sentences for each kind of alert');
    const steps = { ...usual };
    for (const [kind, list] of Object.entries(given)) {
      const own = alertKinds.find((each) => each === kind);
      if (!own) throw new Error(`there is no kind of alert “${kind}”; there are ${alertKinds.join(', ')}`);
      if (!Array.isArray(list) || list.length === 0 || list.some((step) => typeof step !== 'string' || step.length > 200))
        throw new Error(`under “${kind}” there must be a list of sentences of 200 characters at most`);
      steps[own] = list as string[];
    }
    return { steps, problem: null };
  } catch (error) {
    return { steps: usual, problem: `${basename(path)} cannot be used: ${(error as Error).message}. The usual steps are shown.` };
  }
}
