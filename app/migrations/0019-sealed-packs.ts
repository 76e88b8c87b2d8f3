import { type Kysely, sql } from 'kysely';

/** An evidence pack is kept as the very page that leaves, under a seal. One of before has none, and is put together anew. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw("ALTER TABLE supervision.evidence_packs ADD COLUMN page text NOT NULL DEFAULT ''").execute(db);
  await sql.raw("ALTER TABLE supervision.evidence_packs ADD COLUMN seal text NOT NULL DEFAULT ''").execute(db);
}
