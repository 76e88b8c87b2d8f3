import { type Kysely, sql } from 'kysely';

/**
 * Crimes that were made up, to learn how often reviewers agree with what is plainly wrong: such a crime shows a verdict of
 * “present” on one wearer who was far away. Nothing of it ever leaves.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isFor = (purpose: string) => `current_setting('waymark.purpose', true) = '${purpose}'`;
  const me = "(SELECT a.subject_id FROM supervision.own_access a WHERE a.account_key = current_setting('waymark.self', true))";
  const statements = [
    'ALTER TABLE supervision.crime_versions ADD COLUMN made_up boolean NOT NULL DEFAULT false',
    `CREATE TABLE supervision.review_tests (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      crime_version_id integer NOT NULL REFERENCES supervision.crime_versions,
      wearing_id integer NOT NULL REFERENCES supervision.wearings,
      shown jsonb NOT NULL,
      away_m integer NOT NULL,
      asked_by text NOT NULL,
      made_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz
    )`,
    'CREATE UNIQUE INDEX review_tests_crime ON supervision.review_tests (crime_version_id)',
    'CREATE INDEX review_tests_wearing ON supervision.review_tests (wearing_id)',
    'ALTER TABLE supervision.review_tests ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.review_tests FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON supervision.review_tests USING (${isFor('crime-matching')}) WITH CHECK (${isFor('crime-matching')})`,
    `CREATE POLICY oversight ON supervision.review_tests FOR SELECT USING (${isFor('oversight')})`,
    `CREATE POLICY oversight_end ON supervision.review_tests FOR UPDATE USING (${isFor('oversight')}) WITH CHECK (${isFor('oversight')})`,
    `CREATE POLICY retention ON supervision.review_tests USING (${isFor('retention')})`,
    `CREATE POLICY only_retention_delete ON supervision.review_tests AS RESTRICTIVE FOR DELETE USING (${isFor('retention')})`,
    `CREATE POLICY self ON supervision.review_tests FOR SELECT USING (${isFor('self')}
      AND wearing_id IN (SELECT id FROM supervision.wearings WHERE subject_id = ${me}))`,
    'GRANT SELECT, INSERT, DELETE, UPDATE (ended_at) ON supervision.review_tests TO waymark_supervision',
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
