import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { type FactKindKey, factKinds } from '../facts/index.ts';

export const challengeOutcomes = ['upheld', 'not upheld'] as const;
export type ChallengeOutcome = (typeof challengeOutcomes)[number];

/** A statement that somebody says is wrong, and what became of that. */
export interface ChallengeView {
  id: number;
  fact: number;
  person: number;
  name: string;
  kindName: string;
  value: string;
  on: string;
  source: string;
  reason: string;
  byName: string;
  at: Date;
  outcome: ChallengeOutcome | null;
  outcomeReason: string | null;
  outcomeBy: string | null;
  outcomeAt: Date | null;
}

function challenges(tx: Tx) {
  return tx
    .selectFrom('support.challenges as c')
    .innerJoin('support.facts as f', 'f.id', 'c.fact_id')
    .innerJoin('support.records as r', 'r.id', 'f.record_id')
    .innerJoin('support.sources as s', 's.id', 'r.source_id')
    .leftJoin('support.person_summaries as p', 'p.person_id', 'r.person_id')
    .select(['c.id', 'c.fact_id as fact', 'f.kind', 'f.value', 's.name as source', 'c.reason', 'c.by_name as byName', 'c.at'])
    .select(['c.outcome', 'c.outcome_reason as outcomeReason', 'c.outcome_by as outcomeBy', 'c.outcome_at as outcomeAt'])
    .select([
      sql<number>`r.person_id`.as('person'),
      sql<string>`coalesce(p.name, 'Name not known')`.as('name'),
      sql<string>`to_char(f.on_date, 'YYYY-MM-DD')`.as('on'),
    ])
    .where('r.person_id', 'is not', null);
}

const asView = ({ kind, ...row }: Awaited<ReturnType<ReturnType<typeof challenges>['execute']>>[number]): ChallengeView => ({
  ...row,
  kindName: factKinds[kind as FactKindKey].name,
  value: factKinds[kind as FactKindKey].values === 'percent' ? `${row.value}%` : row.value,
});

/** What of one person is or was challenged, the newest first. */
export async function challengesOf(tx: Tx, person: number): Promise<ChallengeView[]> {
  const rows = await challenges(tx).where('r.person_id', '=', person).orderBy('c.id', 'desc').execute();
  return rows.map(asView);
}

/** Challenges that wait for a decision, the oldest first, and after them those decided. */
export const listChallenges: Action<null, { limit: number; offset: number }, { rows: ChallengeView[]; total: number; open: number }> = {
  name: 'challenge.list',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { limit, offset }) {
    const rows = await challenges(tx)
      .orderBy(sql`c.outcome IS NOT NULL`)
      .orderBy(sql`CASE WHEN c.outcome IS NULL THEN c.at END`)
      .orderBy('c.id', 'desc')
      .limit(limit)
      .offset(offset)
      .execute();
    const { total, open } = await tx
      .selectFrom('support.challenges as c')
      .innerJoin('support.facts as f', 'f.id', 'c.fact_id')
      .innerJoin('support.records as r', 'r.id', 'f.record_id')
      .select([sql<number>`count(*)::int`.as('total'), sql<number>`count(*) FILTER (WHERE c.outcome IS NULL)::int`.as('open')])
      .where('r.person_id', 'is not', null)
      .executeTakeFirstOrThrow();
    note(null, { shown: rows.length });
    return { rows: rows.map(asView), total, open };
  },
};

/**
 * Decides a challenge, with a reason. Upheld: the statement is not relied on, now or when it is sent again. Not upheld: it
 * counts again, and so do later copies of it that shared its doubt. Whoever wrote the challenge down does not decide it.
 */
export const decideChallenge: Action<null, { id: number; outcome: string; reason: string }, null> = {
  name: 'challenge.decide',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { id, outcome, reason }) {
    note({ kind: 'challenge', id });
    const found = await tx
      .selectFrom('support.challenges as c')
      .innerJoin('support.facts as f', 'f.id', 'c.fact_id')
      .innerJoin('support.records as r', 'r.id', 'f.record_id')
      .select(['c.by_name', 'c.outcome', 'f.record_id', 'f.kind', 'f.value', 'f.challenged_at', 'r.person_id'])
      .where('c.id', '=', id)
      .forUpdate('c')
      .executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such challenge.');
    const chosen = challengeOutcomes.find((own) => own === outcome);
    if (!chosen) throw new InvalidError('Choose: upheld, or not upheld.', `outcome-${id}`);
    note(null, { outcome: chosen, ...(found.person_id ? { person: found.person_id } : {}) });
    if (reason.trim().length < 10) throw new InvalidError('Say in a sentence what was found, and how.', `reason-${id}`);
    if (found.outcome) throw new InvalidError('This has been decided already.', `outcome-${id}`);
    if (found.by_name === actor.name) throw new InvalidError('Somebody else must decide what you wrote down.', `outcome-${id}`);
    await tx
      .updateTable('support.challenges')
      .set({ outcome: chosen, outcome_reason: reason.trim().slice(0, 2000), outcome_by: actor.name, outcome_at: new Date() })
      .where('id', '=', id)
      .execute();
    if (chosen === 'not upheld' && found.challenged_at) {
      await tx
        .updateTable('support.facts')
        .set({ challenged_at: null })
        .where('record_id', '=', found.record_id)
        .where('kind', '=', found.kind)
        .where('value', '=', found.value)
        // A moment that has been read has milliseconds; what the database keeps may have more.
        .where(sql<boolean>`date_trunc('milliseconds', challenged_at) = ${found.challenged_at}`)
        .where(sql<boolean>`NOT EXISTS (SELECT FROM support.challenges c WHERE c.fact_id = facts.id AND c.outcome IS NULL)`)
        .execute();
    }
    // Lists do without this person until the next reckoning.
    if (found.person_id) await tx.deleteFrom('support.person_summaries').where('person_id', '=', found.person_id).execute();
    return null;
  },
};
