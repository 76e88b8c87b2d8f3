import { type Kysely, sql } from 'kysely';

/** What the identity provider gave with each sign-in, so that it can be asked again and can end it. Tokens are sealed with the server's own secret. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `CREATE TABLE platform.sign_ins (
        session_id text PRIMARY KEY,
        subject text NOT NULL,
        provider_session text,
        refresh_token text,
        id_token text,
        at timestamptz NOT NULL DEFAULT now(),
        asked_at timestamptz NOT NULL DEFAULT now()
      )`,
    )
    .execute(db);
}
