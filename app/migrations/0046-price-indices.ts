import { type Kysely, sql } from 'kysely';

/** What prices were in each year, as somebody entered it with its source, so that costs of several years can be told in the prices of one. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isOversight = "current_setting('waymark.purpose', true) = 'oversight'";
  for (const statement of [
    `CREATE TABLE oversight.price_indices (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       year integer NOT NULL CHECK (year BETWEEN 1990 AND 2100),
       index numeric NOT NULL CHECK (index > 0),
       source text NOT NULL CHECK (length(source) >= 10),
       by_name text NOT NULL,
       at timestamptz NOT NULL DEFAULT now()
     )`,
    'ALTER TABLE oversight.price_indices ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE oversight.price_indices FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON oversight.price_indices USING (${isOversight}) WITH CHECK (${isOversight})`,
    'GRANT SELECT, INSERT ON oversight.price_indices TO waymark_oversight',
  ])
    await sql.raw(statement).execute(db);
}
