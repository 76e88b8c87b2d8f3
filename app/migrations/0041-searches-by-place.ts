import { type Kysely, sql } from 'kysely';

/** Searches by place and time without a crime: who asked, why, who agreed, and how often it was looked at. What was found is not kept. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const purposeIs = (...purposes: string[]) =>
    `current_setting('waymark.purpose', true) IN (${purposes.map((purpose) => `'${purpose}'`).join(', ')})`;
  for (const statement of [
    `CREATE TABLE supervision.place_searches (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       lon double precision NOT NULL,
       lat double precision NOT NULL,
       radius_m integer NOT NULL CHECK (radius_m BETWEEN 20 AND 500),
       from_at timestamptz NOT NULL,
       to_at timestamptz NOT NULL CHECK (to_at > from_at AND to_at <= from_at + interval '6 hours'),
       ground text NOT NULL,
       reason text NOT NULL CHECK (length(reason) >= 20),
       asked_by text NOT NULL,
       asked_by_name text NOT NULL,
       asked_at timestamptz NOT NULL DEFAULT now(),
       decision text CHECK (decision IN ('agreed', 'refused')),
       decided_by text CHECK (decided_by <> asked_by),
       decided_by_name text NOT NULL DEFAULT '',
       decided_because text NOT NULL DEFAULT '',
       decided_at timestamptz,
       looks integer NOT NULL DEFAULT 0,
       CHECK ((decision IS NULL) = (decided_by IS NULL))
     )`,
    'ALTER TABLE supervision.place_searches ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.place_searches FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON supervision.place_searches USING (${purposeIs('crime-matching')}) WITH CHECK (${purposeIs('crime-matching')})`,
    `CREATE POLICY published ON supervision.place_searches FOR SELECT USING (${purposeIs('oversight', 'transparency')})`,
    'GRANT SELECT, INSERT, UPDATE ON supervision.place_searches TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
}
