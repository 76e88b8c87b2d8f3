import { type Kysely, sql } from 'kysely';

/** What cannot be undone asks first: erasing one person takes a second one, and so does a removal that is larger than usual. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isOversight = "current_setting('waymark.purpose', true) IN ('oversight', 'retention')";
  for (const statement of [
    ...['support', 'supervision'].map(
      (
        room,
      ) => `ALTER TABLE ${room}.erasures ADD COLUMN by_id text NOT NULL DEFAULT '', ADD COLUMN agreed_by text, ADD COLUMN agreed_at timestamptz,
        ADD COLUMN withdrawn_by text`,
    ),
    `CREATE TABLE oversight.retention_asks (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at timestamptz NOT NULL DEFAULT now(),
      day date NOT NULL,
      why jsonb NOT NULL,
      would_go jsonb NOT NULL,
      agreed jsonb NOT NULL DEFAULT '[]',
      ended_at timestamptz,
      ended_how text CHECK (ended_how IN ('done', 'no longer due'))
    )`,
    'ALTER TABLE oversight.retention_asks ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE oversight.retention_asks FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON oversight.retention_asks USING (${isOversight}) WITH CHECK (${isOversight})`,
    'GRANT SELECT, INSERT, UPDATE ON oversight.retention_asks TO waymark_oversight',
  ])
    await sql.raw(statement).execute(db);
}
