import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import { isLooking } from '../audit/index.ts';

/** A pattern of access that is worth a question. It is no finding: most have a good reason. */
export interface Signal {
  kind: SignalKind;
  actor: string;
  actorName: string;
  role: string;
  /** Whom it was about, by number alone; null where it is about many. */
  about: string | null;
  count: number;
  /** What is usual, where there is something to compare with. */
  usual: number | null;
  from: string;
  to: string;
}

export type SignalKind = 'own name' | 'odd hours' | 'many people' | 'much looked at' | 'only looking' | 'refused' | 'many exports';

/** Days that are looked back on, and from how many on something counts as unusual. */
export const unusualFrom = {
  days: 30,
  /** On the clock: looks outside these hours are odd. */
  hours: { from: 6, to: 22 },
  oddLooks: 5,
  /** People looked at by one member of staff in one day; and so many times what is usual for their role. */
  peopleADay: 20,
  timesUsual: 3,
  /** With fewer days of the role, or people, nobody knows yet what is usual. */
  comparedFrom: 5,
  /** Members of staff who looked at one person. */
  lookers: 5,
  /** Looks at one person by somebody who did nothing for them. */
  idleLooks: 10,
  refusedADay: 3,
  exportsADay: 10,
} as const;

export const signalsInWords: Record<SignalKind, string> = {
  'own name': 'Looked at somebody of their own family name',
  'odd hours': `Looked between ${unusualFrom.hours.to}:00 and ${unusualFrom.hours.from}:00`,
  'many people': `Looked at ${unusualFrom.peopleADay} people or more in a day, and ${unusualFrom.timesUsual} times what is usual for the role`,
  'much looked at': `A person at whom ${unusualFrom.lookers} members of staff or more looked, and ${unusualFrom.timesUsual} times what is usual`,
  'only looking': `Looked at one person ${unusualFrom.idleLooks} times or more, and did nothing for them`,
  refused: `Was refused ${unusualFrom.refusedADay} times or more in a day`,
  'many exports': `Took out ${unusualFrom.exportsADay} files or more in a day`,
};

/**
 * Finds what is unusual in the audit of the last days, from the entries alone: who looked at whom, how often and when. No record of
 * a person is read for it.
 */
export const findUnusual: Action<{ timeZone: string }, { now: number }, Signal[]> = {
  name: 'audit.unusual',
  room: 'oversight',
  purpose: 'oversight',
  async run({ tx, note }, { timeZone }, { now }) {
    const u = unusualFrom;
    const since = new Date(now - u.days * 86_400_000);
    const looks = sql`entries AS (
      SELECT actor, actor_name, role, action, outcome, about_kind, about_id, detail, (at AT TIME ZONE ${timeZone}) AS local
        FROM oversight.audit_entries
        WHERE at >= ${since} AND role NOT IN ('system', 'device', 'person')),
      looks AS (
        SELECT e.*, CASE WHEN about_kind IN ('person', 'subject') THEN about_kind || ' ' || about_id
            WHEN detail ? 'subject' THEN 'subject ' || (detail ->> 'subject')
            WHEN detail ? 'person' THEN 'person ' || (detail ->> 'person') END AS who, detail ->> 'sameName' = 'true' AS same_name
          FROM entries e WHERE NOT detail ?| ARRAY['subjects', 'persons']
        UNION ALL
        SELECT e.*, kind || ' ' || one, kind = 'subject' AND detail -> 'sameNameOf' @> to_jsonb(one::bigint) FROM entries e
          CROSS JOIN LATERAL (VALUES ('subject', detail -> 'subjects'), ('person', detail -> 'persons')) AS many (kind, list)
          CROSS JOIN LATERAL jsonb_array_elements_text(CASE WHEN jsonb_typeof(list) = 'array' THEN list ELSE '[]' END) AS one
          WHERE detail ?| ARRAY['subjects', 'persons']),
      days AS (
        SELECT actor, max(actor_name) AS actor_name, role, local::date AS day, count(DISTINCT who)::int AS people
          FROM looks WHERE who IS NOT NULL AND outcome = 'done' GROUP BY actor, role, local::date),
      lookers AS (
        SELECT who, count(DISTINCT actor)::int AS staff, min(local)::date AS first, max(local)::date AS last
          FROM looks WHERE who IS NOT NULL AND outcome = 'done' GROUP BY who),
      usual_day AS (SELECT role, count(*)::int AS days, percentile_cont(0.5) WITHIN GROUP (ORDER BY people) AS people FROM days GROUP BY role),
      usual_lookers AS (SELECT count(*)::int AS people, percentile_cont(0.5) WITHIN GROUP (ORDER BY staff) AS staff FROM lookers)`;
    const { rows } = await sql<Signal>`WITH ${looks}, found AS (
      SELECT 'own name' AS kind, actor, max(actor_name) AS "actorName", role, who AS about, count(*)::int AS count, NULL::float8 AS usual,
          min(local)::date AS first, max(local)::date AS last
        FROM looks WHERE same_name GROUP BY actor, role, who
      UNION ALL
      SELECT 'odd hours', actor, max(actor_name), role, NULL, count(*)::int, NULL, min(local)::date, max(local)::date
        FROM looks WHERE who IS NOT NULL AND outcome = 'done' AND (extract(hour FROM local) < ${u.hours.from} OR extract(hour FROM local) >= ${u.hours.to})
        GROUP BY actor, role HAVING count(*) >= ${u.oddLooks}
      UNION ALL
      SELECT 'many people', d.actor, d.actor_name, d.role, NULL, d.people, usual.people, d.day, d.day
        FROM days d JOIN usual_day usual ON usual.role = d.role
        WHERE d.people >= ${u.peopleADay} AND usual.days >= ${u.comparedFrom} AND d.people > ${u.timesUsual} * usual.people
      UNION ALL
      SELECT 'much looked at', '', '', '', l.who, l.staff, usual.staff, l.first, l.last
        FROM lookers l CROSS JOIN usual_lookers usual
        WHERE l.staff >= ${u.lookers} AND usual.people >= ${u.comparedFrom} AND l.staff > ${u.timesUsual} * usual.staff
      UNION ALL
      SELECT 'only looking', actor, max(actor_name), role, who, count(*)::int, NULL, min(local)::date, max(local)::date
        FROM looks WHERE who IS NOT NULL AND outcome = 'done' GROUP BY actor, role, who
        HAVING count(*) >= ${u.idleLooks} AND bool_and(${isLooking})
      UNION ALL
      SELECT 'refused', actor, max(actor_name), role, NULL, count(*)::int, NULL, min(local)::date, max(local)::date
        FROM entries WHERE outcome = 'refused' GROUP BY actor, role, local::date HAVING count(*) >= ${u.refusedADay}
      UNION ALL
      SELECT 'many exports', actor, max(actor_name), role, NULL, count(*)::int, NULL, min(local)::date, max(local)::date
        FROM entries WHERE outcome = 'done' AND (action LIKE '%.export' OR action = 'statement.write') GROUP BY actor, role, local::date HAVING count(*) >= ${u.exportsADay})
      SELECT kind, actor, "actorName", role, about, count, usual, to_char(first, 'YYYY-MM-DD') AS "from", to_char(last, 'YYYY-MM-DD') AS "to"
        FROM found ORDER BY last DESC, kind, count DESC LIMIT 500`.execute(tx);
    note(null, { shown: rows.length });
    return rows;
  },
};
