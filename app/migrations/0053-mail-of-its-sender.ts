import { type Kysely, sql } from 'kysely';

/** A message is known of the sender that it was read from, with its files: anybody can write any Message-ID. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    "ALTER TABLE supervision.mail_messages ADD COLUMN sha256 text NOT NULL DEFAULT ''",
    'ALTER TABLE supervision.mail_messages DROP CONSTRAINT mail_messages_message_id_key',
    "CREATE UNIQUE INDEX mail_messages_read ON supervision.mail_messages (message_id, address, sha256) WHERE state = 'read'",
  ])
    await sql.raw(statement).execute(db);
}
