import { type Kysely, sql } from 'kysely';

const purposeIs = (...purposes: string[]) =>
  `current_setting('waymark.purpose', true) IN (${purposes.map((purpose) => `'${purpose}'`).join(', ')})`;
const me = "(SELECT a.subject_id FROM supervision.own_access a WHERE a.account_key = current_setting('waymark.self', true))";

/**
 * Whether something works, found out with the people who take part in it: what is asked, of whom, by which design and with which analysis
 * is on record before it begins. Auditors read, of those who take part and nobody else, when a tag was worn and what alerts there were.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE supervision.evaluations (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       title text NOT NULL,
       protocol jsonb NOT NULL,
       script text NOT NULL,
       sha256 text NOT NULL,
       seed text NOT NULL,
       registered_by text NOT NULL,
       registered_by_name text NOT NULL,
       registered_at timestamptz NOT NULL DEFAULT now(),
       starts_on date NOT NULL,
       ends_on date NOT NULL CHECK (ends_on > starts_on),
       agreed_by text CHECK (agreed_by <> registered_by),
       agreed_by_name text NOT NULL DEFAULT '',
       agreed_at timestamptz,
       exported_at timestamptz,
       stopped_at timestamptz,
       stopped_because text NOT NULL DEFAULT ''
     )`,
    `CREATE TABLE supervision.evaluation_members (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       evaluation_id integer NOT NULL REFERENCES supervision.evaluations,
       subject_id integer NOT NULL REFERENCES supervision.subjects,
       joined_at timestamptz NOT NULL DEFAULT now(),
       left_at timestamptz,
       UNIQUE (evaluation_id, subject_id)
     )`,
    `CREATE FUNCTION supervision.taking_part() RETURNS SETOF integer LANGUAGE sql STABLE AS $$
       SELECT m.subject_id FROM supervision.evaluation_members m WHERE m.left_at IS NULL $$`,
    'GRANT EXECUTE ON FUNCTION supervision.taking_part() TO waymark_supervision',
    ...['evaluations', 'evaluation_members'].flatMap((table) => [
      `ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`,
    ]),
    `CREATE POLICY purpose ON supervision.evaluations USING (${purposeIs('oversight')}) WITH CHECK (${purposeIs('oversight')})`,
    // What is registered is anybody's to read, before it begins.
    `CREATE POLICY published ON supervision.evaluations FOR SELECT USING (${purposeIs('transparency')})`,
    `CREATE POLICY offered ON supervision.evaluations FOR SELECT USING (${purposeIs('self')})`,
    'GRANT SELECT, INSERT, UPDATE (agreed_by, agreed_by_name, agreed_at, exported_at, stopped_at, stopped_because) ON supervision.evaluations TO waymark_supervision',
    `CREATE POLICY purpose ON supervision.evaluation_members FOR SELECT USING (${purposeIs('oversight')})`,
    `CREATE POLICY retention ON supervision.evaluation_members USING (${purposeIs('retention')})`,
    `CREATE POLICY only_retention_delete ON supervision.evaluation_members AS RESTRICTIVE FOR DELETE USING (${purposeIs('retention')})`,
    `CREATE POLICY self ON supervision.evaluation_members FOR SELECT USING (${purposeIs('self')} AND subject_id = ${me})`,
    `CREATE POLICY self_join ON supervision.evaluation_members FOR INSERT WITH CHECK (${purposeIs('self')} AND subject_id = ${me})`,
    `CREATE POLICY self_leave ON supervision.evaluation_members FOR UPDATE USING (${purposeIs('self')} AND subject_id = ${me}) WITH CHECK (subject_id = ${me})`,
    'GRANT SELECT, INSERT, DELETE, UPDATE (left_at, joined_at) ON supervision.evaluation_members TO waymark_supervision',
    `CREATE POLICY evaluation ON supervision.alerts FOR SELECT USING (${purposeIs('oversight')}
       AND wearing_id IN (SELECT w.id FROM supervision.wearings w WHERE w.subject_id IN (SELECT supervision.taking_part())))`,
  ])
    await sql.raw(statement).execute(db);
}
