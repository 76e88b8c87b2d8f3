import { sql } from 'kysely';
import type { Tx } from './database.ts';

/** One time that somebody looked at, or changed, what is held of a person. */
export interface LookView {
  at: Date;
  name: string;
  role: string;
  purpose: string;
  action: string;
  outcome: string;
  /** Why somebody looked whose case it was not; null where they were not asked. */
  reason: string | null;
}

const shownAtMost = 500;

/**
 * Who looked at one's own data, the latest first. The database shows the entries about this person and no others; the
 * person's own looks are left out, and so are messages that go out by themselves: reminders stand on a page of their own.
 */
export async function readLooks(tx: Tx): Promise<{ looks: LookView[]; total: number }> {
  const { rows } = await sql<LookView & { total: number }>`
    SELECT at, actor_name AS name, role, purpose, action, outcome,
        CASE WHEN action = 'look-outside.explain' THEN detail ->> 'reason' END AS reason, count(*) OVER ()::int AS total
      FROM oversight.audit_entries WHERE role <> 'person' AND action NOT IN ('reminder.send', 'change.tell') ORDER BY seq DESC LIMIT ${shownAtMost}`.execute(
    tx,
  );
  return { looks: rows.map(({ total: _, ...row }) => row), total: rows[0]?.total ?? 0 };
}
