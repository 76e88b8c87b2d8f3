import { type Kysely, sql } from 'kysely';

/**
 * Whoever oversees tells reviews of made-up crimes from others by the crime itself, which stays when the test goes with its wearer.
 * What was published says by which rule its seal was made.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isOversight = "current_setting('waymark.purpose', true) = 'oversight'";
  await sql.raw(`CREATE POLICY oversight ON supervision.crime_versions FOR SELECT USING (${isOversight} AND made_up)`).execute(db);
  await sql.raw('ALTER TABLE oversight.transparency_records ADD COLUMN seal_rule integer NOT NULL DEFAULT 1').execute(db);
}
