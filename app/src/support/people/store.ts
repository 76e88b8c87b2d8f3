import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';
import type { Identity, Statement } from '../facts/index.ts';
import type {} from '../schema/tables.ts';

/** A record of a person, as it was given. */
export interface PersonRecord {
  id: number;
  source: string;
  agency: string;
  key: string;
  row: number;
  fileName: string;
  receivedAt: Date;
  identity: Identity;
}

/**
 * Records of each of some persons, in order of source and number. Each person's are looked up by the index, whatever the
 * database believes of its tables: an embedded one has never counted them, and would read them all for every part.
 */
export async function readRecordsOf(tx: Tx, persons: readonly number[]): Promise<Map<number, PersonRecord[]>> {
  const { rows } = await sql<PersonRecord & { person: number }>`
    SELECT p.id AS person, r.id, s.name AS source, s.agency, r.key, r.row_number AS row, i.file_name AS "fileName", r.received_at AS "receivedAt", r.identity
      FROM unnest(${[...persons]}::int[]) AS p(id)
      CROSS JOIN LATERAL (SELECT * FROM support.records WHERE person_id = p.id OFFSET 0) r
      JOIN support.sources s ON s.id = r.source_id
      JOIN support.record_imports i ON i.id = r.import_id
      ORDER BY s.name, r.id`.execute(tx);
  return grouped(rows.map(({ person, ...row }) => [person, row]));
}

/** A statement with where it comes from. */
export interface PersonFact extends Statement {
  record: number;
  fileName: string;
}

/**
 * Statements about each of some persons, the newest first. One that was challenged is challenged of the person: the same statement of
 * another record of theirs, under whatever number, is too. One that no agreement in force allows is relied on no longer.
 * @param today `YYYY-MM-DD`
 */
export async function readFactsOf(tx: Tx, persons: readonly number[], today: string): Promise<Map<number, PersonFact[]>> {
  const { rows } = await sql<PersonFact & { person: number }>`
    WITH allowed AS (SELECT DISTINCT ON (source_id) source_id, fields FROM support.agreements
      WHERE ended_at IS NULL AND starts_on <= ${today}::date AND ends_on >= ${today}::date ORDER BY source_id, id DESC)
    SELECT p.id AS person, f.id, f.kind, f.value, f.record_id AS record, s.name AS source, i.file_name AS "fileName",
        f.challenged_at IS NOT NULL OR coalesce(concat_ws('|', f.kind, f.value, f.on_date) = ANY(d.doubted), false) AS challenged,
        NOT coalesce(a.fields ? f.kind, false) AS "notAllowed",
        to_char(f.on_date, 'YYYY-MM-DD') AS on, to_char(f.expires_on, 'YYYY-MM-DD') AS expires
      FROM unnest(${[...persons]}::int[]) AS p(id)
      CROSS JOIN LATERAL (SELECT array_agg(concat_ws('|', g.kind, g.value, g.on_date)) AS doubted
        FROM (SELECT id FROM support.records WHERE person_id = p.id OFFSET 0) o
        CROSS JOIN LATERAL (SELECT * FROM support.facts WHERE record_id = o.id OFFSET 0) g WHERE g.challenged_at IS NOT NULL) d
      CROSS JOIN LATERAL (SELECT id, source_id FROM support.records WHERE person_id = p.id OFFSET 0) r
      CROSS JOIN LATERAL (SELECT * FROM support.facts WHERE record_id = r.id OFFSET 0) f
      JOIN support.sources s ON s.id = r.source_id
      JOIN support.record_imports i ON i.id = f.import_id
      LEFT JOIN allowed a ON a.source_id = r.source_id
      ORDER BY f.on_date DESC, f.id`.execute(tx);
  return grouped(rows.map(({ person, ...row }) => [person, row]));
}

function grouped<T>(rows: [number, T][]): Map<number, T[]> {
  const found = new Map<number, T[]>();
  for (const [key, row] of rows) {
    const own = found.get(key);
    if (own) own.push(row);
    else found.set(key, [row]);
  }
  return found;
}
