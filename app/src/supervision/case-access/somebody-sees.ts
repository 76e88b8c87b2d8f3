import { sql } from 'kysely';
import { InvalidError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';

/**
 * Makes sure that no case is left that nobody can see, now or when somebody's time with it ends: its alerts would reach nobody, and nobody
 * could open it again. To be called after a change of who sees whom, with the change undone where it throws.
 *
 * @param of one case, or all of a team
 * @throws InvalidError saying what to do first
 */
export async function mustBeSeen(tx: Tx, of: { subject: number } | { team: number }, field: string): Promise<void> {
  const { rows } = await sql<{ restricted: number; closed: number }>`
    SELECT count(*) FILTER (WHERE c.is_restricted)::int AS restricted, count(*) FILTER (WHERE NOT c.is_restricted)::int AS closed
    FROM supervision.cases c LEFT JOIN supervision.teams t ON t.id = c.team_id
    WHERE ${'subject' in of ? sql`c.subject_id = ${of.subject}` : sql`c.team_id = ${of.team}`}
      AND (c.is_restricted OR t.is_closed)
      AND (c.is_restricted OR NOT EXISTS (SELECT FROM supervision.team_members m WHERE m.team_id = c.team_id))
      AND NOT EXISTS (SELECT FROM supervision.case_holders h WHERE h.subject_id = c.subject_id AND h.part <> 'cover' AND h.to_on IS NULL)`.execute(
    tx,
  );
  const [{ restricted, closed } = { restricted: 0, closed: 0 }] = rows;
  if (restricted > 0)
    throw new InvalidError(
      'Nobody could see this restricted case then. Name first somebody who holds or may see it, without a last day.',
      field,
    );
  if (closed > 0)
    throw new InvalidError(
      `Nobody could see ${closed === 1 ? 'a case' : `${closed} cases`} of this closed team then. A closed team needs a member first.`,
      field,
    );
}
