import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { OfferDecision, ServiceInRun } from '../schema/tables.ts';

export interface ProposalRow {
  id: number;
  person: number;
  name: string;
  age: number | null;
  service: string;
  needMet: number;
  waitingWeeks: number;
  nextPerson: number | null;
  nextNeedMet: number | null;
  decision: OfferDecision | null;
  reason: string | null;
  decidedBy: string | null;
}

export interface AllocationView {
  run: {
    id: number;
    at: Date;
    byName: string;
    candidates: number;
    services: ServiceInRun[];
    needMet: number;
    firstCome: number;
    needRank: number;
    status: string;
    tookMs: number;
  } | null;
  rows: ProposalRow[];
  total: number;
  undecided: number;
}

/** The latest run with its proposals, those that wait for a decision first. */
export const readAllocation: Action<null, { limit: number; offset: number }, AllocationView> = {
  name: 'allocation.read',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { limit, offset }) {
    const run = await tx.selectFrom('support.allocation_runs').selectAll().orderBy('id', 'desc').executeTakeFirst();
    if (!run) return { run: null, rows: [], total: 0, undecided: 0 };
    const rows = await tx
      .selectFrom('support.allocation_proposals as a')
      .innerJoin('support.services as s', 's.id', 'a.service_id')
      .leftJoin('support.person_summaries as p', 'p.person_id', 'a.person_id')
      .select(['a.id', 'a.person_id as person', 'p.age', 's.name as service', 'a.need_met as needMet', 'a.waiting_weeks as waitingWeeks'])
      .select(['a.next_person as nextPerson', 'a.next_need_met as nextNeedMet', 'a.decision', 'a.reason', 'a.decided_by as decidedBy'])
      .select(sql<string>`coalesce(p.name, 'Name not known')`.as('name'))
      .where('a.run_id', '=', run.id)
      .orderBy(sql`a.decision IS NOT NULL`)
      .orderBy('a.need_met', 'desc')
      .orderBy('a.id')
      .limit(limit)
      .offset(offset)
      .execute();
    const { total, undecided } = await tx
      .selectFrom('support.allocation_proposals')
      .select([sql<number>`count(*)::int`.as('total'), sql<number>`count(*) FILTER (WHERE decision IS NULL)::int`.as('undecided')])
      .where('run_id', '=', run.id)
      .executeTakeFirstOrThrow();
    note({ kind: 'allocation', id: run.id }, { shown: rows.length });
    const { by_name, need_met, first_come, need_rank, took_ms, instrument: _, ...rest } = run;
    return {
      run: { ...rest, byName: by_name, needMet: need_met, firstCome: first_come, needRank: need_rank, tookMs: took_ms },
      rows,
      total,
      undecided,
    };
  },
};
