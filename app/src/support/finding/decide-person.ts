import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { isDay } from '../../platform/days.ts';
import { currentInstrument, triggersOf } from '../needs/index.ts';
import { anchorOf, makeOffer } from '../offers/index.ts';
import { readFactsOf } from '../people/index.ts';
import type { OfferDecision } from '../schema/tables.ts';

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
    await mustBeSomebody(tx, person);
    const chosen = needDecisions.find((own) => own === decision);
    if (!chosen) throw new InvalidError('Choose: offer, do not offer, or look again later.', 'decision');
    note(null, { decision });
    if (reason.trim().length < 3) throw new InvalidError('Say in a few words why.', 'decision-reason');
    if (chosen === 'look again later' && (!isDay(on) || on <= today))
      throw new InvalidError('Give the day on which to look again.', 'look-again');
    const byName = actor.name;
    const offered = chosen === 'offer' ? await makeOffer(tx, { person, service, proposal: null, byName, today, field: 'service' }) : null;
    await recordDecision(tx, { person, decision: chosen, reason, lookAgainOn: on, byName, today });
    return { package: offered?.package ?? null };
  },
};

/** Locks the person, so that two decide one after the other. @throws NotFoundError when there is no such person */
async function mustBeSomebody(tx: Tx, person: number): Promise<void> {
  const found = await tx
    .selectFrom('support.persons')
    .select('id')
    .where('id', '=', person)
    .where('ended_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  if (!found) throw new NotFoundError('There is no such person.');
}

interface NewDecision {
  person: number;
  decision: OfferDecision;
  reason: string;
  lookAgainOn: string;
  byName: string;
  today: string;
}

/** Puts a decision on record with what had lately happened to the person when it was made. */
export async function recordDecision(tx: Tx, { person, decision, reason, lookAgainOn, byName, today }: NewDecision): Promise<void> {
  const facts = (await readFactsOf(tx, [person], today)).get(person) ?? [];
  await tx
    .insertInto('support.need_decisions')
    .values({
      person_id: person,
      record_id: await anchorOf(tx, person),
      decision,
      reason: reason.trim().slice(0, 1000),
      triggers: JSON.stringify(triggersOf(currentInstrument(), facts, today)),
      look_again_on: decision === 'look again later' ? lookAgainOn : null,
      by_name: byName,
      taken_back_at: null,
      taken_back_by: null,
    })
    .execute();
}

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
 * SQL that is true of a row `s` of person summaries when the last decision still holds: it was not to offer or to wait, it was
 * not taken back, the day to look again has not come, and nothing has happened since that was not known then. Of each kind of
 * what has happened only the newest stands; one that is older than what was known then is nothing new.
 */
export const decisionHolds = (today: string) => sql<boolean>`coalesce((
  SELECT d.decision <> 'offer' AND d.taken_back_at IS NULL AND coalesce(d.look_again_on > ${today}::date, true)
      AND NOT EXISTS (SELECT FROM jsonb_array_elements(s.triggers) t WHERE NOT EXISTS (
        SELECT FROM jsonb_array_elements(d.triggers) k WHERE k ->> 'name' = t ->> 'name' AND k ->> 'on' >= t ->> 'on'))
    FROM support.need_decisions d WHERE d.person_id = s.person_id ORDER BY d.id DESC LIMIT 1), false)`;

/** SQL that is true of a row `s` of person summaries when the person has an offer that waits for an answer, or a package. */
export const hasOffer = sql<boolean>`EXISTS (
  SELECT FROM support.packages k WHERE k.person_id = s.person_id AND k.state IN ('offered', 'accepted'))`;
