import { type Kysely, sql } from 'kysely';

/**
 * Several servers on the same records: which there are, who of them does what only one may do, and how often somebody has asked. Nothing
 * of it is about anybody in the data. How far receipts have come is counted without a ceiling now.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE platform.servers (
       id uuid PRIMARY KEY,
       name text NOT NULL,
       roles text NOT NULL,
       version text NOT NULL,
       started_at timestamptz NOT NULL DEFAULT now(),
       seen_at timestamptz NOT NULL DEFAULT now()
     )`,
    `CREATE TABLE platform.leases (
       name text PRIMARY KEY,
       role text NOT NULL,
       holder uuid,
       since timestamptz NOT NULL DEFAULT now(),
       upto bigint NOT NULL DEFAULT 0
     )`,
    // Lost with a crash of the database, which is as well: a minute later they count for nothing.
    `CREATE UNLOGGED TABLE platform.request_counts (
       asker text PRIMARY KEY,
       count integer NOT NULL,
       ends_at timestamptz NOT NULL
     )`,
    'GRANT SELECT, UPDATE ON platform.leases TO waymark_supervision',
    'ALTER TABLE supervision.intake_state ALTER COLUMN last_receipt TYPE bigint',
    'ALTER TABLE supervision.watch_state ALTER COLUMN evaluated_receipt TYPE bigint',
    'ALTER TABLE supervision.runs ALTER COLUMN receipt_upto TYPE bigint',
  ])
    await sql.raw(statement).execute(db);
}
