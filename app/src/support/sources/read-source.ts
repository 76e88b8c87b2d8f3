import { sql } from 'kysely';
import { type Action, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { type AgreementView, agreementsOf } from '../agreements/index.ts';
import { type FeedView, feedsOf } from '../feeds/index.ts';
import type { ImportCounts, RowProblem } from '../schema/tables.ts';

export interface SourceView {
  id: number;
  name: string;
  agency: string;
  records: number;
  lastImport: Date | null;
  agreement: AgreementView | null;
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
