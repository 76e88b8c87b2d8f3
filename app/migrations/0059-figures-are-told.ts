import { type Kysely, sql } from 'kysely';

/** Who publishes figures puts in line who is told of it, as whoever changes something does. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const doing = `current_setting('waymark.purpose', true) IN ('monitoring', 'crime-matching', 'administration', 'self', 'ingest', 'oversight', 'fairness')`;
  await sql.raw(`ALTER POLICY doing ON supervision.change_hooks USING (${doing})`).execute(db);
  await sql.raw(`ALTER POLICY doing ON supervision.change_messages WITH CHECK (${doing})`).execute(db);
}
