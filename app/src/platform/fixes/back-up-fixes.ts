import { join } from 'node:path';
import type { Connection } from '@waymark/engine';
import { quoted } from './lake-place.ts';

/** Tables whose rows each belong to a receipt, and never move to another. */
const byReceipt = ['fixes', 'receipts', 'quarantine'] as const;
/** Small ones, written whole each time. */
const whole = ['not_understood', 'installation'] as const;
/** And those that say what else than its own file belongs to a server: for another that begins from it, not for a backup, which has it all. */
const ofLake = ['lake_use', 'kept_orders'] as const;
type Table = (typeof byReceipt)[number];

/** Rows of a table that stand in one Parquet file: those of the receipts `from` to `to`. */
export interface FixPart {
  table: Table;
  /** In the backup's folder. */
  file: string;
  from: number;
  to: number;
  rows: number;
  /** Of all that the rows hold: equal where not a single value has changed. */
  fingerprint: string;
}

/** The fix store as it is in a backup. */
export interface FixesInBackup {
  /** The last receipt that is in it. */
  receipt: number;
  /** The last message of a shared log that is in it, whole; 0 where there is no such log. */
  message?: number;
  parts: FixPart[];
  others: string[];
  /** Of the engine that worked fingerprints out; another's may differ. */
  engine: string;
}

/** A part holds so many rows, about; the last one is filled up by the next backup. */
const rowsPerPart = 5_000_000;

/**
 * Writes the fix store as it is at one moment, while it goes on taking fixes. Parts of an earlier backup that hold the same still are named
 * again with their files, which whoever calls puts in place.
 * @param reader a connection of its own; all is read from one state
 * @param upto the last receipt that belongs to the backup; null for all there is
 * @param before what an earlier backup of the same store holds
 * @param show makes `fixes` all there are, within the transaction; or it is for a server that has the same lake, and needs this file alone
 */
export async function backUpFixes(
  reader: Connection,
  folder: string,
  upto: number | null,
  before: FixesInBackup | null,
  onPart: (done: number, all: number) => void = () => undefined,
  show: (() => Promise<void>) | 'beside' = async () => undefined,
): Promise<FixesInBackup> {
  await reader.run('BEGIN TRANSACTION');
  try {
    if (show !== 'beside') await show();
    const [{ engine } = { engine: '' }] = await reader.rows<{ engine: string }>('SELECT version() AS engine');
    const [{ message, last } = { message: 0, last: 0 }] = await reader.rows<{ message: number; last: number }>(
      `SELECT (SELECT coalesce(max(message), 0) FROM log_position)::DOUBLE AS message, (SELECT coalesce(max(receipt), 0) FROM receipts)::DOUBLE AS last`,
    );
    const receipt = upto ?? last;
    const earlier = before?.engine === engine ? before.parts : [];
    const planned = await Promise.all(byReceipt.map(async (table) => ({ table, ranges: await rangesOf(reader, table, receipt, earlier) })));
    const all = planned.reduce((sum, { ranges }) => sum + ranges.length, 0);
    const parts: FixPart[] = [];
    for (const { table, ranges } of planned) {
      for (const [from, to] of ranges) {
        const now = await fingerprintOf(reader, table, from, to);
        const same = earlier.find(
          (own) => own.table === table && own.from === from && own.to === to && own.fingerprint === now.fingerprint,
        );
        const file = same?.file ?? `${table}-${String(from).padStart(10, '0')}-${now.fingerprint}.parquet`;
        if (!same)
          await reader.run(
            `COPY (SELECT * FROM ${table} WHERE ${within(from, to)} ORDER BY receipt) TO ${quoted(join(folder, file))} ${form}`,
          );
        parts.push({ table, file, from, to, ...now });
        onPart(parts.length, all);
      }
    }
    const small = show === 'beside' ? [...whole, ...ofLake] : whole;
    for (const table of small) await reader.run(`COPY ${table} TO ${quoted(join(folder, `${table}.parquet`))} ${form}`);
    return { receipt, message, parts, others: small.map((table) => `${table}.parquet`), engine };
  } finally {
    await reader.run('ROLLBACK');
  }
}

