import { sql } from 'kysely';
import { InvalidError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';

/** An agreement as it stands on the register. Days as `YYYY-MM-DD`. */
export interface AgreementView {
  id: number;
  title: string;
  purpose: string;
  lawfulBasis: string;
  fields: string[];
  startsOn: string;
  endsOn: string;
  retentionMonths: number;
  byName: string;
  standing: 'in force' | 'not yet in force' | 'expired' | 'ended';
}

const columns = [
  'id',
  'source_id',
  'title',
  'purpose',
  'lawful_basis',
  'fields',
  'retention_months',
  'by_name',
  'ended_at',
  sql<string>`to_char(starts_on, 'YYYY-MM-DD')`.as('starts'),
  sql<string>`to_char(ends_on, 'YYYY-MM-DD')`.as('ends'),
] as const;

/** How an agreement stands on a day. Days as `YYYY-MM-DD`. */
export function standingOf(
  { starts, ends, ended_at }: { starts: string; ends: string; ended_at: Date | null },
  today: string,
): AgreementView['standing'] {
  if (ended_at) return 'ended';
  return ends < today ? 'expired' : starts > today ? 'not yet in force' : 'in force';
}

/** Agreements of a source, the newest first. */
export async function agreementsOf(tx: Tx, sources: readonly number[], today: string): Promise<Map<number, AgreementView[]>> {
  const rows = await tx
    .selectFrom('support.agreements')
    .select(columns)
    .where('source_id', 'in', sources.length > 0 ? [...sources] : [-1])
    .orderBy('id', 'desc')
    .execute();
  const found = new Map<number, AgreementView[]>();
  for (const row of rows) {
    const view: AgreementView = {
      id: row.id,
      title: row.title,
      purpose: row.purpose,
      lawfulBasis: row.lawful_basis,
      fields: row.fields,
      startsOn: row.starts,
      endsOn: row.ends,
      retentionMonths: row.retention_months,
      byName: row.by_name,
      standing: standingOf(row, today),
    };
    found.set(row.source_id, [...(found.get(row.source_id) ?? []), view]);
  }
  return found;
}

/**
 * The agreement under which a source may send today.
 * @throws InvalidError when there is none, saying why
 */
export async function agreementInForce(tx: Tx, source: string, today: string): Promise<{ sourceId: number; agreement: AgreementView }> {
  const found = await tx.selectFrom('support.sources').select('id').where('name', '=', source).executeTakeFirst();
  if (!found) throw new InvalidError(`There is no source "${source}". Put its agreement on the register first.`, 'source');
  const all = (await agreementsOf(tx, [found.id], today)).get(found.id) ?? [];
  const inForce = all.find(({ standing }) => standing === 'in force');
  if (inForce) return { sourceId: found.id, agreement: inForce };
  const [newest] = all;
  const why = !newest
    ? 'it has no agreement'
    : newest.standing === 'not yet in force'
      ? `its agreement holds from ${newest.startsOn} only`
      : newest.standing === 'expired'
        ? `its agreement ended on ${newest.endsOn}`
        : 'its agreement was ended';
  throw new InvalidError(`Nothing was read from "${source}": ${why}. A source works only under an agreement in force.`, 'source');
}
