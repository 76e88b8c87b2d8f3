import { type Kysely, sql } from 'kysely';

/** A program's token may be for some things alone, and ends by itself. Those of before are for all of their role, and end by hand. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('ALTER TABLE platform.api_tokens ADD COLUMN scopes text, ADD COLUMN expires_at timestamptz').execute(db);
}
