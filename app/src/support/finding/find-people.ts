import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Trigger } from '../schema/tables.ts';
import { decisionHolds, hasOffer } from './decide-person.ts';

export const findingOrders = ['need', 'newest', 'longest'] as const;
export type FindingOrder = (typeof findingOrders)[number];

export interface FindingQuery {
  stage?: string;
  factor?: string;
  /** A trigger of the instrument by name; `any` for those with any. */
  trigger?: string;
  /** The beginning of a postcode district. */
  area?: string;
  sort: FindingOrder;
  today: string;
  limit: number;
  offset: number;
}

export interface FoundPerson {
  person: number;
  name: string;
  age: number | null;
  stages: string[];
  low: number;
  high: number;
  band: string | null;
  district: string | null;
  triggers: Trigger[];
  /** Days since the newest trigger. */
  daysSince: number | null;
  waitingSince: Date | null;
  /** It had been decided before, and is open again: the day has come, or something has happened. */
  decidedBefore: string | null;
}

/**
 * Who may need an offer: people with a need that is surely there, without an offer or a place, about whom nobody has decided
 * since the last thing that happened. Ordered by need or by the time since a trigger; by no likelihood of anything.
 */
export const findPeople: Action<null, FindingQuery, { rows: FoundPerson[]; total: number; triggered: number }> = {
  name: 'finding.list',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { stage, factor, trigger, area, sort, today, limit, offset }) {
    let query = tx
      .selectFrom('support.person_summaries as s')
      .where('s.low', '>', 0)
      .where(sql<boolean>`NOT ${hasOffer}`)
      .where(sql<boolean>`NOT ${decisionHolds(today)}`);
    if (stage) query = query.where(sql<boolean>`s.stages @> ${JSON.stringify([stage])}::jsonb`);
    if (factor) query = query.where(sql<boolean>`coalesce((s.levels -> ${factor} ->> 0)::int, 0) >= 1`);
    if (trigger === 'any') query = query.where('s.triggered_on', 'is not', null);
    else if (trigger) query = query.where(sql<boolean>`s.triggers @> ${JSON.stringify([{ name: trigger }])}::jsonb`);
    if (area) query = query.where('s.district', 'like', `${area.replace(/[\\%_]/g, '\\$&')}%`);
    const { total, triggered } = await query
      .select([sql<number>`count(*)::int`.as('total'), sql<number>`count(s.triggered_on)::int`.as('triggered')])
      .executeTakeFirstOrThrow();
    let sorted = query
      .leftJoin('support.waiting as w', (join) => join.onRef('w.person_id', '=', 's.person_id').on('w.left_at', 'is', null))
      .select(['s.person_id as person', 's.name', 's.age', 's.stages', 's.band', 's.district', 's.triggers', 'w.since as waitingSince'])
      .select([
        sql<number>`s.low`.as('low'),
        sql<number>`s.high`.as('high'),
        sql<number | null>`${today}::date - s.triggered_on`.as('daysSince'),
        sql<string | null>`(SELECT d.decision FROM support.need_decisions d
          WHERE d.person_id = s.person_id AND d.taken_back_at IS NULL ORDER BY d.id DESC LIMIT 1)`.as('decidedBefore'),
      ]);
    if (sort === 'newest') sorted = sorted.orderBy(sql`s.triggered_on DESC NULLS LAST`);
    if (sort === 'longest') sorted = sorted.orderBy(sql`s.triggered_on ASC NULLS LAST`);
    const rows = await sorted
      .orderBy('s.low', 'desc')
      .orderBy(sql`s.triggered_on DESC NULLS LAST`)
      .orderBy('s.person_id')
      .limit(limit)
      .offset(offset)
      .execute();
    note(null, { shown: rows.length });
    return { rows, total, triggered };
  },
};
