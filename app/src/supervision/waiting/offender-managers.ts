import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Waiting } from '../../platform/waiting.ts';

/** A list that ends within so many days is told. */
const endsSoonDays = 14;

/** What waits for an offender manager, of those on their own lists. */
export const waitingForOffenderManagers: Action<null, null, Waiting[]> = {
  name: 'waiting.list',
  room: 'supervision',
  purpose: 'offender-management',
  async run({ tx, note }) {
    note(null);
    const { rows } = await sql<{ ending: number; empty: number; open: number; high: number; missed: number }>`
      WITH mine AS (SELECT id, until FROM supervision.cohorts WHERE ended_at IS NULL AND until >= current_date),
        open AS (SELECT DISTINCT ON (w.subject_id) w.subject_id, a.severity = 'high' AS high FROM supervision.alerts a
          JOIN supervision.wearings w ON w.id = a.wearing_id WHERE a.state IN ('raised', 'seen', 'in hand') ORDER BY w.subject_id, a.severity = 'high' DESC)
      SELECT (SELECT count(*) FROM mine WHERE until <= current_date + ${endsSoonDays}::int)::int AS ending,
        (SELECT count(*) FROM mine WHERE NOT EXISTS (SELECT FROM supervision.cohort_members m WHERE m.cohort_id = mine.id AND m.left_at IS NULL))::int AS empty,
        (SELECT count(*) FROM open)::int AS open, (SELECT count(*) FROM open WHERE high)::int AS high,
        (SELECT count(*) FROM supervision.appointments WHERE state = 'missed' AND starts_at > now() - interval '7 days')::int AS missed`.execute(
      tx,
    );
    const counts = rows[0] ?? { ending: 0, empty: 0, open: 0, high: 0, missed: 0 };
    return [
      {
        what: 'people on your lists with an open alert',
        count: counts.open,
        pressing: { count: counts.high, word: 'high' },
        href: '/cohorts',
      },
      { what: 'appointments that people on your lists missed in the last 7 days', count: counts.missed, href: '/cohorts' },
      { what: `lists that end within ${endsSoonDays} days`, count: counts.ending, href: '/cohorts' },
      { what: 'lists with nobody on them', count: counts.empty, href: '/cohorts' },
    ];
  },
};
