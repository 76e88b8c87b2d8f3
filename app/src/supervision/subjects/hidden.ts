import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';

/** Wearings that whoever acts in this transaction may not see; for what is told from memory, where the database cannot hide it. */
export async function hiddenWearings(tx: Tx): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ wearing: number }>`
    SELECT supervision.hidden_wearings(current_setting('waymark.seen_by', true)) AS wearing
      WHERE coalesce(current_setting('waymark.seen_by', true), '') <> ''`.execute(tx);
  return new Set(rows.map(({ wearing }) => wearing));
}
