import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { anchorOf, mustBeTold } from '../offers/tell.ts';
import type { OfferDecision } from '../tables.ts';

export const offerDecisions: readonly OfferDecision[] = ['offer', 'do not offer', 'look again later'];

/**
 * A named person decides about one proposed place, with a reason. There is no deciding of several at once, and nobody is
 * offered anything before they have been told that a profile is kept of them.
 */
export const decideOffer: Action<null, { id: number; decision: string; reason: string; today: string }, null> = {
  name: 'allocation.decide',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { id, decision, reason, today }) {
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
    if (decision === 'offer') {
      await mustBeTold(tx, found.person_id, today, `decision-${id}`);
      await mustBeFree(tx, found, `decision-${id}`);
    }
    await tx
      .updateTable('support.allocation_proposals')
      .set({ decision: decision as OfferDecision, reason: reason.trim().slice(0, 1000), decided_by: actor.name, decided_at: new Date() })
      .where('id', '=', id)
      .execute();
    if (decision === 'offer') {
      await tx
        .insertInto('support.packages')
        .values({
          person_id: found.person_id,
          record_id: await anchorOf(tx, found.person_id),
          proposal_id: id,
          service_id: found.service_id,
          state: 'offered',
          basis: null,
          answer_note: null,
          answered_by: null,
          answered_at: null,
          closing_note: null,
          closed_by: null,
          closed_at: null,
          by_name: actor.name,
        })
        .execute();
      await tx.deleteFrom('support.waiting').where('person_id', '=', found.person_id).execute();
    }
    return null;
  },
};

/** @throws InvalidError when the place or the person is no longer free: a newer proposal, another offer, or an end has come between */
async function mustBeFree(tx: Tx, proposal: { person_id: number; service_id: number; run_id: number }, field: string): Promise<void> {
  const service = await tx
    .selectFrom('support.services')
    .select(['places', 'ended_at'])
    .where('id', '=', proposal.service_id)
    .forUpdate()
    .executeTakeFirstOrThrow();
  const { latest } = await tx.selectFrom('support.allocation_runs').select(sql<number>`max(id)`.as('latest')).executeTakeFirstOrThrow();
  const { taken, own, gone } = await tx
    .selectNoFrom([
      sql<number>`(SELECT count(*) FROM support.packages WHERE service_id = ${proposal.service_id} AND state IN ('offered', 'accepted'))::int`.as(
        'taken',
      ),
      sql<number>`(SELECT count(*) FROM support.packages WHERE person_id = ${proposal.person_id} AND state IN ('offered', 'accepted'))::int`.as(
        'own',
      ),
      sql<boolean>`EXISTS (SELECT FROM support.persons WHERE id = ${proposal.person_id} AND ended_at IS NOT NULL)`.as('gone'),
    ])
    .executeTakeFirstOrThrow();
  if (latest !== proposal.run_id) throw new InvalidError('Places have been proposed anew since. Look at the newest proposal.', field);
  if (gone) throw new InvalidError('This person was found to be the same as another. Let places be proposed anew.', field);
  if (own > 0) throw new InvalidError('This person has an offer or a place already.', field);
  if (service.ended_at) throw new InvalidError('The service is out of the catalogue.', field);
  if (taken >= service.places) throw new InvalidError('The service has no free place any more.', field);
}
