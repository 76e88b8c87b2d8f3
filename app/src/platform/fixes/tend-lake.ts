import type { Connection } from '@waymark/engine';
import { catalogueSchema, quoted } from './lake-place.ts';

/** A question, or a backup, that was begun before may read what it began with for so long, minutes. */
const keptMinutes = 24 * 60;

/**
 * Puts the lake's files in order: what was taken away is written out of them, small ones become large, and what no state that is kept needs
 * any more is removed, from the catalogue's ranges too.
 * @returns files that were removed
 */
export async function tendLake(connection: Connection, minutes = keptMinutes): Promise<number> {
  const since = `older_than => now() - INTERVAL '${Math.trunc(minutes)} minutes'`;
  for (const table of ['fixes', 'sealed'])
    await connection.rows(`CALL ducklake_rewrite_data_files('lake', '${table}', delete_threshold => 0)`);
  await connection.rows("CALL ducklake_merge_adjacent_files('lake', 'fixes')");
  await connection.rows(`CALL ducklake_expire_snapshots('lake', ${since})`);
  const removed = await connection.rows("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)");
  const lost = await connection.rows("CALL ducklake_delete_orphaned_files('lake', older_than => now() - INTERVAL '1 day')");
  await narrowRanges(connection);
  return removed.length + lost.length;
}

/** The catalogue’s least and greatest values only ever grow: they are taken anew from the files that are left. */
async function narrowRanges(connection: Connection): Promise<void> {
  const files = `FROM ${catalogueSchema}.ducklake_file_column_stats f JOIN ${catalogueSchema}.ducklake_data_file d USING (data_file_id)
    WHERE d.end_snapshot IS NULL AND f.table_id = s.table_id AND f.column_id = s.column_id`;
  const isNumber = `(SELECT column_type FROM ${catalogueSchema}.ducklake_column c WHERE c.table_id = s.table_id AND c.column_id = s.column_id
    AND c.end_snapshot IS NULL) <> 'varchar'`;
  const anew = (column: 'min_value' | 'max_value', order: 'ASC' | 'DESC') =>
    `${column} = CASE WHEN ${isNumber} THEN (SELECT f.${column} ${files} AND f.${column} IS NOT NULL ORDER BY f.${column}::numeric ${order} LIMIT 1)
      ELSE (SELECT f.${column} ${files} AND f.${column} IS NOT NULL ORDER BY f.${column} COLLATE "C" ${order} LIMIT 1) END`;
  const statement = `UPDATE ${catalogueSchema}.ducklake_table_column_stats s SET ${anew('min_value', 'ASC')}, ${anew('max_value', 'DESC')}
    WHERE s.table_id = (SELECT table_id FROM ${catalogueSchema}.ducklake_table WHERE table_name = 'fixes' AND end_snapshot IS NULL)`;
  // Nobody writes there meanwhile: what a sealing has just widened must not be narrowed.
  const locked = `LOCK TABLE ${catalogueSchema}.ducklake_table_column_stats, ${catalogueSchema}.ducklake_data_file IN SHARE ROW EXCLUSIVE MODE; ${statement}`;
  await connection.rows(`CALL postgres_execute('__ducklake_metadata_lake', ${quoted(locked)})`);
}
