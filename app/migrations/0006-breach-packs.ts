import { type Kysely, sql } from 'kysely';

/** Accounts of how an order was kept, which leave only after a named person's review. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const allowed = "current_setting('waymark.purpose', true) = 'monitoring'";
  const statements = [
    `CREATE TABLE supervision.breach_packs (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      wearing_id integer NOT NULL REFERENCES supervision.wearings,
      from_at timestamptz NOT NULL,
      to_at timestamptz NOT NULL CHECK (to_at > from_at),
      content jsonb NOT NULL,
      sha256 text NOT NULL,
      note text NOT NULL,
      made_by text NOT NULL,
      made_by_name text NOT NULL,
      made_at timestamptz NOT NULL DEFAULT now(),
      decision text CHECK (decision IN ('released', 'sent back')),
      reason text,
      reviewed_by text CHECK (reviewed_by <> made_by),
      reviewed_by_name text,
      reviewed_at timestamptz
    )`,
    'CREATE INDEX breach_packs_wearing ON supervision.breach_packs (wearing_id)',
    'ALTER TABLE supervision.breach_packs ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.breach_packs FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON supervision.breach_packs USING (${allowed}) WITH CHECK (${allowed})`,
    // What it says is never changed: only what was decided about it is added.
    'GRANT SELECT, INSERT, UPDATE (decision, reason, reviewed_by, reviewed_by_name, reviewed_at) ON supervision.breach_packs TO waymark_supervision',
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
