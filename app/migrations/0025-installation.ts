import { type Kysely, sql } from 'kysely';

/** Which installation these records belong to, and by which files its schema was made. The other half is the fix store. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE platform.installation (
       "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
       id uuid NOT NULL,
       at timestamptz NOT NULL DEFAULT now()
     )`,
    `CREATE TABLE platform.migration_hashes (
       name text PRIMARY KEY,
       sha256 text NOT NULL,
       at timestamptz NOT NULL DEFAULT now()
     )`,
  ])
    await sql.raw(statement).execute(db);
}
