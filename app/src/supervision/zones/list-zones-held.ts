import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';
import { versionColumns, type ZoneVersionRow } from './store.ts';

/** A zone as it holds now for one order, with whose it is. */
export interface HeldZone extends ZoneVersionRow {
  order_id: number;
  subject: number;
  reference: string;
}

/** Zones that hold now under orders in force, for everybody or for one reference, by zone and order. */
export async function listZonesHeld(tx: Tx, reference: string | null): Promise<HeldZone[]> {
  const rows = await tx
    .selectFrom('supervision.zone_versions as v')
    .innerJoin('supervision.zone_orders as zo', 'zo.zone_id', 'v.zone_id')
    .innerJoin('supervision.orders as o', 'o.id', 'zo.order_id')
    .innerJoin('supervision.subjects as s', 's.id', 'o.subject_id')
    .select([...versionColumns, 'o.id as order_id', 's.id as subject', 's.reference'])
    .where('v.superseded_at', 'is', null)
    .where('zo.removed_at', 'is', null)
    .where(sql<boolean>`(o.ends_at IS NULL OR o.ends_at > now())`)
    .$if(reference !== null, (query) => query.where('s.reference', '=', reference ?? ''))
    .orderBy('v.zone_id')
    .orderBy('o.id')
    .execute();
  return rows as HeldZone[];
}
