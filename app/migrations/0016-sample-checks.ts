import { type Kysely, sql } from 'kysely';

/** What an auditor found about looks that were drawn for checking. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isOversight = "current_setting('waymark.purpose', true) = 'oversight'";
  const statements = [
    `CREATE TABLE oversight.sample_checks (
      seq bigint PRIMARY KEY,
      outcome text NOT NULL CHECK (outcome IN ('in order', 'cannot tell', 'not in order')),
      note text NOT NULL,
      by_actor text NOT NULL,
      by_name text NOT NULL,
      at timestamptz NOT NULL DEFAULT now()
    )`,
    'ALTER TABLE oversight.sample_checks ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE oversight.sample_checks FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON oversight.sample_checks USING (${isOversight}) WITH CHECK (${isOversight})`,
    'GRANT SELECT, INSERT, UPDATE ON oversight.sample_checks TO waymark_oversight',
    // Whoever looks back over a month looks by time.
    'CREATE INDEX audit_at ON oversight.audit_entries (at)',
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
