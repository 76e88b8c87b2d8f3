import { type Kysely, sql } from 'kysely';

/**
 * Exclusions that one person clears together on a sample drawn by lot, which they look at one by one without the verdict; and reviews that
 * whoever made them takes back.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE supervision.clearing_batches (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       wearing_id integer REFERENCES supervision.wearings,
       crime_id integer REFERENCES supervision.crimes,
       ground text NOT NULL,
       exclusions integer NOT NULL,
       looks integer NOT NULL,
       state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'cleared', 'opened', 'test missed', 'stopped', 'taken back')),
       begun_by text NOT NULL,
       begun_by_name text NOT NULL,
       begun_at timestamptz NOT NULL DEFAULT now(),
       ended_at timestamptz,
       CHECK ((wearing_id IS NULL) <> (crime_id IS NULL))
     )`,
    'CREATE INDEX clearing_batches_by ON supervision.clearing_batches (begun_by, state)',
    `CREATE TABLE supervision.clearing_verdicts (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       batch_id integer NOT NULL REFERENCES supervision.clearing_batches ON DELETE CASCADE,
       crime_version_id integer NOT NULL REFERENCES supervision.crime_versions,
       wearing_id integer NOT NULL REFERENCES supervision.wearings,
       run_id integer NOT NULL REFERENCES supervision.runs,
       look integer,
       is_test boolean NOT NULL DEFAULT false,
       answer text CHECK (answer IN ('not there', 'may have been there', 'cannot tell')),
       reason text NOT NULL DEFAULT '',
       answered_at timestamptz,
       UNIQUE (batch_id, crime_version_id, wearing_id)
     )`,
    'CREATE INDEX clearing_verdicts_wearing ON supervision.clearing_verdicts (wearing_id)',
    'CREATE INDEX clearing_verdicts_version ON supervision.clearing_verdicts (crime_version_id)',
    `ALTER TABLE supervision.reviews ADD COLUMN batch_id integer REFERENCES supervision.clearing_batches,
       ADD COLUMN taken_back_at timestamptz, ADD COLUMN taken_back_because text NOT NULL DEFAULT ''`,
    'CREATE INDEX reviews_batch ON supervision.reviews (batch_id)',
  ])
    await sql.raw(statement).execute(db);
  const purposeIs = (purpose: string) => `current_setting('waymark.purpose', true) = '${purpose}'`;
  for (const table of ['clearing_batches', 'clearing_verdicts'])
    for (const statement of [
      `ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`,
      `CREATE POLICY purpose ON supervision.${table} USING (${purposeIs('crime-matching')}) WITH CHECK (${purposeIs('crime-matching')})`,
      `CREATE POLICY oversight ON supervision.${table} FOR SELECT USING (${purposeIs('oversight')})`,
      `GRANT SELECT, INSERT, UPDATE ON supervision.${table} TO waymark_supervision`,
    ])
      await sql.raw(statement).execute(db);
}
