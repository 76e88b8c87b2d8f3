import { type Kysely, sql } from 'kysely';

/** When an authority outside said that the signed data of a pack was there: its answer, as it came. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isMatching = "current_setting('waymark.purpose', true) = 'crime-matching'";
  const isRetention = "current_setting('waymark.purpose', true) = 'retention'";
  for (const statement of [
    `CREATE TABLE supervision.evidence_stamps (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       pack_id integer NOT NULL REFERENCES supervision.evidence_packs,
       answer bytea NOT NULL,
       authority text NOT NULL,
       stamped_at timestamptz NOT NULL,
       by_name text NOT NULL,
       at timestamptz NOT NULL DEFAULT now()
     )`,
    'CREATE INDEX evidence_stamps_pack ON supervision.evidence_stamps (pack_id)',
    'ALTER TABLE supervision.evidence_stamps ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.evidence_stamps FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON supervision.evidence_stamps USING (${isMatching}) WITH CHECK (${isMatching})`,
    `CREATE POLICY retention ON supervision.evidence_stamps USING (${isRetention})`,
    `CREATE POLICY only_retention_delete ON supervision.evidence_stamps AS RESTRICTIVE FOR DELETE USING (${isRetention})`,
    'GRANT SELECT, INSERT, DELETE ON supervision.evidence_stamps TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
}
