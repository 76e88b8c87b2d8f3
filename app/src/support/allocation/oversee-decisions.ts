import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type {} from '../schema/tables.ts';

/** How somebody decided about proposed places, or whether to offer anything. */
export interface DecisionCount {
  by: string;
  about: 'a proposed place' | 'whether to offer help';
  decisions: number;
  /** By decision, such as `offer` or `not the same`. */
  each: Record<string, number>;
}

/** Which way people decide about what was proposed. Counts alone: nobody of those it is about leaves this action. */
export const overseeDecisions: Action<null, null, DecisionCount[]> = {
  name: 'decisions.oversee',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }) {
    const { rows } = await sql<DecisionCount>`
      SELECT by, about, sum(n)::int AS decisions, jsonb_object_agg(decision, n) AS each FROM (
        SELECT decided_by AS by, 'a proposed place' AS about, decision, count(*)::int AS n
          FROM support.allocation_proposals WHERE decision IS NOT NULL GROUP BY 1, 3
        UNION ALL
        SELECT by_name, 'whether to offer help', decision, count(*)::int FROM support.need_decisions WHERE taken_back_at IS NULL GROUP BY 1, 3
      ) x GROUP BY 1, 2 ORDER BY 2, 1`.execute(tx);
    note(null, { deciders: rows.length });
    return rows;
  },
};
