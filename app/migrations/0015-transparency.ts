import { type Kysely, sql } from 'kysely';

/** Records for the public on how Waymark runs: each stays as it was published, and none is about a person. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isOversight = "current_setting('waymark.purpose', true) = 'oversight'";
  const isPublic = "current_setting('waymark.purpose', true) = 'transparency'";
  const statements = [
    `CREATE TABLE oversight.transparency_records (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at timestamptz NOT NULL DEFAULT now(),
      by_name text NOT NULL,
      configuration jsonb NOT NULL,
      fingerprint text NOT NULL,
      statement jsonb NOT NULL,
      records jsonb NOT NULL,
      sha256 text NOT NULL
    )`,
    'ALTER TABLE oversight.transparency_records ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE oversight.transparency_records FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON oversight.transparency_records USING (${isOversight}) WITH CHECK (${isOversight})`,
    `CREATE POLICY public ON oversight.transparency_records FOR SELECT USING (${isPublic})`,
    'GRANT SELECT, INSERT ON oversight.transparency_records TO waymark_oversight',
    // Agreements with agencies, and the agencies themselves, are nobody's data.
    `CREATE POLICY public ON support.agreements FOR SELECT USING (${isPublic})`,
    `CREATE POLICY public ON support.sources FOR SELECT USING (${isPublic})`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
