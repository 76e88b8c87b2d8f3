import { type Kysely, sql } from 'kysely';

/** Zones with their versions, authorised absences, alerts with their versions and what people did about them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `CREATE TABLE supervision.zones (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
    `CREATE TABLE supervision.zone_orders (
      zone_id integer NOT NULL REFERENCES supervision.zones,
      order_id integer NOT NULL REFERENCES supervision.orders,
      added_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (zone_id, order_id)
    )`,
    'CREATE INDEX zone_orders_order ON supervision.zone_orders (order_id)',
    `CREATE TABLE supervision.zone_versions (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      zone_id integer NOT NULL REFERENCES supervision.zones,
      version integer NOT NULL,
      name text NOT NULL,
      kind text NOT NULL CHECK (kind IN ('exclusion', 'inclusion', 'curfew')),
      area jsonb NOT NULL,
      hours jsonb NOT NULL,
      effective_at timestamptz NOT NULL,
      superseded_at timestamptz CHECK (superseded_at >= effective_at),
      reason text NOT NULL,
      by_name text NOT NULL,
      recorded_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (zone_id, version)
    )`,
    `CREATE TABLE supervision.absences (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      order_id integer NOT NULL REFERENCES supervision.orders,
      from_at timestamptz NOT NULL,
      to_at timestamptz NOT NULL CHECK (to_at > from_at),
      reason text NOT NULL,
      by_name text NOT NULL,
      recorded_at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX absences_order ON supervision.absences (order_id)',
    `CREATE TABLE supervision.alerts (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      wearing_id integer NOT NULL REFERENCES supervision.wearings,
      zone_version_id integer NOT NULL REFERENCES supervision.zone_versions,
      kind text NOT NULL,
      severity text NOT NULL CHECK (severity IN ('high', 'medium', 'low')),
      state text NOT NULL CHECK (state IN ('raised', 'seen', 'in hand', 'closed', 'retracted')),
      version integer NOT NULL,
      from_at timestamptz NOT NULL,
      to_at timestamptz,
      confirmed_at timestamptz NOT NULL,
      raised_at timestamptz NOT NULL DEFAULT now(),
      facts jsonb NOT NULL,
      assigned_to text,
      outcome text CHECK (outcome IN ('breach', 'reasonable excuse', 'authorised', 'equipment', 'false'))
    )`,
    'CREATE INDEX alerts_wearing ON supervision.alerts (wearing_id)',
    "CREATE INDEX alerts_open ON supervision.alerts (raised_at) WHERE state IN ('raised', 'seen', 'in hand')",
    `CREATE TABLE supervision.alert_versions (
      alert_id integer NOT NULL REFERENCES supervision.alerts,
      version integer NOT NULL,
      change text NOT NULL CHECK (change IN ('raised', 'amended', 'retracted', 'raised again')),
      kind text NOT NULL,
      from_at timestamptz NOT NULL,
      to_at timestamptz,
      facts jsonb NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (alert_id, version)
    )`,
    `CREATE TABLE supervision.alert_steps (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      alert_id integer NOT NULL REFERENCES supervision.alerts,
      step text NOT NULL CHECK (step IN ('seen', 'taken in hand', 'closed')),
      outcome text,
      note text NOT NULL,
      by_actor text NOT NULL,
      by_name text NOT NULL,
      at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX alert_steps_alert ON supervision.alert_steps (alert_id)',
    `CREATE TABLE supervision.watch_state (
      "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
      evaluated_receipt integer NOT NULL
    )`,
    'CREATE TABLE supervision.watch_again (wearing_id integer PRIMARY KEY REFERENCES supervision.wearings)',
    'INSERT INTO supervision.watch_state (evaluated_receipt) VALUES (0)',
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
  // What is written once is never changed; what is to be watched again is struck off when it was.
  const rights: Record<string, string> = {
    zones: 'SELECT, INSERT',
    zone_orders: 'SELECT, INSERT',
    zone_versions: 'SELECT, INSERT, UPDATE',
    absences: 'SELECT, INSERT',
    alerts: 'SELECT, INSERT, UPDATE',
    alert_versions: 'SELECT, INSERT',
    alert_steps: 'SELECT, INSERT',
    watch_state: 'SELECT, UPDATE',
    watch_again: 'SELECT, INSERT, DELETE',
  };
  const allowed = "current_setting('waymark.purpose', true) = 'monitoring'";
  for (const [table, granted] of Object.entries(rights)) {
    await sql.raw(`ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`).execute(db);
    await sql.raw(`ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`).execute(db);
    await sql.raw(`CREATE POLICY purpose ON supervision.${table} USING (${allowed}) WITH CHECK (${allowed})`).execute(db);
    await sql.raw(`GRANT ${granted} ON supervision.${table} TO waymark_supervision`).execute(db);
  }
}
