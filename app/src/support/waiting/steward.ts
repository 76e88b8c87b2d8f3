import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Waiting } from '../../platform/waiting.ts';

/** Agreements that end within so many days are told of; imports of so many days are looked through. */
const endsWithinDays = 30;
const importDays = 14;

interface Counts {
  pairs: number;
  feeds: number;
  imports: number;
  agreements: number;
}

/** What waits for a data steward. @param today `YYYY-MM-DD` */
export const waitingForSteward: Action<null, { today: string }, Waiting[]> = {
  name: 'waiting.list',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { today }) {
    const { rows } = await sql<Counts>`SELECT
      (SELECT count(*)::int FROM support.review_pairs) AS pairs,
      (SELECT count(*)::int FROM support.feeds WHERE ended_at IS NULL AND last_problem IS NOT NULL) AS feeds,
      (SELECT count(*)::int FROM support.record_imports
        WHERE at > now() - make_interval(days => ${importDays}) AND jsonb_array_length(problems) > 0) AS imports,
      (SELECT count(*)::int FROM support.agreements
        WHERE ended_at IS NULL AND ends_on >= ${today}::date AND ends_on < ${today}::date + ${endsWithinDays}::int) AS agreements`.execute(
      tx,
    );
    const counts = rows[0] as Counts;
    note(null);
    return [
      { what: 'pairs of records to decide', count: counts.pairs, href: '/review' },
      {
        what: 'deliveries of agencies that went wrong',
        count: counts.feeds,
        pressing: { count: counts.feeds, word: 'stopped' },
        href: '/sources',
      },
      { what: `imports of the last ${importDays} days with rows that could not be used`, count: counts.imports, href: '/sources' },
      { what: `agreements that end within ${endsWithinDays} days`, count: counts.agreements, href: '/sources' },
    ];
  },
};
