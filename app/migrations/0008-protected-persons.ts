import { type Kysely, sql } from 'kysely';

/** People whom a subject must not come near, with a device of their own. Never read for crime matching. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const allowed = "current_setting('waymark.purpose', true) IN ('monitoring', 'ingest')";
  const statements = [
    `CREATE TABLE supervision.protections (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      order_id integer NOT NULL REFERENCES supervision.orders,
      name text NOT NULL,
      tag_id integer NOT NULL REFERENCES supervision.tags,
      radius_m integer NOT NULL CHECK (radius_m BETWEEN 50 AND 5000),
      starts_at timestamptz NOT NULL,
      ends_at timestamptz CHECK (ends_at >= starts_at),
      by_name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX protections_order ON supervision.protections (order_id)',
    'CREATE INDEX protections_tag ON supervision.protections (tag_id)',
    'ALTER TABLE supervision.protections ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.protections FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON supervision.protections USING (${allowed}) WITH CHECK (${allowed})`,
    'GRANT SELECT, INSERT, UPDATE (ends_at) ON supervision.protections TO waymark_supervision',
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
