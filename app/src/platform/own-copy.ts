import { sql } from 'kysely';
import type { Tx } from './database.ts';

/** The rows of each table of one half that are the person's own. */
export type OwnRows = Record<string, Record<string, unknown>[]>;

/** What is never in a copy: the means of getting in. */
const keptBack = ['own_access', 'own_invitations'];

/**
 * Every row that one half shows the person who looks. Which tables these are is read from the database itself: each that has a
 * rule for `self` is in the copy, so that none can be forgotten here.
 */
export async function ownRows(tx: Tx, room: string): Promise<OwnRows> {
  const { rows: tables } = await sql<{ name: string }>`
    SELECT DISTINCT tablename AS name FROM pg_policies
      WHERE schemaname = ${room} AND policyname = 'self' AND cmd IN ('SELECT', 'ALL') ORDER BY 1`.execute(tx);
  const found: OwnRows = {};
  for (const { name } of tables) {
    if (keptBack.includes(name)) continue;
    const { rows } = await sql<Record<string, unknown>>`SELECT * FROM ${sql.table(`${room}.${name}`)}`.execute(tx);
    found[name] = rows;
  }
  return found;
}
