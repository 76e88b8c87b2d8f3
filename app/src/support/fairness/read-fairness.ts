import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type {} from '../schema/tables.ts';
import { type CountedPerson, compareGroups, type GroupView } from './compare-groups.ts';

export interface FairnessView {
  people: number;
  by: { characteristic: string; groups: GroupView[] }[];
}

/**
 * Needs, offers, waits, answers and outcomes by ethnicity and by sex. Read for this purpose alone, and only in numbers: no person
 * leaves this action. Of whom nobody has stated it, nothing is told.
 */
export const readFairness: Action<null, null, FairnessView> = {
  name: 'fairness.read',
  room: 'support',
  purpose: 'fairness',
  async run({ tx, note }) {
    const rows = await countedPeople(tx);
    note(null, { people: rows.length });
    const by = (['ethnicity', 'sex'] as const).map((key) => ({
      characteristic: key,
      groups: compareGroups(rows.flatMap((row): CountedPerson[] => (row[key] === null ? [] : [{ ...row, group: row[key] }]))),
    }));
    return { people: rows.length, by };
  },
};

type Row = Omit<CountedPerson, 'group'> & { ethnicity: string | null; sex: string | null };

async function countedPeople(tx: Tx): Promise<Row[]> {
  const { rows } = await sql<Row>`
    WITH ethnicity AS (
      SELECT DISTINCT ON (person_id) person_id, value FROM (
        SELECT r.person_id, c.value, count(*) AS n FROM support.characteristics c JOIN support.records r ON r.id = c.record_id
          WHERE c.kind = 'ethnicity' GROUP BY r.person_id, c.value) x ORDER BY person_id, n DESC, value
    ), sex AS (
      SELECT DISTINCT ON (person_id) person_id, value FROM (
        SELECT r.person_id, r.identity->>'sex' AS value, count(*) AS n FROM support.records r
          WHERE r.identity ? 'sex' GROUP BY r.person_id, 2) x ORDER BY person_id, n DESC, value
    ), packages AS (
      SELECT k.person_id, bool_or(k.state IN ('accepted', 'closed')) AS accepted, bool_or(k.state = 'declined') AS declined,
        min(extract(epoch FROM k.created_at - k.waiting_since) / 86400) FILTER (WHERE k.waiting_since IS NOT NULL) AS waited
        FROM support.packages k GROUP BY k.person_id
    ), goals AS (
      SELECT k.person_id, count(*) AS goals, count(*) FILTER (WHERE g.outcome IN ('achieved', 'partly')) AS reached
        FROM support.goals g JOIN support.packages k ON k.id = g.package_id WHERE g.outcome IS NOT NULL GROUP BY k.person_id
    ), waiting AS (
      SELECT w.person_id, min(w.since) AS since FROM support.waiting w WHERE w.left_at IS NULL GROUP BY w.person_id
    )
    SELECT ethnicity.value AS ethnicity, sex.value AS sex, p.low > 0 AS "needSeen", packages.person_id IS NOT NULL AS offered,
      coalesce(packages.accepted, false) AS accepted, coalesce(packages.declined, false) AS declined,
      coalesce(goals.goals, 0)::int AS goals, coalesce(goals.reached, 0)::int AS "goalsReached",
      packages.waited::float AS "waitedDays", (extract(epoch FROM now() - waiting.since) / 86400)::float AS "waitingDays"
    FROM support.person_summaries p
      LEFT JOIN ethnicity USING (person_id) LEFT JOIN sex USING (person_id) LEFT JOIN packages USING (person_id)
      LEFT JOIN goals USING (person_id) LEFT JOIN waiting USING (person_id)
    WHERE p.low IS NOT NULL`.execute(tx);
  return rows;
}
