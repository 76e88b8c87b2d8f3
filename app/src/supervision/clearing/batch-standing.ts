import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';

/** Are the looks of a batch on what is current: the crime's version, and the run that speaks for it? Else the batch shows nothing. */
export async function isAsItWas(tx: Tx, batch: number): Promise<boolean> {
  const { rows } = await sql<{ changed: boolean }>`
    SELECT coalesce(bool_or(c.crime_version_id <> v.id OR c.run_id <> (
        SELECT max(r.run_id) FROM supervision.run_crimes r WHERE r.crime_version_id = c.crime_version_id)), false) AS changed
      FROM supervision.clearing_verdicts c JOIN supervision.crime_versions own ON own.id = c.crime_version_id
        JOIN supervision.crimes k ON k.id = own.crime_id JOIN supervision.crime_versions v ON v.crime_id = k.id AND v.version = k.version
      WHERE c.batch_id = ${batch} AND c.look IS NOT NULL`.execute(tx);
  return rows[0]?.changed === false;
}

/** Of a batch, what is still current, and what this reviewer has not decided by themselves meanwhile. */
export async function standingOf(tx: Tx, batch: number, reviewer: string): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ id: number }>`
    SELECT c.id FROM supervision.clearing_verdicts c JOIN supervision.crime_versions v ON v.id = c.crime_version_id
        JOIN supervision.crimes k ON k.id = v.crime_id AND k.version = v.version
      WHERE c.batch_id = ${batch}
        AND c.run_id = (SELECT max(r.run_id) FROM supervision.run_crimes r WHERE r.crime_version_id = c.crime_version_id)
        AND NOT EXISTS (SELECT FROM supervision.reviews w WHERE w.crime_version_id = c.crime_version_id AND w.wearing_id = c.wearing_id
          AND w.run_id = c.run_id AND w.reviewer = ${reviewer} AND w.taken_back_at IS NULL)`.execute(tx);
  return new Set(rows.map(({ id }) => id));
}
