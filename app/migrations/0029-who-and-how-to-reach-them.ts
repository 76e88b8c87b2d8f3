import { type Kysely, sql } from 'kysely';

const isMonitoring = "current_setting('waymark.purpose', true) = 'monitoring'";
const isRetention = "current_setting('waymark.purpose', true) = 'retention'";
const isSelf = "current_setting('waymark.purpose', true) = 'self'";
const me = "(SELECT a.subject_id FROM supervision.own_access a WHERE a.account_key = current_setting('waymark.self', true))";

/** Who a subject is, where they live, whom to ring, and who is responsible for their order. The person sees all of it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `ALTER TABLE supervision.subjects
       ADD COLUMN born_on date,
       ADD COLUMN also_known_as text NOT NULL DEFAULT '',
       ADD COLUMN pnc text NOT NULL DEFAULT '',
       ADD COLUMN crn text NOT NULL DEFAULT '',
       ADD COLUMN noms text NOT NULL DEFAULT '',
       ADD COLUMN languages text NOT NULL DEFAULT '',
       ADD COLUMN at_the_door text NOT NULL DEFAULT ''`,
    'GRANT UPDATE (name, born_on, also_known_as, pnc, crn, noms, languages, at_the_door) ON supervision.subjects TO waymark_supervision',
    `ALTER TABLE supervision.orders
       ADD COLUMN officer_name text NOT NULL DEFAULT '',
       ADD COLUMN officer_phone text NOT NULL DEFAULT '',
       ADD COLUMN team text NOT NULL DEFAULT ''`,
    'GRANT UPDATE (officer_name, officer_phone, team) ON supervision.orders TO waymark_supervision',
    `CREATE TABLE supervision.contacts (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       subject_id integer NOT NULL REFERENCES supervision.subjects,
       who text NOT NULL CHECK (who IN ('self', 'home', 'family', 'work', 'other')),
       name text NOT NULL,
       phone text NOT NULL,
       note text NOT NULL DEFAULT '',
       by_name text NOT NULL,
       since timestamptz NOT NULL DEFAULT now(),
       ended_at timestamptz
     )`,
    'CREATE INDEX contacts_subject ON supervision.contacts (subject_id)',
    'ALTER TABLE supervision.alert_steps DROP CONSTRAINT alert_steps_step_check',
    `ALTER TABLE supervision.alert_steps ADD CONSTRAINT alert_steps_step_check
       CHECK (step IN ('seen', 'taken in hand', 'rang', 'handed over', 'closed', 'reopened', 'corrected'))`,
    `CREATE TABLE supervision.addresses (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       subject_id integer NOT NULL REFERENCES supervision.subjects,
       kind text NOT NULL CHECK (kind IN ('home', 'work', 'other')),
       address text NOT NULL,
       by_name text NOT NULL,
       from_on date NOT NULL,
       to_on date CHECK (to_on >= from_on)
     )`,
    'CREATE INDEX addresses_subject ON supervision.addresses (subject_id)',
  ])
    await sql.raw(statement).execute(db);
  for (const [table, rights] of [
    ['contacts', 'SELECT, INSERT, DELETE, UPDATE (ended_at)'],
    ['addresses', 'SELECT, INSERT, DELETE, UPDATE (to_on)'],
  ] as const)
    for (const statement of [
      `ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`,
      `CREATE POLICY purpose ON supervision.${table} USING (${isMonitoring}) WITH CHECK (${isMonitoring})`,
      `CREATE POLICY retention ON supervision.${table} USING (${isRetention})`,
      `CREATE POLICY only_retention_delete ON supervision.${table} AS RESTRICTIVE FOR DELETE USING (${isRetention})`,
      `CREATE POLICY self ON supervision.${table} FOR SELECT USING (${isSelf} AND subject_id = ${me})`,
      `GRANT ${rights} ON supervision.${table} TO waymark_supervision`,
    ])
      await sql.raw(statement).execute(db);
}
