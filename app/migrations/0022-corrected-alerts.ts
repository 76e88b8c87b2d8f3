import { type Kysely, sql } from 'kysely';

/** A decision about an alert can be taken back or corrected, with both kept on record. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    'ALTER TABLE supervision.alert_steps DROP CONSTRAINT alert_steps_step_check',
    `ALTER TABLE supervision.alert_steps ADD CONSTRAINT alert_steps_step_check
       CHECK (step IN ('seen', 'taken in hand', 'handed over', 'closed', 'reopened', 'corrected'))`,
  ])
    await sql.raw(statement).execute(db);
}
