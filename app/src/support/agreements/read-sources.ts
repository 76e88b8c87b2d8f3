import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { type FeedView, feedsOf } from '../feeds/read-feeds.ts';
import type { RowProblem } from '../records/mapping.ts';
import type { ImportCounts } from '../schema/tables.ts';

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

export interface SourceView {
  id: number;
  name: string;
  agency: string;
  records: number;
  lastImport: Date | null;
  agreement: AgreementView | null;
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
async function agreementsOf(tx: Tx, sources: readonly number[], today: string): Promise<Map<number, AgreementView[]>> {
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

export const listSources: Action<null, { today: string }, SourceView[]> = {
  name: 'source.list',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { today }) {
    const rows = await tx
      .selectFrom('support.sources as s')
      .select([
        's.id',
        's.name',
        's.agency',
        sql<number>`(SELECT count(*) FROM support.records r WHERE r.source_id = s.id)::int`.as('records'),
        sql<Date | null>`(SELECT max(i.at) FROM support.record_imports i WHERE i.source_id = s.id)`.as('lastImport'),
      ])
      .orderBy('s.name')
      .execute();
    const agreements = await agreementsOf(
      tx,
      rows.map(({ id }) => id),
      today,
    );
    note(null, { shown: rows.length });
    return rows.map((row) => ({ ...row, agreement: agreements.get(row.id)?.[0] ?? null }));
  },
};

export interface RecordImportView {
  id: number;
  source: string;
  mapping: string;
  fileName: string;
  sha256: string;
  at: Date;
  byName: string;
  counts: ImportCounts;
  dropped: Record<string, number>;
  problems: RowProblem[];
  finished: boolean;
}

/** One source with its agreements, old ones too, and its imports. */
export const readSource: Action<
  null,
  { id: number; today: string },
  { id: number; name: string; agency: string; agreements: AgreementView[]; imports: RecordImportView[]; feeds: FeedView[] }
> = {
  name: 'source.read',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { id, today }) {
    note({ kind: 'source', id });
    const source = await tx.selectFrom('support.sources').select(['id', 'name', 'agency']).where('id', '=', id).executeTakeFirst();
    if (!source) throw new NotFoundError('There is no such source.');
    const agreements = (await agreementsOf(tx, [id], today)).get(id) ?? [];
    const imports = await importsOf(tx, { sourceId: id });
    return { ...source, agreements, imports, feeds: await feedsOf(tx, id) };
  },
};

export const readRecordImport: Action<null, { id: number }, RecordImportView> = {
  name: 'record-import.read',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'record import', id });
    const [found] = await importsOf(tx, { id });
    if (!found) throw new NotFoundError('There is no such import.');
    return found;
  },
};

async function importsOf(tx: Tx, { id, sourceId }: { id?: number; sourceId?: number }): Promise<RecordImportView[]> {
  let query = tx
    .selectFrom('support.record_imports as i')
    .innerJoin('support.sources as s', 's.id', 'i.source_id')
    .select([
      'i.id',
      's.name as source',
      'i.mapping',
      'i.file_name',
      'i.sha256',
      'i.at',
      'i.by_name',
      'i.counts',
      'i.dropped',
      'i.problems',
      'i.finished_at',
    ]);
  if (id !== undefined) query = query.where('i.id', '=', id);
  if (sourceId !== undefined) query = query.where('i.source_id', '=', sourceId);
  const rows = await query.orderBy('i.id', 'desc').limit(100).execute();
  return rows.map(({ file_name, by_name, finished_at, ...row }) => ({
    ...row,
    fileName: file_name,
    byName: by_name,
    finished: finished_at !== null,
  }));
}
