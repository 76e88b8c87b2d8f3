import { sql } from 'kysely';
import type { Tx } from './database.ts';

/** How many rows went, by table. */
export type Erased = Record<string, number>;

interface Child {
  table: string;
  column: string;
  has_id: boolean;
}

/**
 * Removes rows and everything that belongs to them, by the foreign keys that the database itself has: a table that is added
 * later is found without being named here. A key that is set to null when its row goes belongs to something else and stays.
 * @param table with its schema; its rows have an `id`
 */
export async function eraseTree(tx: Tx, table: string, ids: readonly number[], erased: Erased = {}): Promise<Erased> {
  if (ids.length === 0) return erased;
  const { rows: children } = await sql<Child>`
    SELECT c.conrelid::regclass::text AS "table", a.attname::text AS "column",
        EXISTS (SELECT FROM pg_attribute i WHERE i.attrelid = c.conrelid AND i.attname = 'id' AND NOT i.attisdropped) AS has_id
      FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
      WHERE c.contype = 'f' AND c.confrelid = ${table}::regclass AND c.confdeltype <> 'n' AND cardinality(c.conkey) = 1`.execute(tx);
  for (const { table: child, column, has_id } of children) {
    if (has_id) {
      const { rows } = await sql<{
        id: number;
      }>`SELECT id FROM ${sql.table(child)} WHERE ${sql.id(column)} = ANY(${[...ids]}::int[])`.execute(tx);
      await eraseTree(
        tx,
        child,
        rows.map(({ id }) => id),
        erased,
      );
    } else {
      const { numAffectedRows } = await sql`DELETE FROM ${sql.table(child)} WHERE ${sql.id(column)} = ANY(${[...ids]}::int[])`.execute(tx);
      count(erased, child, numAffectedRows);
    }
  }
  const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)} WHERE id = ANY(${[...ids]}::int[])`.execute(tx);
  count(erased, table, numAffectedRows);
  return erased;
}

function count(erased: Erased, table: string, rows: bigint | undefined): void {
  if (rows) erased[table] = (erased[table] ?? 0) + Number(rows);
}

/** An erasure that somebody decided and that is not done yet, as a page shows it. */
export interface WaitingErasure {
  byName: string;
  reason: string;
  at: Date;
  /** The second person, once they agreed; null until then. */
  agreedBy: string | null;
  /** Whether whoever reads decided it, and so cannot be the second person. */
  isOwn: boolean;
}
