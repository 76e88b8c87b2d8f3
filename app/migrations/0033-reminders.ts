import { type Kysely, sql } from 'kysely';

const purposeIs = (purpose: string) => `current_setting('waymark.purpose', true) = '${purpose}'`;
const me = "(SELECT a.subject_id FROM supervision.own_access a WHERE a.account_key = current_setting('waymark.self', true))";
const seen = 'waymark_supervision_seen';

/** What somebody on a tag wants to be reminded of and where; what was sent; and what providers say became of what was sent. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE supervision.reminder_choices (
       subject_id integer PRIMARY KEY REFERENCES supervision.subjects,
       channel text NOT NULL CHECK (channel IN ('e-mail', 'text message')),
       target text NOT NULL,
       kinds jsonb NOT NULL,
       is_discreet boolean NOT NULL,
       language text NOT NULL,
       quiet_from text NOT NULL,
       quiet_to text NOT NULL,
       code_hash text,
       code_until timestamptz,
       code_tries integer NOT NULL DEFAULT 0,
       codes_on date,
       codes_sent integer NOT NULL DEFAULT 0,
       confirmed_at timestamptz,
       since timestamptz NOT NULL DEFAULT now()
     )`,
    `CREATE TABLE supervision.reminders (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       subject_id integer NOT NULL REFERENCES supervision.subjects,
       kind text NOT NULL CHECK (kind IN ('code', 'charge', 'hours', 'appointment', 'answer')),
       key text NOT NULL,
       text text NOT NULL,
       channel text NOT NULL CHECK (channel IN ('e-mail', 'text message')),
       target text NOT NULL,
       due_at timestamptz NOT NULL,
       until timestamptz NOT NULL,
       state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'not needed', 'given up')),
       attempts integer NOT NULL DEFAULT 0,
       problem text,
       created_at timestamptz NOT NULL DEFAULT now(),
       settled_at timestamptz,
       UNIQUE (subject_id, key)
     )`,
    "CREATE INDEX reminders_due ON supervision.reminders (due_at) WHERE state = 'waiting'",
  ])
    await sql.raw(statement).execute(db);
  for (const table of ['reminders', 'deliveries'])
    for (const statement of [
      `ALTER TABLE supervision.${table} ADD COLUMN receipt_id text, ADD COLUMN receipt text, ADD COLUMN receipt_at timestamptz`,
      `CREATE INDEX ${table}_receipts ON supervision.${table} (settled_at) WHERE receipt_id IS NOT NULL AND receipt IS NULL`,
    ])
      await sql.raw(statement).execute(db);
  for (const [table, rights] of [
    ['reminder_choices', 'SELECT, INSERT, UPDATE, DELETE'],
    ['reminders', 'SELECT, INSERT, UPDATE, DELETE'],
  ] as const)
    for (const statement of [
      `ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`,
      `CREATE POLICY purpose ON supervision.${table} USING (${purposeIs('monitoring')}) WITH CHECK (${purposeIs('monitoring')})`,
      `CREATE POLICY retention ON supervision.${table} USING (${purposeIs('retention')})`,
      // A code goes to the number that it proves, and is read nowhere else.
      `CREATE POLICY self ON supervision.${table} FOR SELECT USING (${purposeIs('self')} AND subject_id = ${me}${table === 'reminders' ? " AND kind <> 'code'" : ''})`,
      `CREATE POLICY seen ON supervision.${table} AS RESTRICTIVE TO ${seen} USING (
         subject_id NOT IN (SELECT supervision.hidden_subjects(coalesce(current_setting('waymark.seen_by', true), ''))))`,
      `GRANT ${rights} ON supervision.${table} TO waymark_supervision`,
    ])
      await sql.raw(statement).execute(db);
  for (const statement of [
    // What somebody chooses is theirs alone to say, change and end; of what is sent, they ask for the code that proves the number.
    `CREATE POLICY self_choose ON supervision.reminder_choices USING (${purposeIs('self')} AND subject_id = ${me})
       WITH CHECK (${purposeIs('self')} AND subject_id = ${me})`,
    `CREATE POLICY self_code ON supervision.reminders FOR INSERT WITH CHECK (${purposeIs('self')} AND subject_id = ${me} AND kind = 'code')`,
    `CREATE POLICY self_stop ON supervision.reminders FOR UPDATE USING (${purposeIs('self')} AND subject_id = ${me} AND state = 'waiting')
       WITH CHECK (subject_id = ${me} AND state = 'not needed')`,
    `CREATE POLICY only_retention_delete ON supervision.reminders AS RESTRICTIVE FOR DELETE USING (${purposeIs('retention')})`,
  ])
    await sql.raw(statement).execute(db);
}
