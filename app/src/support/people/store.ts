import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';
import type { FactKindKey, Identity } from '../fact-kinds.ts';
import type { Statement } from '../needs/profile.ts';
import type {} from '../tables.ts';

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

/** Records of each of some persons, in order of source and number. */
export async function readRecordsOf(tx: Tx, persons: readonly number[]): Promise<Map<number, PersonRecord[]>> {
  const rows = await tx
    .selectFrom('support.records as r')
    .innerJoin('support.sources as s', 's.id', 'r.source_id')
    .innerJoin('support.record_imports as i', 'i.id', 'r.import_id')
    .select([
      'r.id',
      'r.person_id',
      's.name as source',
      's.agency',
      'r.key',
      'r.row_number as row',
      'i.file_name as fileName',
      'r.received_at as receivedAt',
      'r.identity',
    ])
    .where('r.person_id', 'in', persons.length > 0 ? [...persons] : [-1])
    .orderBy('s.name')
    .orderBy('r.id')
    .execute();
  return grouped(rows.map(({ person_id, ...row }) => [person_id as number, row]));
}

/** A statement with where it comes from. */
export interface PersonFact extends Statement {
  record: number;
  fileName: string;
}

/** Statements about each of some persons, the newest first. */
export async function readFactsOf(tx: Tx, persons: readonly number[]): Promise<Map<number, PersonFact[]>> {
  const rows = await tx
    .selectFrom('support.facts as f')
    .innerJoin('support.records as r', 'r.id', 'f.record_id')
    .innerJoin('support.sources as s', 's.id', 'r.source_id')
    .innerJoin('support.record_imports as i', 'i.id', 'f.import_id')
    .select([
      'f.id',
      'f.kind',
      'f.value',
      'f.record_id as record',
      's.name as source',
      'r.person_id',
      'i.file_name as fileName',
      'f.challenged_at',
    ])
    .select([sql<string>`to_char(f.on_date, 'YYYY-MM-DD')`.as('on'), sql<string>`to_char(f.expires_on, 'YYYY-MM-DD')`.as('expires')])
    .where('r.person_id', 'in', persons.length > 0 ? [...persons] : [-1])
    .orderBy('f.on_date', 'desc')
    .orderBy('f.id')
    .execute();
  return grouped(
    rows.map(({ person_id, challenged_at, kind, ...row }) => [
      person_id as number,
      { ...row, kind: kind as FactKindKey, challenged: challenged_at !== null },
    ]),
  );
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
