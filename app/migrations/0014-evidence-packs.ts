import { type Kysely, sql } from 'kysely';

/** What bears out a reviewed verdict, as it was put together: it is never changed, and goes with its wearer. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isMatching = "current_setting('waymark.purpose', true) = 'crime-matching'";
  const isRetention = "current_setting('waymark.purpose', true) = 'retention'";
  const me = "(SELECT a.subject_id FROM supervision.own_access a WHERE a.account_key = current_setting('waymark.self', true))";
  const statements = [
    `CREATE TABLE supervision.evidence_packs (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      crime_version_id integer NOT NULL REFERENCES supervision.crime_versions,
      wearing_id integer NOT NULL REFERENCES supervision.wearings,
      content text NOT NULL,
      sha256 text NOT NULL,
      made_by text NOT NULL,
      made_by_name text NOT NULL,
      made_at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX evidence_packs_about ON supervision.evidence_packs (wearing_id, crime_version_id)',
    'CREATE INDEX evidence_packs_sha256 ON supervision.evidence_packs (sha256)',
    'ALTER TABLE supervision.evidence_packs ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.evidence_packs FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON supervision.evidence_packs USING (${isMatching}) WITH CHECK (${isMatching})`,
    `CREATE POLICY retention ON supervision.evidence_packs USING (${isRetention})`,
    `CREATE POLICY only_retention_delete ON supervision.evidence_packs AS RESTRICTIVE FOR DELETE USING (${isRetention})`,
    `CREATE POLICY self ON supervision.evidence_packs FOR SELECT USING (current_setting('waymark.purpose', true) = 'self'
      AND wearing_id IN (SELECT id FROM supervision.wearings WHERE subject_id = ${me}))`,
    'GRANT SELECT, INSERT, DELETE ON supervision.evidence_packs TO waymark_supervision',
    // Whoever gathers evidence says how it came about: what was done with crimes and runs, and nothing else.
    `CREATE POLICY evidence ON oversight.audit_entries FOR SELECT TO waymark_supervision
      USING (${isMatching} AND about_kind IN ('crime', 'run'))`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
