import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';

/**
 * A statement is challenged, by the person or for them: from this moment on it is not relied on, until somebody has looked
 * into it.
 */
export const challengeFact: Action<null, { person: number; fact: number; reason: string }, null> = {
  name: 'fact.challenge',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { person, fact, reason }) {
    note({ kind: 'fact', id: fact }, { person });
    if (reason.trim().length < 3) throw new InvalidError('Say what is wrong with it.', `reason-${fact}`);
    const found = await tx
      .selectFrom('support.facts as f')
      .innerJoin('support.records as r', 'r.id', 'f.record_id')
      .select(['f.id', 'f.challenged_at'])
      .where('f.id', '=', fact)
      .where('r.person_id', '=', person)
      .forUpdate('f')
      .executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such statement about this person.');
    if (found.challenged_at) throw new InvalidError('The statement is challenged already.', `reason-${fact}`);
    await tx
      .updateTable('support.facts')
      .set({ challenged_at: sql<Date>`date_trunc('milliseconds', now())` })
      .where('id', '=', fact)
      .execute();
    // Lists and proposals do without this person until the next reckoning, rather than rely on what is challenged.
    await tx.deleteFrom('support.person_summaries').where('person_id', '=', person).execute();
    await tx
      .insertInto('support.challenges')
      .values({
        fact_id: fact,
        reason: reason.trim().slice(0, 2000),
        by_name: actor.name,
        outcome: null,
        outcome_reason: null,
        outcome_by: null,
        outcome_at: null,
      })
      .execute();
    return null;
  },
};
