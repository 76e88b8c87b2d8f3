import { type Kysely, sql } from 'kysely';

/** What the last linking rests on: the weight of each pair that put records together, and why what was learnt is not used, if it is not. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const allowed = "current_setting('waymark.purpose', true) = 'record-linkage'";
  for (const statement of [
    `CREATE TABLE support.linked_pairs (
       left_record integer NOT NULL REFERENCES support.records ON DELETE CASCADE,
       right_record integer NOT NULL REFERENCES support.records ON DELETE CASCADE,
       bits double precision NOT NULL,
       PRIMARY KEY (left_record, right_record)
     )`,
    'CREATE INDEX linked_pairs_right ON support.linked_pairs (right_record)',
    'ALTER TABLE support.linked_pairs ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE support.linked_pairs FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON support.linked_pairs USING (${allowed}) WITH CHECK (${allowed})`,
    // A record is removed for another purpose, and takes its pairs along.
    "CREATE POLICY removal ON support.linked_pairs FOR DELETE USING (current_setting('waymark.purpose', true) = 'retention')",
    'GRANT SELECT, INSERT, DELETE ON support.linked_pairs TO waymark_support',
    "ALTER TABLE support.linkage_state ADD COLUMN doubts jsonb NOT NULL DEFAULT '[]'",
  ])
    await sql.raw(statement).execute(db);
}
