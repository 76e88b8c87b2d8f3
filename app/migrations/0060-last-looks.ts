import { type Kysely, sql } from 'kysely';

/** Up to when an analyst has looked at what comes in: said by themselves, and about nobody else. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const purpose = "current_setting('waymark.purpose', true) = 'crime-matching'";
  for (const statement of [
    `CREATE TABLE supervision.crime_looks (
       actor text PRIMARY KEY,
       at timestamptz NOT NULL,
       before timestamptz
     )`,
    'ALTER TABLE supervision.crime_looks ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.crime_looks FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON supervision.crime_looks USING (${purpose}) WITH CHECK (${purpose})`,
    'GRANT SELECT, INSERT, UPDATE ON supervision.crime_looks TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
}
