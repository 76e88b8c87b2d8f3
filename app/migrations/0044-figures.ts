import { type Kysely, sql } from 'kysely';

const purposeIs = (...purposes: string[]) =>
  `current_setting('waymark.purpose', true) IN (${purposes.map((purpose) => `'${purpose}'`).join(', ')})`;
const me = "(SELECT a.subject_id FROM supervision.own_access a WHERE a.account_key = current_setting('waymark.self', true))";

/**
 * What protected characteristics people under an order say they have, kept apart: readable for the comparison of groups, by the person, and
 * for nothing else; and figures as they were published, each over a time of its own, so that none can be taken from another.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE supervision.characteristics (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       subject_id integer NOT NULL REFERENCES supervision.subjects,
       kind text NOT NULL CHECK (kind IN ('ethnicity', 'sex', 'disability')),
       value text NOT NULL,
       source text NOT NULL,
       by_name text NOT NULL,
       at timestamptz NOT NULL DEFAULT now(),
       UNIQUE (subject_id, kind)
     )`,
    `CREATE TABLE supervision.published_figures (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       from_on date NOT NULL,
       to_on date NOT NULL CHECK (to_on > from_on),
       content jsonb NOT NULL,
       by_name text NOT NULL,
       at timestamptz NOT NULL DEFAULT now(),
       EXCLUDE USING gist (daterange(from_on, to_on) WITH &&)
     )`,
    ...['characteristics', 'published_figures'].flatMap((table) => [
      `ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`,
    ]),
    `CREATE POLICY purpose ON supervision.characteristics USING (${purposeIs('fairness')}) WITH CHECK (${purposeIs('fairness')})`,
    `CREATE POLICY self ON supervision.characteristics FOR SELECT USING (${purposeIs('self')} AND subject_id = ${me})`,
    `CREATE POLICY retention ON supervision.characteristics USING (${purposeIs('retention')})`,
    `CREATE POLICY only_retention_delete ON supervision.characteristics AS RESTRICTIVE FOR DELETE USING (${purposeIs('retention')})`,
    'GRANT SELECT, INSERT, DELETE, UPDATE (value, source, by_name, at) ON supervision.characteristics TO waymark_supervision',
    // What is published is never changed.
    `CREATE POLICY purpose ON supervision.published_figures FOR INSERT WITH CHECK (${purposeIs('fairness')})`,
    `CREATE POLICY published ON supervision.published_figures FOR SELECT USING (${purposeIs('fairness', 'transparency', 'oversight')})`,
    'GRANT SELECT, INSERT ON supervision.published_figures TO waymark_supervision',
    // Counted by group, and no row leaves.
    ...[
      'subjects',
      'orders',
      'wearings',
      'tags',
      'alerts',
      'alert_steps',
      'zones',
      'zone_versions',
      'zone_orders',
      'requests',
      'reviews',
      'crime_versions',
    ].map((table) => `CREATE POLICY fairness ON supervision.${table} FOR SELECT USING (${purposeIs('fairness')})`),
  ])
    await sql.raw(statement).execute(db);
}
