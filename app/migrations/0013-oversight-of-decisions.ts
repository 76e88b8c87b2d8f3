import { type Kysely, sql } from 'kysely';

/**
 * Those who oversee count how verdicts are reviewed: with them or against, how fast, and whether two agree. Of support nothing is
 * opened for it: there the team's lead counts.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isOversight = "current_setting('waymark.purpose', true) = 'oversight'";
  await sql.raw(`CREATE POLICY oversight ON supervision.reviews FOR SELECT USING (${isOversight})`).execute(db);
}
