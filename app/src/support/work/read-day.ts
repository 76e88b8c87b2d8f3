import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type {} from '../schema/tables.ts';

/** What a reminder is about. */
export type ReminderKind = 'task' | 'step' | 'review' | 'answer' | 'notice' | 'approval' | 'look again' | 'challenge';

/** Something that waits for somebody of the team, or will soon. Days as `YYYY-MM-DD`. */
export interface Reminder {
  kind: ReminderKind;
  person: number;
  name: string;
  what: string;
  /** Null where it waits without a day. */
  dueOn: string | null;
  /** Whose it is; null where it is anybody's. */
  forName: string | null;
  package: number | null;
  /** Of a task. */
  task: number | null;
}

/** An offer that has waited longer than this for an answer is one to ask about, days. */
const answerDays = 14;
/** Shown this many days before they are due. */
const aheadDays = 14;

const shownAtMost = 300;

export interface DayQuery {
  today: string;
  timeZone: string;
  /** Only the reader's own, what they gave to others, and what is anybody's. */
  own: boolean;
}

/**
 * What there is to do: tasks, the worker's steps, reviews, offers without an answer, delays that end, approvals that wait, people to
 * look at again, challenges. What waits without a day first, then by day.
 */
export const readDay: Action<null, DayQuery, { reminders: Reminder[]; total: number; overdue: number }> = {
  name: 'task.list',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { today, timeZone, own }) {
    const soon = sql`${today}::date + ${aheadDays}::int`;
    const { rows } = await sql<Reminder & { total: number; overdue: number }>`
      SELECT x.kind, x.person, coalesce(s.name, 'Name not known') AS name, x.what, to_char(x.due, 'YYYY-MM-DD') AS "dueOn",
          x.for_name AS "forName", x.package, x.task, count(*) OVER ()::int AS total,
          count(*) FILTER (WHERE x.due < ${today}::date) OVER ()::int AS overdue
      FROM (
        SELECT 'task' AS kind, t.person_id AS person, t.task AS what, t.due_on AS due, t.for_name, t.by_name, NULL::int AS package, t.id AS task
          FROM support.tasks t WHERE t.done_at IS NULL AND t.due_on <= ${soon}
        UNION ALL
        SELECT 'step', k.person_id, e.step, e.due_on, NULL, NULL, k.id, NULL
          FROM support.steps e JOIN support.goals g ON g.id = e.goal_id JOIN support.packages k ON k.id = g.package_id
          WHERE k.state = 'accepted' AND e.actor = 'the worker' AND e.done_at IS NULL AND e.due_on <= ${soon}
        UNION ALL
        SELECT 'review', k.person_id, 'The package is to be reviewed', v.next_on, NULL, NULL, k.id, NULL
          FROM support.packages k JOIN LATERAL (
            SELECT next_on FROM support.reviews v WHERE v.package_id = k.id ORDER BY v.held_on DESC, v.id DESC LIMIT 1) v ON true
          WHERE k.state = 'accepted' AND v.next_on <= ${soon}
        UNION ALL
        SELECT 'answer', k.person_id, 'The offer has no answer yet', (k.created_at AT TIME ZONE ${timeZone}::text)::date + ${answerDays}::int, NULL, NULL, k.id, NULL
          FROM support.packages k WHERE k.state = 'offered' AND (k.created_at AT TIME ZONE ${timeZone}::text)::date + ${answerDays}::int <= ${today}::date
        UNION ALL
        SELECT 'notice', n.person_id, 'Telling them is put off only until this day', n.delay_until, NULL, NULL, NULL, NULL
          FROM support.notices n WHERE n.approved_by IS NOT NULL AND n.delay_until <= ${soon}
            AND NOT EXISTS (SELECT FROM support.notices m WHERE m.person_id = n.person_id AND (m.told_on IS NOT NULL
              OR (m.approved_by IS NOT NULL AND m.delay_until > n.delay_until)))
        UNION ALL
        SELECT 'approval', n.person_id, n.by_name || ' asks to put off telling them', NULL::date, NULL, NULL, NULL, NULL
          FROM support.notices n WHERE n.delay_until >= ${today}::date AND n.approved_by IS NULL AND n.by_name <> ${actor.name}::text
            AND NOT EXISTS (SELECT FROM support.notices m WHERE m.person_id = n.person_id AND m.told_on IS NOT NULL)
        UNION ALL
        SELECT 'look again', d.person_id, d.reason, d.look_again_on, d.by_name, NULL, NULL, NULL
          FROM support.need_decisions d WHERE d.look_again_on <= ${soon} AND d.taken_back_at IS NULL
            AND NOT EXISTS (SELECT FROM support.need_decisions e WHERE e.person_id = d.person_id AND e.id > d.id)
            AND NOT EXISTS (SELECT FROM support.packages k WHERE k.person_id = d.person_id AND k.state IN ('offered', 'accepted'))
        UNION ALL
        SELECT 'challenge', r.person_id, 'A statement is challenged', NULL::date, NULL, NULL, NULL, NULL
          FROM support.challenges c JOIN support.facts f ON f.id = c.fact_id JOIN support.records r ON r.id = f.record_id
          WHERE c.outcome IS NULL AND ${actor.role}::text = 'support-lead'
      ) x LEFT JOIN support.person_summaries s ON s.person_id = x.person
      WHERE NOT EXISTS (SELECT FROM support.withdrawals w WHERE w.person_id = x.person AND w.ended_at IS NULL) AND (NOT ${own}::boolean OR x.for_name IS NULL OR lower(${actor.name}::text) IN (lower(x.for_name), lower(x.by_name)))
      ORDER BY x.due NULLS FIRST, x.kind, x.person LIMIT ${shownAtMost}`.execute(tx);
    note(null, { shown: rows.length });
    const [first] = rows;
    return { reminders: rows.map(({ total: _, overdue: __, ...row }) => row), total: first?.total ?? 0, overdue: first?.overdue ?? 0 };
  },
};
