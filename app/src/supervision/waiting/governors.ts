import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Waiting } from '../../platform/waiting.ts';

/** What waits for a governor: releases that come near. */
export const waitingForGovernors: Action<null, null, Waiting[]> = {
  name: 'waiting.list',
  room: 'supervision',
  purpose: 'release-planning',
  async run({ tx, note }) {
    note(null);
    const { rows } = await sql<{ soon: number; week: number; unknown: number }>`
      SELECT count(*) FILTER (WHERE release_on BETWEEN current_date AND current_date + 28)::int AS soon,
        count(*) FILTER (WHERE release_on BETWEEN current_date AND current_date + 7)::int AS week,
        count(*) FILTER (WHERE release_on >= current_date AND (conditions -> 'signal' = 'null' OR conditions -> 'power' = 'null'))::int AS unknown
      FROM supervision.release_proposals WHERE withdrawn_at IS NULL`.execute(tx);
    const { soon = 0, week = 0, unknown = 0 } = rows[0] ?? {};
    return [
      { what: 'releases on a tag in the next 28 days', count: soon, pressing: { count: week, word: 'within a week' }, href: '/proposals' },
      { what: 'proposals of whose home the signal or the power is not known', count: unknown, href: '/proposals' },
    ];
  },
};
