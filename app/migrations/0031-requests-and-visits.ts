import { type Kysely, sql } from 'kysely';

const purposeIs = (purpose: string) => `current_setting('waymark.purpose', true) = '${purpose}'`;
const me = "(SELECT a.subject_id FROM supervision.own_access a WHERE a.account_key = current_setting('waymark.self', true))";
const seen = 'waymark_supervision_seen';

/** What somebody on a tag asks for and by when they are answered; visits and appointments, and the calendars that follow them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE supervision.requests (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       subject_id integer NOT NULL REFERENCES supervision.subjects,
       kind text NOT NULL CHECK (kind IN ('work', 'health', 'family', 'funeral', 'faith', 'other hours', 'other')),
       from_at timestamptz NOT NULL,
       to_at timestamptz,
       said text NOT NULL,
       sent_at timestamptz NOT NULL DEFAULT now(),
       due_at timestamptz NOT NULL,
       decision text CHECK (decision IN ('agreed', 'refused', 'withdrawn')),
       reason text NOT NULL DEFAULT '',
       decided_by text,
       decided_at timestamptz,
       CHECK (to_at > from_at),
       CHECK ((decision IS NULL) = (decided_at IS NULL))
     )`,
    'CREATE INDEX requests_subject ON supervision.requests (subject_id)',
    'CREATE INDEX requests_waiting ON supervision.requests (due_at) WHERE decision IS NULL',
    `CREATE TABLE supervision.appointments (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       subject_id integer NOT NULL REFERENCES supervision.subjects,
       kind text NOT NULL CHECK (kind IN ('fit a tag', 'check a tag', 'take a tag off', 'attend', 'other')),
       starts_at timestamptz NOT NULL,
       ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
       place text NOT NULL,
       note text NOT NULL DEFAULT '',
       officer text NOT NULL,
       officer_name text NOT NULL,
       made_by text NOT NULL,
       made_at timestamptz NOT NULL DEFAULT now(),
       state text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'kept', 'missed', 'missed with good reason', 'called off')),
       said text NOT NULL DEFAULT '',
       settled_by text,
       settled_at timestamptz
     )`,
    'CREATE INDEX appointments_subject ON supervision.appointments (subject_id)',
    'CREATE INDEX appointments_starts ON supervision.appointments (starts_at)',
    `CREATE TABLE supervision.diary_feeds (
       actor text PRIMARY KEY,
       name text NOT NULL,
       secret_hash text NOT NULL UNIQUE,
       until timestamptz NOT NULL
     )`,
  ])
    await sql.raw(statement).execute(db);
  for (const [table, rights] of [
    ['requests', 'SELECT, INSERT, DELETE, UPDATE (decision, reason, decided_by, decided_at)'],
    ['appointments', 'SELECT, INSERT, DELETE, UPDATE (state, said, settled_by, settled_at)'],
    ['diary_feeds', 'SELECT, INSERT, DELETE, UPDATE (secret_hash, until)'],
  ] as const)
    for (const statement of [
      `ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`,
      `CREATE POLICY purpose ON supervision.${table} USING (${purposeIs('monitoring')}) WITH CHECK (${purposeIs('monitoring')})`,
      `GRANT ${rights} ON supervision.${table} TO waymark_supervision`,
    ])
      await sql.raw(statement).execute(db);
  for (const table of ['requests', 'appointments'])
    for (const statement of [
      `CREATE POLICY retention ON supervision.${table} USING (${purposeIs('retention')})`,
      `CREATE POLICY only_retention_delete ON supervision.${table} AS RESTRICTIVE FOR DELETE USING (${purposeIs('retention')})`,
      `CREATE POLICY self ON supervision.${table} FOR SELECT USING (${purposeIs('self')} AND subject_id = ${me})`,
      `CREATE POLICY seen ON supervision.${table} AS RESTRICTIVE TO ${seen} USING (
         subject_id NOT IN (SELECT supervision.hidden_subjects(coalesce(current_setting('waymark.seen_by', true), ''))))`,
    ])
      await sql.raw(statement).execute(db);
  for (const statement of [
    // The person asks, and takes back what nobody has answered yet; nothing else of it is theirs to change.
    `CREATE POLICY self_ask ON supervision.requests FOR INSERT WITH CHECK (${purposeIs('self')} AND subject_id = ${me} AND decision IS NULL)`,
    `CREATE POLICY self_take_back ON supervision.requests FOR UPDATE USING (${purposeIs('self')} AND subject_id = ${me} AND decision IS NULL)
       WITH CHECK (subject_id = ${me} AND decision = 'withdrawn')`,
  ])
    await sql.raw(statement).execute(db);
}
