import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';

/**
 * Nothing more is sent where somebody was reminded until now: they stopped, or the account that chose it is theirs no longer. What waits
 * is not sent; how many codes were sent today stays.
 */
export async function endReminders(tx: Tx, subject: number): Promise<void> {
  await sql`UPDATE supervision.reminder_choices SET target = '', kinds = '[]', confirmed_at = NULL, code_hash = NULL, code_until = NULL
    WHERE subject_id = ${subject}`.execute(tx);
  await sql`UPDATE supervision.reminders SET state = 'not needed', settled_at = now(), text = CASE WHEN kind = 'code' THEN '' ELSE text END
    WHERE subject_id = ${subject} AND state = 'waiting'`.execute(tx);
}
