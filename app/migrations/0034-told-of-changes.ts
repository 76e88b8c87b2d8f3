import { type Kysely, sql } from 'kysely';

/** Other systems that are told of what changes, and what is to be told them: by kind and number alone. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE supervision.change_hooks (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       name text NOT NULL,
       topics jsonb NOT NULL,
       target text NOT NULL,
       secret text NOT NULL,
       by_name text NOT NULL,
       created_at timestamptz NOT NULL DEFAULT now(),
       ended_at timestamptz
     )`,
    `CREATE TABLE supervision.change_messages (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       hook_id integer NOT NULL REFERENCES supervision.change_hooks,
       type text NOT NULL,
       about_kind text,
       about_id integer,
       detail jsonb NOT NULL,
       at timestamptz NOT NULL DEFAULT now(),
       state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'not needed', 'given up')),
       attempts integer NOT NULL DEFAULT 0,
       due_at timestamptz NOT NULL DEFAULT now(),
       problem text,
       settled_at timestamptz,
       receipt_id text,
       receipt text,
       receipt_at timestamptz
     )`,
    "CREATE INDEX change_messages_due ON supervision.change_messages (due_at) WHERE state = 'waiting'",
    'CREATE INDEX change_messages_hook ON supervision.change_messages (hook_id, id)',
  ])
    await sql.raw(statement).execute(db);
  const purpose = "current_setting('waymark.purpose', true)";
  // Whatever changes something puts in line who is told of it, whatever it is done for; only who sends and who sets it up read it.
  const doing = `${purpose} IN ('monitoring', 'crime-matching', 'administration', 'self', 'ingest', 'oversight')`;
  const reading = `${purpose} IN ('monitoring', 'administration')`;
  for (const statement of [
    'ALTER TABLE supervision.change_hooks ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.change_hooks FORCE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.change_messages ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.change_messages FORCE ROW LEVEL SECURITY',
    `CREATE POLICY doing ON supervision.change_hooks FOR SELECT USING (${doing})`,
    `CREATE POLICY setting ON supervision.change_hooks USING (${purpose} = 'administration') WITH CHECK (${purpose} = 'administration')`,
    `CREATE POLICY doing ON supervision.change_messages FOR INSERT WITH CHECK (${doing})`,
    `CREATE POLICY reading ON supervision.change_messages USING (${reading}) WITH CHECK (${reading})`,
    `CREATE POLICY retention ON supervision.change_messages USING (${purpose} = 'retention')`,
    `CREATE POLICY only_retention_delete ON supervision.change_messages AS RESTRICTIVE FOR DELETE USING (${purpose} = 'retention')`,
    'GRANT SELECT, INSERT, UPDATE ON supervision.change_hooks TO waymark_supervision',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON supervision.change_messages TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
}
