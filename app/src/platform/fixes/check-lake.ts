import type { Connection } from '@waymark/engine';
import { fixColumnNames, type Lake, monthOf } from './lake.ts';
import { quoted } from './lake-place.ts';

/** What the lake and a server's own file have of the same receipts, held against each other row by row. */
export interface LakeCheck {
  compared: number;
  /** In the file and not in the lake. */
  missing: number;
  /** In the lake and not in the file. */
  extra: number;
}

/**
 * Holds every fix of a server's own file that the lake must have against the lake, and the other way round: month by month a fingerprint of
 * all the values of each wearing's rows, and row by row where one differs.
 * @param connection one of its own
 * @param onPart told how many months are done, and of how many
 */
export async function checkLake(connection: Connection, lake: Lake, onPart: (done: number, all: number) => void): Promise<LakeCheck> {
  const sum: LakeCheck = { compared: 0, missing: 0, extra: 0 };
  // All of it as it was at one moment, though fixes come in and leave.
  await connection.run('BEGIN TRANSACTION');
  try {
    const [sealed] = await connection.rows<{ receipt: number }>('SELECT receipt FROM lake.main.sealed');
    const conditions = await lake.both(connection);
    const upTo = `receipt <= ${sealed?.receipt ?? 0}`;
    const months = await connection.rows<{ month: number; first: number; after: number }>(
      `SELECT month, epoch_ms(make_timestamp(month // 100, month % 100, 1, 0, 0, 0)) AS first,
         epoch_ms(make_timestamp(month // 100, month % 100, 1, 0, 0, 0) + INTERVAL 1 MONTH) AS after
       FROM (SELECT DISTINCT ${monthOf} AS month FROM ${lake.own}fixes UNION SELECT DISTINCT month FROM lake.main.fixes) ORDER BY month`,
    );
    for (const [i, { month, first, after }] of months.entries()) {
      const here = `SELECT ${fixColumnNames} FROM ${lake.own}fixes WHERE at_ms >= ${first} AND at_ms < ${after} AND ${upTo} AND ${conditions.here}`;
      const there = `SELECT ${fixColumnNames} FROM lake.main.fixes WHERE month = ${month} AND ${upTo} AND ${conditions.there}`;
      const found = await compare(connection, here, there);
      for (const what of ['compared', 'missing', 'extra'] as const) sum[what] += found[what];
      onPart(i + 1, months.length);
    }
    return sum;
  } finally {
    await connection.run('ROLLBACK');
  }
}

/** @param here a query for the rows of the file @param there one for those of the lake */
async function compare(connection: Connection, here: string, there: string): Promise<LakeCheck> {
  const printed = (rows: string) =>
    `SELECT wearing, count(*) AS n, bit_xor(hash(r)) AS every, sum(hash(r) % 4294967296) AS all_together FROM (${rows}) r GROUP BY wearing`;
  const unequal = `SELECT coalesce(h.wearing, t.wearing) AS wearing FROM (${printed(here)}) h FULL JOIN (${printed(there)}) t ON h.wearing = t.wearing
    WHERE h.n IS DISTINCT FROM t.n OR h.every IS DISTINCT FROM t.every OR h.all_together IS DISTINCT FROM t.all_together`;
  const wearings = (await connection.rows<{ wearing: number }>(unequal)).map(({ wearing }) => wearing);
  const [row] = await connection.rows<{ n: number }>(`SELECT count(*)::DOUBLE AS n FROM (${here})`);
  const compared = row?.n ?? 0;
  if (wearings.length === 0) return { compared, missing: 0, extra: 0 };
  const of = (rows: string) => `SELECT * FROM (${rows}) WHERE wearing IN (${wearings.join(',')})`;
  const [differ] = await connection.rows<{ missing: number; extra: number }>(
    `SELECT (SELECT count(*) FROM (${of(here)} EXCEPT ALL ${of(there)}))::DOUBLE AS missing, (SELECT count(*) FROM (${of(there)} EXCEPT ALL ${of(here)}))::DOUBLE AS extra`,
  );
  return { compared, missing: differ?.missing ?? 0, extra: differ?.extra ?? 0 };
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
     ORDER BY tag, at_ms) TO ${quoted(file)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  return Number(row?.Count ?? 0);
}
