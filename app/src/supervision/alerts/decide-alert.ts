import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { type AlertOutcome, type AlertState, alertOutcomes } from '../schema/tables.ts';
import { noteSubject } from '../subjects/index.ts';

export const alertSteps = ['seen', 'taken in hand', 'rang', 'closed', 'reopened', 'corrected'] as const;
type Step = (typeof alertSteps)[number];

/** From which states a step leads where. */
const leads: Record<Step, { from: AlertState[]; to: AlertState }> = {
  seen: { from: ['raised'], to: 'seen' },
  'taken in hand': { from: ['raised', 'seen', 'in hand'], to: 'in hand' },
  rang: { from: ['raised', 'seen', 'in hand'], to: 'in hand' },
  closed: { from: ['raised', 'seen', 'in hand'], to: 'closed' },
  reopened: { from: ['closed'], to: 'in hand' },
  corrected: { from: ['closed'], to: 'closed' },
};

/**
 * One person's step with one alert. There is no way to decide about several at once. What was closed by a slip is reopened, or its
 * outcome corrected, with a reason: every step stays on record.
 */
export const decideAlert: Action<null, { id: number; step: string; outcome?: string; note: string }, { state: AlertState }> = {
  name: 'alert.decide',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note: audit }, _services, { id, step, outcome, note }) {
    const alert = await tx
      .selectFrom('supervision.alerts')
      .select(['id', 'state', 'outcome', 'assigned_to'])
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (!alert) throw new NotFoundError('There is no such alert.');
    const way = Object.hasOwn(leads, step) ? leads[step as Step] : undefined;
    audit({ kind: 'alert', id }, way ? { step } : {});
    await noteSubject({ tx, actor, access, note: audit }, { alert: id });
    if (!way) throw new InvalidError(`Choose what to do: ${alertSteps.join(', ')}.`, 'step');
    if (!way.from.includes(alert.state)) throw new InvalidError(`This alert is ${alert.state}; it cannot be ${step} now.`, 'step');
    const isEnd = way.to === 'closed';
    if (isEnd && !(alertOutcomes as readonly string[]).includes(outcome ?? '')) {
      throw new InvalidError(`Choose an outcome: ${alertOutcomes.join(', ')}.`, 'outcome');
    }
    if (step === 'corrected' && outcome === alert.outcome)
      throw new InvalidError(`The outcome is ${outcome} already. Choose another.`, 'outcome');
    if (step === 'rang' && note.trim() === '') throw new InvalidError('Choose how the call went.', 'rang');
    if ((isEnd || step === 'reopened') && note.trim().length < 3) throw new InvalidError('Give the reason for it.', 'note');
    const ended = isEnd ? (outcome as AlertOutcome) : null;
    await tx
      .insertInto('supervision.alert_steps')
      .values({
        alert_id: id,
        step: step as Step,
        outcome: ended,
        note: note.trim().slice(0, 1000),
        by_actor: actor.id,
        by_name: actor.name,
      })
      .execute();
    await tx
      .updateTable('supervision.alerts')
      .set({
        state: way.to,
        ...(isEnd || step === 'reopened' ? { outcome: ended } : {}),
        // Whoever rings for a colleague does not take it from them.
        ...(way.to === 'in hand' && !(step === 'rang' && alert.assigned_to) ? { assigned_to: actor.name } : {}),
      })
      .where('id', '=', id)
      .execute();
    return { state: way.to };
  },
};
