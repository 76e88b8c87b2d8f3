import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';
import type {} from '../schema/tables.ts';
import { type AgreementView, standingOf } from './agreement-in-force.ts';

/** An agreement as the public may know it: no person is named in it. Days as `YYYY-MM-DD`. */
export interface RegisteredAgreement extends Omit<AgreementView, 'byName'> {
  source: string;
  agency: string;
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
    standing: standingOf({ starts, ends, ended_at }, today),
  }));
}
