import type { Actor } from '../../platform/access.ts';
import type { Performer } from '../../platform/action.ts';
import { decideAlert } from './decide-alert.ts';

const aboutAlert = /^Alert (\d{1,9})$/;

/** What an alert may turn out to have been when a person's objection is upheld. */
const choices = { 'reasonable excuse': 'a reasonable excuse', authorised: 'authorised', equipment: 'the equipment', false: 'not so' };

/** Upholds a person's objection to what was decided about one of their alerts: the outcome changes, both stay on record. */
export function correctionByCase(performer: Performer) {
  return {
    choices: (about: string): Record<string, string> | null => (aboutAlert.test(about) ? choices : null),
    async correct(actor: Actor, about: string, choice: string, reason: string): Promise<void> {
      const id = Number(aboutAlert.exec(about)?.[1] ?? 0);
      const note = `The person objected, and is right. ${reason}`;
      await performer.perform(actor, decideAlert, null, { id, step: 'corrected', outcome: choice, note });
    },
  };
}
