import { type Kysely, sql } from 'kysely';

/** Schemas, one role per room, sessions, and the audit chain. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const room of ['supervision', 'support', 'person', 'oversight']) {
    const role = `waymark_${room}`;
    await sql
      .raw(
        `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role} NOLOGIN NOBYPASSRLS; END IF; END $$`,
      )
      .execute(db);
    await sql.raw(`DO $$ BEGIN EXECUTE format('GRANT ${role} TO %I', current_user); END $$`).execute(db);
    await sql.raw(`CREATE SCHEMA ${room}`).execute(db);
    await sql.raw(`GRANT USAGE ON SCHEMA ${room} TO ${role}`).execute(db);
  }
  await sql.raw('CREATE SCHEMA platform').execute(db);
  await sql
    .raw(`CREATE TABLE platform.sessions (
      id text PRIMARY KEY,
      data jsonb NOT NULL,
      expires_at timestamptz NOT NULL
    )`)
    .execute(db);
  await sql
    .raw(`CREATE TABLE platform.api_tokens (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text NOT NULL,
      role text NOT NULL,
      hash text NOT NULL UNIQUE,
      created_at timestamptz NOT NULL DEFAULT now(),
      revoked_at timestamptz
    )`)
    .execute(db);
  await sql
    .raw(`CREATE TABLE oversight.audit_entries (
      seq bigint PRIMARY KEY,
      at timestamptz(3) NOT NULL,
      actor text NOT NULL,
      actor_name text NOT NULL,
      role text NOT NULL,
      purpose text NOT NULL,
      action text NOT NULL,
      about_kind text,
      about_id text,
      outcome text NOT NULL,
      policy text,
      detail jsonb NOT NULL,
      previous_hash text NOT NULL,
      hash text NOT NULL
    )`)
    .execute(db);
  await sql.raw('CREATE INDEX audit_about ON oversight.audit_entries (about_kind, about_id, seq)').execute(db);
  await sql
    .raw(`CREATE TABLE oversight.audit_head (
      "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
      seq bigint NOT NULL,
      hash text NOT NULL
    )`)
    .execute(db);
  await sql.raw(`INSERT INTO oversight.audit_head (seq, hash) VALUES (0, 'waymark')`).execute(db);
  for (const table of ['audit_entries', 'audit_head']) {
    await sql.raw(`ALTER TABLE oversight.${table} ENABLE ROW LEVEL SECURITY`).execute(db);
    await sql.raw(`ALTER TABLE oversight.${table} FORCE ROW LEVEL SECURITY`).execute(db);
  }
  const anyPurpose = `coalesce(current_setting('waymark.purpose', true), '') <> ''`;
  await sql.raw(`CREATE POLICY add ON oversight.audit_entries FOR INSERT WITH CHECK (${anyPurpose})`).execute(db);
  await sql
    .raw(`CREATE POLICY look ON oversight.audit_entries FOR SELECT USING (current_setting('waymark.purpose', true) = 'oversight')`)
    .execute(db);
  await sql.raw(`CREATE POLICY chain ON oversight.audit_head USING (${anyPurpose}) WITH CHECK (${anyPurpose})`).execute(db);
  for (const room of ['supervision', 'support', 'person', 'oversight']) {
    if (room !== 'oversight') await sql.raw(`GRANT USAGE ON SCHEMA oversight TO waymark_${room}`).execute(db);
    await sql.raw(`GRANT INSERT ON oversight.audit_entries TO waymark_${room}`).execute(db);
    await sql.raw(`GRANT SELECT, UPDATE ON oversight.audit_head TO waymark_${room}`).execute(db);
  }
  await sql.raw('GRANT SELECT ON oversight.audit_entries TO waymark_oversight').execute(db);
  // API tokens are managed by administrators in an action's own transaction.
  await sql.raw('GRANT USAGE ON SCHEMA platform TO waymark_supervision').execute(db);
  await sql.raw('GRANT SELECT, INSERT, UPDATE ON platform.api_tokens TO waymark_supervision').execute(db);
  const administering = `current_setting('waymark.purpose', true) IN ('administration', 'sign-in')`;
  await sql.raw('ALTER TABLE platform.api_tokens ENABLE ROW LEVEL SECURITY').execute(db);
  await sql.raw('ALTER TABLE platform.api_tokens FORCE ROW LEVEL SECURITY').execute(db);
  await sql.raw(`CREATE POLICY purpose ON platform.api_tokens USING (${administering}) WITH CHECK (${administering})`).execute(db);
}
