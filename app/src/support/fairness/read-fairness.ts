import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type {} from '../tables.ts';
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
    SELECT
      (SELECT c.value FROM support.characteristics c JOIN support.records r ON r.id = c.record_id
        WHERE r.person_id = p.person_id AND c.kind = 'ethnicity' GROUP BY c.value ORDER BY count(*) DESC, c.value LIMIT 1) AS ethnicity,
      (SELECT r.identity->>'sex' FROM support.records r
        WHERE r.person_id = p.person_id AND r.identity ? 'sex' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1) AS sex,
      p.low > 0 AS "needSeen",
      EXISTS (SELECT FROM support.packages k WHERE k.person_id = p.person_id) AS offered,
      EXISTS (SELECT FROM support.packages k WHERE k.person_id = p.person_id AND k.state IN ('accepted', 'closed')) AS accepted,
      EXISTS (SELECT FROM support.packages k WHERE k.person_id = p.person_id AND k.state = 'declined') AS declined,
      (SELECT count(*) FROM support.goals g JOIN support.packages k ON k.id = g.package_id WHERE k.person_id = p.person_id AND g.outcome IS NOT NULL)::int AS goals,
      (SELECT count(*) FROM support.goals g JOIN support.packages k ON k.id = g.package_id
        WHERE k.person_id = p.person_id AND g.outcome IN ('achieved', 'partly'))::int AS "goalsReached",
      (SELECT min(extract(epoch FROM k.created_at - k.waiting_since) / 86400)::float
        FROM support.packages k WHERE k.person_id = p.person_id AND k.waiting_since IS NOT NULL) AS "waitedDays",
      (SELECT (extract(epoch FROM now() - w.since) / 86400)::float
        FROM support.waiting w WHERE w.person_id = p.person_id AND w.left_at IS NULL) AS "waitingDays"
    FROM support.person_summaries p WHERE p.low IS NOT NULL`.execute(tx);
  return rows;
}
