import { type Kysely, sql } from 'kysely';

/** Reminders that appear on the person's own phone or computer: the target is the browser's subscription, as it gives it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['reminder_choices', 'reminders'])
    for (const statement of [
      `ALTER TABLE supervision.${table} DROP CONSTRAINT ${table}_channel_check`,
      `ALTER TABLE supervision.${table} ADD CONSTRAINT ${table}_channel_check CHECK (channel IN ('e-mail', 'text message', 'push message'))`,
    ])
      await sql.raw(statement).execute(db);
}
