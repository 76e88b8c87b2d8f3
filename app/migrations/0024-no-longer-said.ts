import { type Kysely, sql } from 'kysely';

/**
 * What an agency said once and says no longer: it counts no more, and is kept with from when to when it was said. It goes with its record.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const purpose = "current_setting('waymark.purpose', true)";
  const staff = `${purpose} IN ('record-linkage', 'support')`;
  for (const statement of [
    `CREATE TABLE support.former_facts (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       record_id integer NOT NULL REFERENCES support.records ON DELETE CASCADE,
       kind text NOT NULL,
       value text NOT NULL,
       on_date date NOT NULL,
       said_in integer NOT NULL REFERENCES support.record_imports,
       last_said_before integer NOT NULL REFERENCES support.record_imports,
       ended_at timestamptz NOT NULL DEFAULT now()
     )`,
    'CREATE INDEX former_facts_record_id ON support.former_facts (record_id)',
    'ALTER TABLE support.former_facts ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE support.former_facts FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON support.former_facts USING (${staff}) WITH CHECK (${staff})`,
    `CREATE POLICY self ON support.former_facts FOR SELECT USING (${purpose} = 'self' AND record_id IN (SELECT id FROM support.records))`,
    `CREATE POLICY retention ON support.former_facts USING (${purpose} = 'retention') WITH CHECK (${purpose} = 'retention')`,
    `CREATE POLICY only_retention_update ON support.former_facts AS RESTRICTIVE FOR UPDATE USING (${purpose} = 'retention')`,
    `CREATE POLICY only_retention_delete ON support.former_facts AS RESTRICTIVE FOR DELETE USING (${purpose} = 'retention')`,
    'GRANT SELECT, INSERT, UPDATE, DELETE ON support.former_facts TO waymark_support',
  ])
    await sql.raw(statement).execute(db);
}
