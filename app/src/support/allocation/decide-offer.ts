import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { isDay } from '../../platform/days.ts';
import { decisionHolds, needDecisionsOf, recordDecision } from '../finding/index.ts';
import { makeOffer } from '../offers/index.ts';
import type { OfferDecision } from '../schema/tables.ts';

export const offerDecisions: readonly OfferDecision[] = ['offer', 'do not offer', 'look again later'];

/**
 * A named person decides about one proposed place, with a reason. There is no deciding of several at once, and nobody is
 * offered anything before they have been told that a profile is kept of them.
 */
export const decideOffer: Action<null, { id: number; decision: string; reason: string; lookAgainOn: string; today: string }, null> = {
  name: 'allocation.decide',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { id, decision, reason, lookAgainOn, today }) {
    note({ kind: 'allocation proposal', id });
    const found = await tx
      .selectFrom('support.allocation_proposals')
      .select(['id', 'decision', 'person_id', 'service_id', 'run_id'])
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such proposal.');
    if (!(offerDecisions as readonly string[]).includes(decision))
      throw new InvalidError('Choose: offer, do not offer, or look again later.', `decision-${id}`);
    note(null, { decision });
    if (reason.trim().length < 3) throw new InvalidError('Say in a few words why.', `reason-${id}`);
    if (found.decision) throw new InvalidError('This has been decided already.', `decision-${id}`);
    if (decision === 'look again later' && (!isDay(lookAgainOn) || lookAgainOn <= today))
      throw new InvalidError('Give the day on which to look again.', `look-again-${id}`);
    await mustBeOpen(tx, found.person_id, today, `decision-${id}`);
    await tx
      .updateTable('support.allocation_proposals')
      .set({ decision: decision as OfferDecision, reason: reason.trim().slice(0, 1000), decided_by: actor.name, decided_at: new Date() })
      .where('id', '=', id)
      .execute();
    const { person_id: person, service_id: service } = found;
    if (decision === 'offer') {
      const field = `decision-${id}`;
      await mustBeLatest(tx, found.run_id, field);
      await makeOffer(tx, { person, service, proposal: id, byName: actor.name, today, field });
    }
    await recordDecision(tx, { person, decision: decision as OfferDecision, reason, lookAgainOn, byName: actor.name, today });
    return null;
  },
};

/** @throws InvalidError when somebody has decided about the person since, on their page */
async function mustBeOpen(tx: Tx, person: number, today: string, field: string): Promise<void> {
  const found = await tx
    .selectFrom('support.person_summaries as s')
    .select(decisionHolds(today).as('holds'))
    .where('s.person_id', '=', person)
    .executeTakeFirst();
  if (!found?.holds) return;
  const [last] = await needDecisionsOf(tx, person);
  throw new InvalidError(
    `${last?.byName ?? 'Somebody'} has decided since: ${last?.decision}. Take that back on the person's page first.`,
    field,
  );
}

/** @throws InvalidError when places have been proposed anew since */
async function mustBeLatest(tx: Tx, run: number, field: string): Promise<void> {
  const { latest } = await tx.selectFrom('support.allocation_runs').select(sql<number>`max(id)`.as('latest')).executeTakeFirstOrThrow();
  if (latest !== run) throw new InvalidError('Places have been proposed anew since. Look at the newest proposal.', field);
}
