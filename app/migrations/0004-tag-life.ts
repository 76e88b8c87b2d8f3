import { type Kysely, sql } from 'kysely';

/** A tag's life, and alerts about tags, which are about no zone. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const allowed = "current_setting('waymark.purpose', true) = 'monitoring'";
  const statements = [
    'ALTER TABLE supervision.alerts ALTER COLUMN zone_version_id DROP NOT NULL',
    `ALTER TABLE supervision.tags ADD COLUMN state text NOT NULL DEFAULT 'in stock'
      CHECK (state IN ('in stock', 'removed', 'faulty', 'lost'))`,
    `CREATE TABLE supervision.tag_steps (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      tag_id integer NOT NULL REFERENCES supervision.tags,
      step text NOT NULL CHECK (step IN ('registered', 'fitted', 'in stock', 'removed', 'faulty', 'lost')),
      wearing_id integer REFERENCES supervision.wearings,
      note text NOT NULL,
      by_name text NOT NULL,
      at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX tag_steps_tag ON supervision.tag_steps (tag_id)',
    'ALTER TABLE supervision.tag_steps ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.tag_steps FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON supervision.tag_steps USING (${allowed}) WITH CHECK (${allowed})`,
    // What is written once is never changed.
    'GRANT SELECT, INSERT ON supervision.tag_steps TO waymark_supervision',
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
