import { type Kysely, sql } from 'kysely';

/** From what an alert of a kind rests on it is raised, as somebody adopted it from how alerts were decided; each from a moment on, and until one. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const purposeIs = (...purposes: string[]) =>
    `current_setting('waymark.purpose', true) IN (${purposes.map((purpose) => `'${purpose}'`).join(', ')})`;
  for (const statement of [
    `CREATE TABLE supervision.alert_thresholds (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       kind text NOT NULL,
       model text,
       least double precision NOT NULL CHECK (least > 0),
       evidence jsonb NOT NULL,
       reason text NOT NULL CHECK (length(reason) >= 10),
       by_actor text NOT NULL,
       by_name text NOT NULL,
       from_at timestamptz NOT NULL DEFAULT now(),
       to_at timestamptz,
       ended_by_name text NOT NULL DEFAULT '',
       ended_because text NOT NULL DEFAULT ''
     )`,
    "CREATE UNIQUE INDEX one_threshold_in_force ON supervision.alert_thresholds (kind, coalesce(model, '')) WHERE to_at IS NULL",
    'ALTER TABLE supervision.alert_thresholds ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.alert_thresholds FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON supervision.alert_thresholds USING (${purposeIs('monitoring')}) WITH CHECK (${purposeIs('monitoring')})`,
    `CREATE POLICY published ON supervision.alert_thresholds FOR SELECT USING (${purposeIs('oversight', 'transparency')})`,
    'GRANT SELECT, INSERT, UPDATE (to_at, ended_by_name, ended_because) ON supervision.alert_thresholds TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
}
