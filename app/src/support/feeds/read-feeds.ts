import type { Tx } from '../../platform/database.ts';
import type {} from '../schema/tables.ts';

/** A feed as it stands, without the address of any database. */
export interface FeedView {
  id: number;
  sourceId: number;
  source: string;
  kind: 'folder' | 'database';
  database: string | null;
  mapping: string;
  atTime: string;
  weekday: number | null;
  byName: string;
  createdAt: Date;
  lastRunAt: Date | null;
  lastImport: number | null;
  lastProblem: string | null;
}

/** Feeds that have not ended, by number. */
export function feeds(tx: Tx) {
  return tx
    .selectFrom('support.feeds as f')
    .innerJoin('support.sources as s', 's.id', 'f.source_id')
    .select([
      'f.id',
      'f.source_id as sourceId',
      's.name as source',
      'f.kind',
      'f.database_name as database',
      'f.mapping',
      'f.at_time as atTime',
    ])
    .select(['f.weekday', 'f.by_name as byName', 'f.created_at as createdAt', 'f.last_run_at as lastRunAt'])
    .select(['f.last_import as lastImport', 'f.last_problem as lastProblem'])
    .where('f.ended_at', 'is', null)
    .orderBy('f.id');
}

/** The feeds of a source that have not ended. */
export function feedsOf(tx: Tx, source: number): Promise<FeedView[]> {
  return feeds(tx).where('f.source_id', '=', source).execute();
}
