import { type Kysely, sql } from 'kysely';

const purposeIs = (purpose: string) => `current_setting('waymark.purpose', true) = '${purpose}'`;

/** Who may send files of crimes by e-mail, and what became of each message. The files themselves are not kept. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE supervision.mail_senders (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       address text NOT NULL CHECK (address = lower(address) AND address LIKE '%@%'),
       who text NOT NULL,
       time_zone text NOT NULL,
       by_name text NOT NULL,
       added_at timestamptz NOT NULL DEFAULT now(),
       ended_at timestamptz
     )`,
    'CREATE UNIQUE INDEX mail_senders_address ON supervision.mail_senders (address) WHERE ended_at IS NULL',
    `CREATE TABLE supervision.mail_messages (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       message_id text NOT NULL UNIQUE,
       sender_id integer REFERENCES supervision.mail_senders,
       address text NOT NULL,
       subject text NOT NULL,
       sent_at timestamptz,
       at timestamptz NOT NULL DEFAULT now(),
       state text NOT NULL CHECK (state IN ('read', 'not read')),
       why text NOT NULL DEFAULT '',
       files jsonb NOT NULL,
       answer text NOT NULL DEFAULT '',
       answer_state text NOT NULL CHECK (answer_state IN ('none', 'waiting', 'sent', 'given up')),
       tries integer NOT NULL DEFAULT 0
     )`,
    ...['mail_senders', 'mail_messages'].flatMap((table) => [
      `ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`,
    ]),
    `CREATE POLICY purpose ON supervision.mail_senders USING (${purposeIs('administration')}) WITH CHECK (${purposeIs('administration')})`,
    `CREATE POLICY matching ON supervision.mail_senders FOR SELECT USING (${purposeIs('crime-matching')})`,
    `CREATE POLICY purpose ON supervision.mail_messages USING (${purposeIs('crime-matching')}) WITH CHECK (${purposeIs('crime-matching')})`,
    `CREATE POLICY retention ON supervision.mail_messages USING (${purposeIs('retention')})`,
    `CREATE POLICY only_retention_delete ON supervision.mail_messages AS RESTRICTIVE FOR DELETE USING (${purposeIs('retention')})`,
    'GRANT SELECT, INSERT, UPDATE (ended_at) ON supervision.mail_senders TO waymark_supervision',
    'GRANT SELECT, INSERT, DELETE, UPDATE (answer_state, tries) ON supervision.mail_messages TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
}
