import type { OpenDatabase } from './database.ts';

/** A table is looked at again once so many of its rows are new or changed: the rule of PostgreSQL's own autovacuum. */
const atLeast = 500;
const share = 0.1;
/**
 * Rows looked at in a table: 300 times this. The embedded database serves nobody meanwhile: PostgreSQL's own 100 held tags' answers
 * back for 130 ms each time that the audit had grown.
 */
const fineness = 10;

/**
 * Tells the planner what has grown. A server does so by itself; the embedded database does not, and takes a table for as small as it
 * was when it was made: a list of 20,000 tags took 103 seconds without and 64 ms with.
 * @returns the tables that were looked at
 */
export async function analyseGrown(database: OpenDatabase): Promise<string[]> {
  if (database.kind !== 'pglite') return [];
  const { rows } = (await database.executeSql(
    `SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_user_tables
       WHERE n_mod_since_analyze > ${atLeast} + ${share} * greatest(n_live_tup, 0)`,
  )) as { rows: { name: string }[] };
  if (rows.length > 0) await database.executeSql(`SET default_statistics_target = ${fineness}`);
  for (const { name } of rows) await database.executeSql(`ANALYZE ${name}`);
  return rows.map(({ name }) => name);
}
