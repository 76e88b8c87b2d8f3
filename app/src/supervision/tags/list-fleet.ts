import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import { containing } from '../../platform/containing.ts';
import { seeingAll } from '../../platform/database.ts';
import type { Position, Positions } from '../fixes/index.ts';
import type { TagState } from '../schema/tables.ts';
import { batteryLow, isSilent, standingOf, type TagStanding } from './tag-life.ts';

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
    const like = containing(search ?? '');
    const wanted = search ? sql`WHERE t.serial ILIKE ${like} OR s.name ILIKE ${like}` : sql``;
    // How each tag stands needs little of it, for the whole fleet at once; the rest is read of those that are shown.
    const { rows: whole } = await sql<{ fleet: [id: number, state: TagState, wearing: number | null][] | null }>`
      SELECT json_agg(json_build_array(t.id, t.state, w.id) ORDER BY t.serial) AS fleet FROM supervision.tags t
        LEFT JOIN supervision.wearings w ON w.tag_id = t.id AND w.ends_at IS NULL
        LEFT JOIN supervision.subjects s ON s.id = w.subject_id ${wanted}`.execute(tx);
    const carried = await tx.selectFrom('supervision.protections').select('tag_id').where('ends_at', 'is', null).execute();
    // Nobody may take a tag for one in stock because they may not see whom it is on.
    const worn = await seeingAll(tx, () => tx.selectFrom('supervision.wearings').select('tag_id').where('ends_at', 'is', null).execute());
    const onSomebody = new Set(worn.map(({ tag_id }) => tag_id));
    const protects = new Set(carried.map(({ tag_id }) => tag_id));
    const now = Date.now();
    const all = (whole[0]?.fleet ?? []).map(([id, state, wearing]) => {
      const last = wearing === null ? null : positions.of(wearing);
      const isHidden = wearing === null && onSomebody.has(id);
      const standing = standingOf(state, wearing !== null || isHidden, last !== null || isHidden, protects.has(id));
      return { id, standing, last, trouble: troubleOf(standing, last, now) };
    });
    const fits: Record<FleetFilter, (row: Pick<TagRow, 'standing' | 'trouble'>) => boolean> = {
      all: () => true,
      trouble: ({ trouble }) => trouble !== null && trouble !== 'lost',
      worn: ({ standing }) => standing === 'worn' || standing === 'fitted',
      'in stock': ({ standing }) => standing === 'in stock',
      removed: ({ standing }) => standing === 'removed',
      faulty: ({ standing }) => standing === 'faulty',
      lost: ({ standing }) => standing === 'lost',
    };
    const chosen = all.filter(fits[filter]).sort((a, b) => Number(b.trouble !== null) - Number(a.trouble !== null));
    const shown = chosen.slice(offset, offset + limit);
    const told = await tx
      .selectFrom('supervision.tags as t')
      .leftJoin('supervision.wearings as w', (join) => join.onRef('w.tag_id', '=', 't.id').on('w.ends_at', 'is', null))
      .leftJoin('supervision.subjects as s', 's.id', 'w.subject_id')
      .select(['t.id', 't.serial', 't.model', 't.credential_hash', 's.name as subject', 's.id as subject_id'])
      .where('t.id', 'in', [0, ...shown.map(({ id }) => id)])
      .execute();
    const byId = new Map(told.map((row) => [row.id, row]));
    const rows = shown.flatMap((row): TagRow[] => {
      const own = byId.get(row.id);
      if (!own) return [];
      const { credential_hash, ...rest } = own;
      return [{ ...row, ...rest, has_credential: credential_hash !== null }];
    });
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
