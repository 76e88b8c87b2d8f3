import { type Kysely, sql } from 'kysely';

/** Costs that somebody entered, each as it was; and days on a tag may be counted for oversight, without anybody's name. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isOversight = "current_setting('waymark.purpose', true) = 'oversight'";
  const statements = [
    `CREATE TABLE oversight.cost_figures (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      key text NOT NULL,
      low numeric NOT NULL CHECK (low >= 0),
      high numeric NOT NULL CHECK (high >= low),
      price_year integer NOT NULL,
      source text NOT NULL,
      by_name text NOT NULL,
      at timestamptz NOT NULL DEFAULT now()
    )`,
    'ALTER TABLE oversight.cost_figures ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE oversight.cost_figures FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON oversight.cost_figures USING (${isOversight}) WITH CHECK (${isOversight})`,
    'GRANT SELECT, INSERT ON oversight.cost_figures TO waymark_oversight',
    `CREATE POLICY oversight ON supervision.wearings FOR SELECT USING (${isOversight})`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
