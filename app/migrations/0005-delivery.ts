import { type Kysely, sql } from 'kysely';

/** Who is told of alerts, how, and what became of it; and alerts that are handed over. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `CREATE TABLE supervision.delivery_rules (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text NOT NULL,
      severities jsonb NOT NULL,
      channel text NOT NULL CHECK (channel IN ('e-mail', 'webhook', 'text message')),
      target text NOT NULL,
      secret text NOT NULL,
      unseen_after_s integer NOT NULL CHECK (unseen_after_s >= 0),
      quiet_from text,
      quiet_to text,
      by_name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz
    )`,
    `CREATE TABLE supervision.deliveries (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      rule_id integer NOT NULL REFERENCES supervision.delivery_rules,
      alert_id integer REFERENCES supervision.alerts,
      alert_version integer NOT NULL,
      state text NOT NULL CHECK (state IN ('waiting', 'sent', 'not needed', 'given up')),
      attempts integer NOT NULL,
      due_at timestamptz NOT NULL,
      problem text,
      created_at timestamptz NOT NULL DEFAULT now(),
      settled_at timestamptz,
      UNIQUE (rule_id, alert_id, alert_version)
    )`,
    "CREATE INDEX deliveries_due ON supervision.deliveries (due_at) WHERE state = 'waiting'",
    'CREATE INDEX deliveries_alert ON supervision.deliveries (alert_id)',
    'ALTER TABLE supervision.alert_steps DROP CONSTRAINT alert_steps_step_check',
    `ALTER TABLE supervision.alert_steps ADD CONSTRAINT alert_steps_step_check
      CHECK (step IN ('seen', 'taken in hand', 'handed over', 'closed'))`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
  // The administrator sets the rules; the server delivers, and officers see what became of it.
  const allowed = "current_setting('waymark.purpose', true) IN ('monitoring', 'administration')";
  for (const table of ['delivery_rules', 'deliveries']) {
    await sql.raw(`ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`).execute(db);
    await sql.raw(`ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`).execute(db);
    await sql.raw(`CREATE POLICY purpose ON supervision.${table} USING (${allowed}) WITH CHECK (${allowed})`).execute(db);
    await sql.raw(`GRANT SELECT, INSERT, UPDATE ON supervision.${table} TO waymark_supervision`).execute(db);
  }
}
