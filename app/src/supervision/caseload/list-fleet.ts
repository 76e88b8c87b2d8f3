import type { Action } from '../../platform/action.ts';
import { batteryLow, isSilent, standingOf, type TagStanding } from '../subjects/tag-life.ts';
import type { Position, Positions } from './positions.ts';

export interface TagRow {
  id: number;
  serial: string;
  model: string;
  standing: TagStanding;
  subject: string | null;
  subject_id: number | null;
  has_credential: boolean;
  last: Position | null;
  /** What is wrong with it now, in a word; null when it works. */
  trouble: 'silent' | 'never heard' | 'battery low' | 'faulty' | 'lost' | null;
}

/** Which tags to show. */
export const fleetFilters = ['all', 'trouble', 'worn', 'in stock', 'removed', 'faulty', 'lost'] as const;
export type FleetFilter = (typeof fleetFilters)[number];

/** The fleet, what is in trouble first: silent, flat, faulty and lost tags. */
export const listTags: Action<
  { positions: Positions },
  { search?: string; filter: FleetFilter; limit: number; offset: number },
  { rows: TagRow[]; total: number; counts: Record<FleetFilter, number> }
> = {
  name: 'tag.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, { positions }, { search, filter, limit, offset }) {
    let query = tx
      .selectFrom('supervision.tags as t')
      .leftJoin('supervision.wearings as w', (join) => join.onRef('w.tag_id', '=', 't.id').on('w.ends_at', 'is', null))
      .leftJoin('supervision.subjects as s', 's.id', 'w.subject_id')
      .select(['t.id', 't.serial', 't.model', 't.state', 't.credential_hash', 'w.id as wearing', 's.name as subject', 's.id as subject_id'])
      .orderBy('t.serial');
    if (search) {
      const like = `%${search.replace(/[%_\\]/g, '\\$&')}%`;
      query = query.where((eb) => eb.or([eb('t.serial', 'ilike', like), eb('s.name', 'ilike', like)]));
    }
    const carried = await tx.selectFrom('supervision.protections').select('tag_id').where('ends_at', 'is', null).execute();
    const protects = new Set(carried.map(({ tag_id }) => tag_id));
    const now = Date.now();
    const all = (await query.execute()).map((row): TagRow => {
      const last = row.wearing === null ? null : positions.of(row.wearing);
      const standing = standingOf(row.state, row.wearing !== null, last !== null, protects.has(row.id));
      const { id, serial, model, subject, subject_id } = row;
      return {
        id,
        serial,
        model,
        standing,
        subject,
        subject_id,
        has_credential: row.credential_hash !== null,
        last,
        trouble: troubleOf(standing, last, now),
      };
    });
    const fits: Record<FleetFilter, (row: TagRow) => boolean> = {
      all: () => true,
      trouble: ({ trouble }) => trouble !== null && trouble !== 'lost',
      worn: ({ standing }) => standing === 'worn' || standing === 'fitted',
      'in stock': ({ standing }) => standing === 'in stock',
      removed: ({ standing }) => standing === 'removed',
      faulty: ({ standing }) => standing === 'faulty',
      lost: ({ standing }) => standing === 'lost',
    };
    const chosen = all.filter(fits[filter]).sort((a, b) => Number(b.trouble !== null) - Number(a.trouble !== null));
    const rows = chosen.slice(offset, offset + limit);
    note(null, { shown: rows.length });
    const counts = Object.fromEntries(fleetFilters.map((own) => [own, all.filter(fits[own]).length])) as Record<FleetFilter, number>;
    return { rows, total: chosen.length, counts };
  },
};

function troubleOf(standing: TagStanding, last: Position | null, now: number): TagRow['trouble'] {
  if (standing === 'faulty' || standing === 'lost') return standing;
  if (standing === 'fitted') return 'never heard';
  if (standing !== 'worn' || !last) return null;
  if (isSilent(last, now)) return 'silent';
  return last.battery !== null && last.battery < batteryLow ? 'battery low' : null;
}
