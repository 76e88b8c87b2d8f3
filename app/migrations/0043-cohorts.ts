import { type Kysely, sql } from 'kysely';

const purposeIs = (purpose: string) => `current_setting('waymark.purpose', true) = '${purpose}'`;
const isManaging = purposeIs('offender-management');
const me = "(SELECT a.subject_id FROM supervision.own_access a WHERE a.account_key = current_setting('waymark.self', true))";
const reader = "coalesce(current_setting('waymark.seen_by', true), '')";
const seen = 'waymark_supervision_seen';

/** What an offender manager reads of those on their lists, by what each row hangs on. */
const readable = {
  orders: 'subject_id IN (SELECT supervision.cohort_subjects())',
  wearings: 'subject_id IN (SELECT supervision.cohort_subjects())',
  appointments: 'subject_id IN (SELECT supervision.cohort_subjects())',
  tags: 'id IN (SELECT w.tag_id FROM supervision.wearings w)',
  absences: 'order_id IN (SELECT o.id FROM supervision.orders o)',
  zone_orders: 'order_id IN (SELECT o.id FROM supervision.orders o)',
  zones: 'id IN (SELECT o.zone_id FROM supervision.zone_orders o)',
  zone_versions: 'zone_id IN (SELECT o.zone_id FROM supervision.zone_orders o)',
  alerts: 'wearing_id IN (SELECT w.id FROM supervision.wearings w)',
  reviews: 'wearing_id IN (SELECT w.id FROM supervision.wearings w)',
  crime_versions: 'NOT made_up AND id IN (SELECT r.crime_version_id FROM supervision.reviews r)',
  crimes: 'id IN (SELECT v.crime_id FROM supervision.crime_versions v)',
};

/**
 * Named lists of people for integrated offender management: each with a ground in law, an owner and an end. The database shows an offender
 * manager those on a list that is in force and theirs, and nobody else; one more by their exact reference, to be put on a list.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE supervision.cohorts (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       name text NOT NULL,
       ground text NOT NULL,
       reason text NOT NULL CHECK (length(reason) >= 20),
       owner text NOT NULL,
       owner_name text NOT NULL,
       until date NOT NULL,
       made_at timestamptz NOT NULL DEFAULT now(),
       ended_at timestamptz,
       ended_because text NOT NULL DEFAULT ''
     )`,
    `CREATE TABLE supervision.cohort_colleagues (
       cohort_id integer NOT NULL REFERENCES supervision.cohorts ON DELETE CASCADE,
       actor text NOT NULL,
       name text NOT NULL,
       by_name text NOT NULL,
       since timestamptz NOT NULL DEFAULT now(),
       PRIMARY KEY (cohort_id, actor)
     )`,
    `CREATE TABLE supervision.cohort_members (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       cohort_id integer NOT NULL REFERENCES supervision.cohorts ON DELETE CASCADE,
       subject_id integer NOT NULL REFERENCES supervision.subjects,
       because text NOT NULL CHECK (length(because) >= 10),
       added_by text NOT NULL,
       added_by_name text NOT NULL,
       added_at timestamptz NOT NULL DEFAULT now(),
       left_at timestamptz,
       left_because text NOT NULL DEFAULT ''
     )`,
    'CREATE UNIQUE INDEX once_on_a_cohort ON supervision.cohort_members (cohort_id, subject_id) WHERE left_at IS NULL',
    'CREATE INDEX cohort_members_subject ON supervision.cohort_members (subject_id)',
    // Asked with the rights of whoever asks: their own lists alone.
    `CREATE FUNCTION supervision.cohort_subjects() RETURNS SETOF integer LANGUAGE sql STABLE AS $$
       SELECT m.subject_id FROM supervision.cohort_members m JOIN supervision.cohorts c ON c.id = m.cohort_id
         WHERE m.left_at IS NULL AND c.ended_at IS NULL AND c.until >= current_date $$`,
    'GRANT EXECUTE ON FUNCTION supervision.cohort_subjects() TO waymark_supervision',
    // A rule of each table that asked the other would go round in a circle.
    `CREATE FUNCTION supervision.own_cohorts() RETURNS SETOF integer LANGUAGE sql STABLE AS $$
       SELECT m.cohort_id FROM supervision.cohort_members m $$`,
    'GRANT EXECUTE ON FUNCTION supervision.own_cohorts() TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
  for (const [table, rights] of [
    ['cohorts', 'SELECT, INSERT, DELETE, UPDATE (owner, owner_name, until, ended_at, ended_because)'],
    ['cohort_colleagues', 'SELECT, INSERT, DELETE'],
    ['cohort_members', 'SELECT, INSERT, DELETE, UPDATE (left_at, left_because)'],
  ] as const)
    for (const statement of [
      `ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`,
      `CREATE POLICY retention ON supervision.${table} USING (${purposeIs('retention')})`,
      `GRANT ${rights} ON supervision.${table} TO waymark_supervision`,
    ])
      await sql.raw(statement).execute(db);
  for (const statement of [
    ...['cohorts', 'cohort_members'].map(
      (table) => `CREATE POLICY only_retention_delete ON supervision.${table} AS RESTRICTIVE FOR DELETE USING (${purposeIs('retention')})`,
    ),
    `CREATE POLICY purpose ON supervision.cohort_colleagues USING (${isManaging}) WITH CHECK (${isManaging})`,
    `CREATE POLICY purpose ON supervision.cohorts USING (${isManaging} AND (owner = ${reader}
       OR id IN (SELECT k.cohort_id FROM supervision.cohort_colleagues k WHERE k.actor = ${reader}))) WITH CHECK (${isManaging})`,
    `CREATE POLICY purpose ON supervision.cohort_members USING (${isManaging} AND cohort_id IN (SELECT c.id FROM supervision.cohorts c))
       WITH CHECK (${isManaging} AND cohort_id IN (SELECT c.id FROM supervision.cohorts c))`,
    `CREATE POLICY seen ON supervision.cohort_members AS RESTRICTIVE TO ${seen} USING (
       subject_id NOT IN (SELECT supervision.hidden_subjects(${reader})))`,
    `CREATE POLICY offender_management ON supervision.subjects FOR SELECT USING (${isManaging}
       AND (id IN (SELECT supervision.cohort_subjects()) OR reference = nullif(current_setting('waymark.sought', true), '')))`,
    ...Object.entries(readable).map(
      ([table, rule]) => `CREATE POLICY offender_management ON supervision.${table} FOR SELECT USING (${isManaging} AND ${rule})`,
    ),
    // The person sees on which lists they are, why, and until when.
    `CREATE POLICY self ON supervision.cohort_members FOR SELECT USING (${purposeIs('self')} AND subject_id = ${me})`,
    `CREATE POLICY self ON supervision.cohorts FOR SELECT USING (${purposeIs('self')}
       AND id IN (SELECT supervision.own_cohorts()))`,
    // How many lists there are, and on how many people, is published.
    `CREATE POLICY published ON supervision.cohorts FOR SELECT USING (${purposeIs('transparency')})`,
  ])
    await sql.raw(statement).execute(db);
}
