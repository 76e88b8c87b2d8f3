import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';
import type {} from '../tables.ts';

/** An agreement as the public may know it: no person is named in it. Days as `YYYY-MM-DD`. */
export interface RegisteredAgreement {
  id: number;
  source: string;
  agency: string;
  title: string;
  purpose: string;
  lawfulBasis: string;
  fields: string[];
  startsOn: string;
  endsOn: string;
  retentionMonths: number;
  standing: 'in force' | 'not yet in force' | 'expired' | 'ended';
}

/** What is on the register, in order of source. One that has ended still says how long its records are kept. */
export async function registeredAgreements(tx: Tx, today: string): Promise<RegisteredAgreement[]> {
  const rows = await tx
    .selectFrom('support.agreements as a')
    .innerJoin('support.sources as s', 's.id', 'a.source_id')
    .select([
      'a.id',
      's.name as source',
      's.agency',
      'a.title',
      'a.purpose',
      'a.lawful_basis',
      'a.fields',
      'a.retention_months',
      sql<string>`to_char(a.starts_on, 'YYYY-MM-DD')`.as('starts'),
      sql<string>`to_char(a.ends_on, 'YYYY-MM-DD')`.as('ends'),
      'a.ended_at',
    ])
    .orderBy('s.name')
    .orderBy('a.id')
    .execute();
  return rows.map(({ id, source, agency, title, purpose, lawful_basis, fields, retention_months, starts, ends, ended_at }) => ({
    id,
    source,
    agency,
    title,
    purpose,
    lawfulBasis: lawful_basis,
    fields: [...fields].sort(),
    startsOn: starts,
    endsOn: ends,
    retentionMonths: retention_months,
    standing: ended_at ? 'ended' : ends < today ? 'expired' : starts > today ? 'not yet in force' : 'in force',
  }));
}
