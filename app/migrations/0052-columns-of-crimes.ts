import { type Kysely, sql } from 'kysely';

/** How files of crimes with some headings were read, as somebody said it: for the next file of the same system. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isMatching = "current_setting('waymark.purpose', true) = 'crime-matching'";
  for (const statement of [
    `CREATE TABLE supervision.crime_columns (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       layout text NOT NULL UNIQUE,
       columns jsonb NOT NULL,
       time_zone text NOT NULL,
       by_name text NOT NULL,
       at timestamptz NOT NULL DEFAULT now()
     )`,
    'ALTER TABLE supervision.crime_columns ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.crime_columns FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON supervision.crime_columns USING (${isMatching}) WITH CHECK (${isMatching})`,
    'GRANT SELECT, INSERT, UPDATE (columns, time_zone, by_name, at) ON supervision.crime_columns TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
}
