import { type Kysely, sql } from 'kysely';

/** By how many seconds the clock of the tag of a wearing was seen to be out, at most; nothing where its positions do not tell. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE supervision.wearings ADD COLUMN clock_error_s integer CHECK (clock_error_s > 0)`.execute(db);
}
