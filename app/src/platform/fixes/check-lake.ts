import type { Connection } from '@waymark/engine';
import { fixColumnNames, type Lake } from './lake.ts';

/** Rows that are held against each other together, about. */
const rowsTogether = 2_000_000;

/** What the lake and a server's own file have of the same receipts, held against each other row by row. */
export interface LakeCheck {
  compared: number;
  /** In the file and not in the lake. */
  missing: number;
  /** In the lake and not in the file. */
  extra: number;
}

/**
 * Holds every fix of a server's own file that the lake must have against the lake, value by value, and the other way round.
 * @param connection one of its own
 * @param onPart told up to which receipt it has come, and up to which it will
 */
export async function checkLake(connection: Connection, lake: Lake, onPart: (done: number, all: number) => void): Promise<LakeCheck> {
  const sum: LakeCheck = { compared: 0, missing: 0, extra: 0 };
  // All of it as it was at one moment, though fixes come in and leave.
  await connection.run('BEGIN TRANSACTION');
  try {
    const [sealed] = await connection.rows<{ receipt: number }>('SELECT receipt FROM lake.main.sealed');
    const last = sealed?.receipt ?? 0;
    const conditions = await lake.both(connection);
    for (let after = 0; after < last; ) {
      const [row] = await connection.rows<{ n: number; upto: number | null }>(
        `SELECT count(*)::DOUBLE AS n, max(receipt) AS upto FROM (SELECT receipt FROM ${lake.own}fixes
         WHERE receipt > ${after} AND receipt <= ${last} ORDER BY receipt LIMIT ${rowsTogether})`,
      );
      const upto = (row?.n ?? 0) < rowsTogether ? last : (row?.upto ?? last);
      const within = `receipt > ${after} AND receipt <= ${upto}`;
      const here = `SELECT ${fixColumnNames} FROM ${lake.own}fixes WHERE ${within} AND ${conditions.here}`;
      const there = `SELECT ${fixColumnNames} FROM lake.main.fixes WHERE ${within} AND ${conditions.there}`;
      const [found] = await connection.rows<LakeCheck>(
        `SELECT (SELECT count(*) FROM (${here}))::DOUBLE AS compared,
           (SELECT count(*) FROM (${here} EXCEPT ALL ${there}))::DOUBLE AS missing,
           (SELECT count(*) FROM (${there} EXCEPT ALL ${here}))::DOUBLE AS extra`,
      );
      for (const what of ['compared', 'missing', 'extra'] as const) sum[what] += found?.[what] ?? 0;
      after = upto;
      onPart(after, last);
    }
    return sum;
  } finally {
    await connection.run('ROLLBACK');
  }
}

/** How large the lake is. */
export interface LakeExtent {
  receipt: number;
  fixes: number;
  files: number;
  bytes: number;
  /** Ms since 1970; null where it is empty. */
  oldest: number | null;
}

export async function extentOfLake(connection: Connection): Promise<LakeExtent> {
  const [row] = await connection.rows<LakeExtent>(
    `SELECT (SELECT receipt FROM lake.main.sealed) AS receipt, (SELECT count(*) FROM lake.main.fixes)::DOUBLE AS fixes,
       (SELECT min(at_ms) FROM lake.main.fixes) AS oldest,
       (SELECT coalesce(sum(file_count), 0) FROM ducklake_table_info('lake') WHERE table_name = 'fixes')::DOUBLE AS files,
       (SELECT coalesce(sum(file_size_bytes), 0) FROM ducklake_table_info('lake') WHERE table_name = 'fixes')::DOUBLE AS bytes`,
  );
  if (!row) throw new Error('The lake gives no answer.');
  return row;
}

/** What is exported: of fixes taken within a time, on wish of one tag alone. Times in ms since 1970. */
export interface Exported {
  from: number;
  to: number;
  tag: number | null;
}

/**
 * Writes fixes as one GeoParquet file, which QGIS, Spark and DuckDB read: points in WGS84, times in universal time. Devices of protected
 * persons are left out.
 * @param connection to which `fixes` is all there are
 * @returns how many there are in it
 */
export async function exportFixes(connection: Connection, file: string, { from, to, tag }: Exported): Promise<number> {
  const [row] = await connection.rows<{ Count: number }>(
    `COPY (SELECT tag, wearing, epoch_ms(at_ms) AS at, accuracy_m, speed_mps, heading_deg, battery, events,
       ('POINT (' || lon || ' ' || lat || ')')::GEOMETRY AS geometry
     FROM fixes WHERE wearing >= 0 AND at_ms >= ${Math.trunc(from)} AND at_ms < ${Math.trunc(to)}${tag === null ? '' : ` AND tag = ${Math.trunc(tag)}`}
     ORDER BY tag, at_ms) TO '${file.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`,
  );
  return Number(row?.Count ?? 0);
}
