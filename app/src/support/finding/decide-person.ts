import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { isDay } from '../days.ts';
import { makeOffer } from '../offers/make-offer.ts';
import { anchorOf } from '../offers/tell.ts';
import type { OfferDecision } from '../tables.ts';

export const needDecisions: readonly OfferDecision[] = ['offer', 'do not offer', 'look again later'];

/** A decision whether to offer a person anything. Days as `YYYY-MM-DD`. */
export interface NeedDecisionView {
  id: number;
  decision: OfferDecision;
  reason: string;
  lookAgainOn: string | null;
  byName: string;
  at: Date;
  takenBackBy: string | null;
}

/** A person's decisions, the newest first. */
export async function needDecisionsOf(tx: Tx, person: number): Promise<NeedDecisionView[]> {
  return tx
    .selectFrom('support.need_decisions')
    .select(['id', 'decision', 'reason', 'by_name as byName', 'at', 'taken_back_by as takenBackBy'])
    .select(sql<string | null>`to_char(look_again_on, 'YYYY-MM-DD')`.as('lookAgainOn'))
    .where('person_id', '=', person)
    .orderBy('id', 'desc')
    .execute();
}

interface Given {
  person: number;
  decision: string;
  /** The service that is offered. */
  service: number;
  /** When to look again. */
  on: string;
  reason: string;
  today: string;
}

/**
 * A named person decides whether a person is offered anything: a place of a service, nothing, or not yet. “Nothing” and “not
 * yet” hold until something new has happened to the person; one day they can be taken back.
 */
export const decidePerson: Action<null, Given, { package: number | null }> = {
  name: 'finding.decide',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { person, decision, service, on, reason, today }) {
    note({ kind: 'person', id: person });
    const found = await tx
      .selectFrom('support.persons as p')
      .leftJoin('support.person_summaries as s', 's.person_id', 'p.id')
      .select(['p.id', 's.triggers'])
      .where('p.id', '=', person)
      .where('p.ended_at', 'is', null)
      .executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such person.');
    const chosen = needDecisions.find((own) => own === decision);
    if (!chosen) throw new InvalidError('Choose: offer, do not offer, or look again later.', 'decision');
    note(null, { decision });
    if (reason.trim().length < 3) throw new InvalidError('Say in a few words why.', 'decision-reason');
    if (chosen === 'look again later' && (!isDay(on) || on <= today))
      throw new InvalidError('Give the day on which to look again.', 'look-again');
    const offered =
      chosen === 'offer' ? await makeOffer(tx, { person, service, proposal: null, byName: actor.name, today, field: 'service' }) : null;
    await tx
      .insertInto('support.need_decisions')
      .values({
        person_id: person,
        record_id: await anchorOf(tx, person),
        decision: chosen,
        reason: reason.trim().slice(0, 1000),
        triggers: JSON.stringify(found.triggers ?? []),
        look_again_on: chosen === 'look again later' ? on : null,
        by_name: actor.name,
        taken_back_at: null,
        taken_back_by: null,
      })
      .execute();
    return { package: offered?.package ?? null };
  },
};

/** Takes back a decision not to offer, or to wait: the person is in the queue again. An offer that was made is answered, not taken back. */
export const takeBackDecision: Action<null, { id: number; person: number }, null> = {
  name: 'finding.undo',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { id, person }) {
    note({ kind: 'person', id: person });
    const { numUpdatedRows } = await tx
      .updateTable('support.need_decisions')
      .set({ taken_back_at: new Date(), taken_back_by: actor.name })
      .where('id', '=', id)
      .where('person_id', '=', person)
      .where('decision', '<>', 'offer')
      .where('taken_back_at', 'is', null)
      .executeTakeFirst();
    if (Number(numUpdatedRows) === 0) throw new NotFoundError('There is no such decision, or it has been taken back already.');
    return null;
  },
};

/**
 * SQL that is true of a row `s` of person summaries when a decision not to offer, or to wait, still holds: nothing has
 * happened that was not known then, and the day to look again has not come.
 */
export const decisionHolds = (today: string) => sql<boolean>`coalesce((
  SELECT d.decision <> 'offer' AND d.triggers @> s.triggers AND coalesce(d.look_again_on > ${today}::date, true)
    FROM support.need_decisions d WHERE d.person_id = s.person_id AND d.taken_back_at IS NULL ORDER BY d.id DESC LIMIT 1), false)`;

/** SQL that is true of a row `s` of person summaries when the person has an offer that waits for an answer, or a package. */
export const hasOffer = sql<boolean>`EXISTS (
  SELECT FROM support.packages k WHERE k.person_id = s.person_id AND k.state IN ('offered', 'accepted'))`;
