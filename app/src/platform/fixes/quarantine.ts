import type { Connection } from '@waymark/engine';
import type { FixBatch, QuarantineRow } from './fix.ts';

/** Characters of what was kept that lists show. */
const rawShown = 300;

/** What answers questions. */
type Reader = Pick<Connection, 'rows'>;

/** More than a batch holds. */
const perReceipt = 1_000_000;

/**
 * Puts what cannot be anybody's into quarantine. Its number follows from its receipt and its place there, so that every server that stores
 * it gives it the same, whatever was removed meanwhile.
 */
export async function appendQuarantine(writer: Connection, batches: FixBatch[], firstReceipt: number): Promise<void> {
  const rows = batches.flatMap((batch, b) =>
    batch.quarantined.map((fix, i) => ({
      fix,
      id: (firstReceipt + b) * perReceipt + i,
      receivedAt: batch.receivedAt,
      receipt: firstReceipt + b,
    })),
  );
  if (rows.length === 0) return;
  await writer.append(
    'quarantine',
    {
      id: 'time',
      tag: 'text',
      at: 'f64',
      lon: 'f64',
      lat: 'f64',
      reason: 'text',
      raw: 'text',
      receivedAt: 'time',
      receipt: 'time',
      releasedBy: 'f64',
    },
    {
      id: Float64Array.from(rows, (row) => row.id),
      tag: rows.map(({ fix }) => fix.tag),
      at: Float64Array.from(rows, ({ fix }) => fix.at),
      lon: Float64Array.from(rows, ({ fix }) => fix.lon),
      lat: Float64Array.from(rows, ({ fix }) => fix.lat),
      reason: rows.map(({ fix }) => fix.reason),
      raw: rows.map(({ fix }) => fix.raw),
      receivedAt: Float64Array.from(rows, (row) => row.receivedAt),
      receipt: Float64Array.from(rows, (row) => row.receipt),
      releasedBy: new Float64Array(rows.length).fill(Number.NaN),
    },
    rows.length,
  );
}

/** Why something is in quarantine, and how much. */
export async function quarantineReasons(reader: Reader): Promise<{ reason: string; count: number }[]> {
  return reader.rows(
    'SELECT reason, count(*) AS count FROM quarantine WHERE released_by IS NULL GROUP BY reason ORDER BY count DESC, reason',
  );
}

/** What is in quarantine, the latest first. */
export async function listQuarantined(
  reader: Reader,
  options: {
    reason?: string;
    tag?: string;
    limit: number;
    offset: number;
    /** All that was kept of each, however long; else its beginning. */
    whole?: boolean;
  },
): Promise<{ rows: QuarantineRow[]; total: number }> {
  const where = ['released_by IS NULL'];
  const values: string[] = [];
  if (options.reason) {
    where.push('reason = ?');
    values.push(options.reason);
  }
  if (options.tag) {
    where.push('tag = ?');
    values.push(options.tag);
  }
  const filter = where.join(' AND ');
  const rows = await reader.rows<QuarantineRow>(
    `SELECT id, tag, at_ms AS "at", lon, lat, reason, ${options.whole ? 'raw' : `CASE WHEN length(raw) > ${rawShown} THEN raw[:${rawShown}] || '…' ELSE raw END AS raw`}, received_ms AS "receivedAt", released_by IS NOT NULL AS released
     FROM quarantine WHERE ${filter} ORDER BY id DESC LIMIT ${Math.trunc(options.limit)} OFFSET ${Math.trunc(options.offset)}`,
    values,
  );
  const [total] = await reader.rows<{ n: number }>(`SELECT count(*) AS n FROM quarantine WHERE ${filter}`, values);
  return { rows, total: total?.n ?? 0 };
}
