import { type Kysely, sql } from 'kysely';

/**
 * What the work of support needs beside the records: feeds that are read by the clock, decisions whether to offer anything,
 * when somebody last looked, where a person can get to, reviews, notes and tasks.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `CREATE TABLE support.feeds (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      source_id integer NOT NULL REFERENCES support.sources,
      kind text NOT NULL CHECK (kind IN ('folder', 'database')),
      database_name text CHECK ((kind = 'database') = (database_name IS NOT NULL)),
      mapping text NOT NULL,
      at_time text NOT NULL CHECK (at_time ~ '^[0-2][0-9]:[0-5][0-9]$'),
      weekday integer CHECK (weekday BETWEEN 0 AND 6),
      by_name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz,
      last_run_at timestamptz,
      running_since timestamptz,
      last_import integer REFERENCES support.record_imports,
      last_problem text
    )`,
    'CREATE INDEX feeds_source ON support.feeds (source_id)',
    `CREATE TABLE support.need_decisions (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      person_id integer NOT NULL REFERENCES support.persons,
      record_id integer REFERENCES support.records ON DELETE SET NULL,
      decision text NOT NULL CHECK (decision IN ('offer', 'do not offer', 'look again later')),
      reason text NOT NULL,
      triggers jsonb NOT NULL,
      look_again_on date CHECK ((decision = 'look again later') = (look_again_on IS NOT NULL)),
      by_name text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      taken_back_at timestamptz,
      taken_back_by text
    )`,
    'CREATE INDEX need_decisions_person ON support.need_decisions (person_id)',
    `CREATE TABLE support.looks (
      person_id integer NOT NULL REFERENCES support.persons ON DELETE CASCADE,
      actor text NOT NULL,
      at timestamptz NOT NULL,
      seen jsonb NOT NULL,
      before_at timestamptz,
      before_seen jsonb,
      PRIMARY KEY (person_id, actor)
    )`,
    `CREATE TABLE support.reach (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      person_id integer NOT NULL REFERENCES support.persons,
      record_id integer REFERENCES support.records ON DELETE SET NULL,
      areas jsonb NOT NULL,
      by_name text NOT NULL,
      at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX reach_person ON support.reach (person_id, id)',
    `CREATE TABLE support.reviews (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      package_id integer NOT NULL REFERENCES support.packages,
      held_on date NOT NULL,
      said text NOT NULL,
      next_on date CHECK (next_on > held_on),
      by_name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX reviews_package ON support.reviews (package_id)',
    `CREATE TABLE support.notes (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      person_id integer NOT NULL REFERENCES support.persons,
      record_id integer REFERENCES support.records ON DELETE SET NULL,
      note text NOT NULL,
      seen_by text NOT NULL CHECK (seen_by IN ('the person and the team', 'the team', 'leads only')),
      by_id text NOT NULL,
      by_name text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      taken_back_at timestamptz
    )`,
    'CREATE INDEX notes_person ON support.notes (person_id)',
    `CREATE TABLE support.tasks (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      person_id integer NOT NULL REFERENCES support.persons,
      record_id integer REFERENCES support.records ON DELETE SET NULL,
      task text NOT NULL,
      due_on date NOT NULL,
      for_name text NOT NULL,
      by_name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      done_at timestamptz,
      done_by text
    )`,
    'CREATE INDEX tasks_open ON support.tasks (due_on) WHERE done_at IS NULL',
    'CREATE INDEX tasks_person ON support.tasks (person_id)',
    // Worked out anew with every profile.
    `ALTER TABLE support.person_summaries ADD COLUMN triggers jsonb NOT NULL DEFAULT '[]', ADD COLUMN triggered_on date, ADD COLUMN district text`,
    'CREATE INDEX person_summaries_trigger ON support.person_summaries (triggered_on)',
    // They are worked out anew, with what had lately happened.
    'TRUNCATE support.person_summaries',
    'ALTER TABLE support.packages ADD COLUMN waiting_since timestamptz',
    'ALTER TABLE support.waiting ADD COLUMN record_id integer REFERENCES support.records ON DELETE SET NULL, ADD COLUMN left_at timestamptz',
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
  const bound = async (table: string, purpose: string, rights: string) => {
    const allowed = `current_setting('waymark.purpose', true) = '${purpose}'`;
    await sql.raw(`ALTER TABLE support.${table} ENABLE ROW LEVEL SECURITY`).execute(db);
    await sql.raw(`ALTER TABLE support.${table} FORCE ROW LEVEL SECURITY`).execute(db);
    await sql.raw(`CREATE POLICY purpose ON support.${table} USING (${allowed}) WITH CHECK (${allowed})`).execute(db);
    await sql.raw(`GRANT ${rights} ON support.${table} TO waymark_support`).execute(db);
  };
  await bound('feeds', 'record-linkage', 'SELECT, INSERT, UPDATE');
  for (const table of ['need_decisions', 'reach', 'reviews', 'notes', 'tasks']) await bound(table, 'support', 'SELECT, INSERT, UPDATE');
  await bound('looks', 'support', 'SELECT, INSERT, UPDATE, DELETE');
  // Waits by group: counted, never written.
  await sql.raw('GRANT UPDATE ON support.waiting TO waymark_support').execute(db);
  await sql
    .raw(`CREATE POLICY fairness ON support.waiting FOR SELECT USING (current_setting('waymark.purpose', true) = 'fairness')`)
    .execute(db);
}