/**
 * Fills an empty fix store from a backup.
 * @param audited the last entry of the audit in the records that belong to it: what the store knew of later ones, it forgets
 * @returns what is in it now, by table
 */
export async function fillFixes(
  writer: Connection,
  folder: string,
  { receipt, parts, others }: FixesInBackup,
  audited: number = Number.MAX_SAFE_INTEGER,
): Promise<Record<string, number>> {
  for (const table of byReceipt) {
    for (const { file } of parts.filter((own) => own.table === table))
      await writer.run(`INSERT INTO ${table} BY NAME SELECT * FROM read_parquet(${quoted(join(folder, file))})`);
  }
  for (const file of others)
    await writer.run(`INSERT INTO ${tableOf(file)} BY NAME SELECT * FROM read_parquet(${quoted(join(folder, file))})`);
  // Released under a receipt that came after the backup's moment: it is in quarantine again.
  await writer.run(`UPDATE quarantine SET released_by = NULL WHERE released_by > ${Math.trunc(receipt)}`);
  await writer.run(`UPDATE receipts SET records_seq = ${Math.trunc(audited)} WHERE records_seq > ${Math.trunc(audited)}`);
  await writer.run('CHECKPOINT');
  const counts: Record<string, number> = {};
  for (const table of byReceipt) counts[table] = (await fingerprintOf(writer, table, 0, receipt)).rows;
  return counts;
}

/** Of a file with a whole table, which may bear the receipt up to which it goes. */
const tableOf = (file: string) => file.replace(/^\d+-/, '').replace('.parquet', '');
const form = '(FORMAT parquet, COMPRESSION zstd)';
const within = (from: number, to: number) => `receipt BETWEEN ${Math.trunc(from)} AND ${Math.trunc(to)}`;

/** The receipts of each part: those of the earlier backup, then new ones. The last one there was is filled up first. */
async function rangesOf(
  reader: Connection,
  table: Table,
  upto: number,
  earlier: readonly FixPart[],
): Promise<[from: number, to: number][]> {
  const ranges = earlier.filter((own) => own.table === table && own.to <= upto).map(({ from, to, rows }) => ({ from, to, rows }));
  const last = ranges.at(-1);
  if (last && last.rows < rowsPerPart && last.to < upto) ranges.pop();
  const filled: [number, number][] = ranges.map(({ from, to }) => [from, to]);
  let from = (filled.at(-1)?.[1] ?? -1) + 1;
  while (from <= upto) {
    const [row] = await reader.rows<{ to: number | null }>(
      `SELECT max(receipt) AS "to" FROM (SELECT receipt FROM ${table} WHERE receipt >= ${from} AND receipt <= ${upto} ORDER BY receipt LIMIT ${rowsPerPart})`,
    );
    const [more] = await reader.rows<{ n: number }>(
      `SELECT count(*)::DOUBLE AS n FROM ${table} WHERE receipt > ${row?.to ?? upto} AND receipt <= ${upto}`,
    );
    const to = row?.to == null || more?.n === 0 ? upto : row.to;
    filled.push([from, to]);
    from = to + 1;
  }
  return filled;
}

async function fingerprintOf(reader: Connection, table: Table, from: number, to: number): Promise<{ rows: number; fingerprint: string }> {
  const [row] = await reader.rows<{ n: number; print: string | null }>(
    `SELECT count(*)::DOUBLE AS n, (bit_xor(hash(t)) || '-' || (sum(hash(t) % 4294967296))::VARCHAR) AS print FROM ${table} t WHERE ${within(from, to)}`,
  );
  return { rows: row?.n ?? 0, fingerprint: row?.print ?? 'empty' };
}
