import { type Kysely, sql } from 'kysely';

/**
 * Runs of verdicts that several servers judge together, in shares, until they are put together and on record: which crimes and wearings by
 * their numbers, and who is at it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE supervision.shared_runs (
       run_id integer PRIMARY KEY,
       plan jsonb NOT NULL,
       reckoning text NOT NULL,
       by_name text NOT NULL,
       holder uuid,
       planned_at timestamptz NOT NULL DEFAULT now()
     )`,
    `CREATE TABLE supervision.run_shares (
       run_id integer NOT NULL REFERENCES supervision.shared_runs ON DELETE CASCADE,
       number integer NOT NULL,
       first_wearing integer NOT NULL,
       last_wearing integer NOT NULL,
       holder uuid,
       tries integer NOT NULL DEFAULT 0,
       done boolean NOT NULL DEFAULT false,
       PRIMARY KEY (run_id, number)
     )`,
    'GRANT SELECT ON platform.servers TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
  const matching = "current_setting('waymark.purpose', true) = 'crime-matching'";
  for (const table of ['shared_runs', 'run_shares'])
    for (const statement of [
      `ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`,
      `CREATE POLICY purpose ON supervision.${table} USING (${matching}) WITH CHECK (${matching})`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON supervision.${table} TO waymark_supervision`,
    ])
      await sql.raw(statement).execute(db);
}
