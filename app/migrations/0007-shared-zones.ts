import { type Kysely, sql } from 'kysely';

/** Zones that hold for many orders: each from when it was added to the order until it was taken from it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    'ALTER TABLE supervision.zones ADD COLUMN shared boolean NOT NULL DEFAULT false',
    'ALTER TABLE supervision.zone_orders ADD COLUMN removed_at timestamptz CHECK (removed_at >= added_at)',
    'ALTER TABLE supervision.zone_orders ADD COLUMN removed_reason text',
    'ALTER TABLE supervision.zone_orders ADD COLUMN id integer GENERATED ALWAYS AS IDENTITY',
    'ALTER TABLE supervision.zone_orders DROP CONSTRAINT zone_orders_pkey',
    'ALTER TABLE supervision.zone_orders ADD PRIMARY KEY (id)',
    'CREATE UNIQUE INDEX zone_orders_once ON supervision.zone_orders (zone_id, order_id) WHERE removed_at IS NULL',
    'GRANT UPDATE (removed_at, removed_reason) ON supervision.zone_orders TO waymark_supervision',
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
