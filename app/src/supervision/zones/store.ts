import type { Area, Schedule, WeeklyHours } from '@waymark/presence';
import type { Tx } from '../../platform/database.ts';
import type { ZoneKind } from '../schema/tables.ts';

export interface ZoneVersionRow {
  id: number;
  zone_id: number;
  version: number;
  name: string;
  kind: ZoneKind;
  area: Area;
  hours: WeeklyHours[];
  effective_at: Date;
  superseded_at: Date | null;
  reason: string;
  by_name: string;
  recorded_at: Date;
}

/** The columns of a `ZoneVersionRow`, of a table called `v`. */
export const versionColumns = [
  'v.id',
  'v.zone_id',
  'v.version',
  'v.name',
  'v.kind',
  'v.area',
  'v.hours',
  'v.effective_at',
  'v.superseded_at',
  'v.reason',
  'v.by_name',
  'v.recorded_at',
] as const;

/** A zone version as it holds for one wearing. */
export interface WornZone extends ZoneVersionRow {
  wearing_id: number;
  shared: boolean;
  schedule: Schedule;
}

/**
 * Every version of the zones of a wearer's orders, with when it holds for each wearing: within its own order, the wearing and the
 * version. A tag fitted under one order watches the zones of all.
 */
export async function zonesOfWearings(tx: Tx, wearings: readonly number[]): Promise<WornZone[]> {
  if (wearings.length === 0) return [];
  const rows = await tx
    .selectFrom('supervision.wearings as w')
    .innerJoin('supervision.orders as o', 'o.subject_id', 'w.subject_id')
    .innerJoin('supervision.zone_orders as zo', 'zo.order_id', 'o.id')
    .innerJoin('supervision.zones as z', 'z.id', 'zo.zone_id')
    .innerJoin('supervision.zone_versions as v', 'v.zone_id', 'zo.zone_id')
    .select([
      ...versionColumns,
      'w.id as wearing_id',
      'w.starts_at',
      'w.ends_at',
      'o.id as order_id',
      'o.starts_at as order_from',
      'o.ends_at as order_to',
      'z.shared',
      'zo.added_at',
      'zo.removed_at',
    ])
    .where('w.id', 'in', [...wearings])
    .orderBy('v.id')
    .execute();
  const orders = [...new Set(rows.map(({ order_id }) => order_id))];
  const absences = orders.length
    ? await tx.selectFrom('supervision.absences').select(['order_id', 'from_at', 'to_at']).where('order_id', 'in', orders).execute()
    : [];
  return rows.map((row) => ({
    ...row,
    schedule: {
      hours: row.hours,
      // A zone of the order's own may hold from before it was written down; a shared one from when it was added.
      from: Math.max(
        row.starts_at.getTime(),
        row.order_from.getTime(),
        row.effective_at.getTime(),
        row.shared ? row.added_at.getTime() : Number.NEGATIVE_INFINITY,
      ),
      to: Math.min(
        row.ends_at?.getTime() ?? Infinity,
        row.order_to?.getTime() ?? Infinity,
        row.superseded_at?.getTime() ?? Infinity,
        row.removed_at?.getTime() ?? Infinity,
      ),
      absences: absences
        .filter(({ order_id }) => order_id === row.order_id)
        .map(({ from_at, to_at }) => ({ from: from_at.getTime(), to: to_at.getTime() })),
    },
  }));
}

/** Zones of an order or of all, the version in force last; superseded ones too. */
export async function listZoneVersions(
  tx: Tx,
  orders?: readonly number[],
): Promise<(ZoneVersionRow & { order_id: number; shared: boolean; removed_at: Date | null })[]> {
  let query = tx
    .selectFrom('supervision.zone_versions as v')
    .innerJoin('supervision.zone_orders as zo', 'zo.zone_id', 'v.zone_id')
    .innerJoin('supervision.zones as z', 'z.id', 'v.zone_id')
    .select([...versionColumns, 'zo.order_id', 'zo.removed_at', 'z.shared'])
    .orderBy('v.zone_id')
    .orderBy('v.version');
  if (orders) query = query.where('zo.order_id', 'in', orders.length > 0 ? [...orders] : [-1]);
  return query.execute();
}
