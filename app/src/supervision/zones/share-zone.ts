import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { containing } from '../../platform/containing.ts';
import type { ZoneKind } from '../schema/tables.ts';
import { watchAgain } from '../subjects/index.ts';
import { checkZone, insertZones, type ZoneDraft } from './declare-zone.ts';
import { versionColumns, type ZoneVersionRow } from './store.ts';

export interface SharedZoneRow extends ZoneVersionRow {
  /** For how many orders it holds now. */
  orders: number;
}

/** Zones that can be added to any order, such as a town centre, in the version that is in force. */
export const listSharedZones: Action<null, { search?: string; limit: number; offset: number }, { rows: SharedZoneRow[]; total: number }> = {
  name: 'zone.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, _services, { search, limit, offset }) {
    let base = tx
      .selectFrom('supervision.zone_versions as v')
      .innerJoin('supervision.zones as z', 'z.id', 'v.zone_id')
      .where('z.shared', '=', true)
      .where('v.superseded_at', 'is', null);
    if (search) base = base.where('v.name', 'ilike', containing(search));
    const { total } = await base.select(sql<number>`count(*)::int`.as('total')).executeTakeFirstOrThrow();
    const rows = await base
      .select((eb) => [
        ...versionColumns,
        eb
          .selectFrom('supervision.zone_orders as o')
          .select(sql<number>`count(*)::int`.as('n'))
          .whereRef('o.zone_id', '=', 'v.zone_id')
          .where('o.removed_at', 'is', null)
          .as('orders'),
      ])
      .orderBy('v.name')
      .orderBy('v.zone_id')
      .limit(limit)
      .offset(offset)
      .execute();
    note(null, { shown: rows.length });
    return { rows: rows.map((row) => ({ ...row, orders: Number(row.orders ?? 0) })), total };
  },
};

/** Draws a zone that belongs to no order yet. It watches nobody until it is added to one. */
export const declareSharedZone: Action<null, ZoneDraft, { zoneId: number; kind: ZoneKind }> = {
  name: 'zone.declare',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, _services, input) {
    const { name, kind } = checkZone(input);
    const [zoneId = 0] = await insertZones(tx, [{ ...input, name, kind, effectiveAt: new Date(), by: actor.name }], true);
    note({ kind: 'zone', id: zoneId }, { shared: true, kind });
    return { zoneId, kind };
  },
};

/** Adds a shared zone to an order, from now on. */
export const addSharedZone: Action<null, { subjectId: number; orderId: number; zoneId: number }, { subjectId: number }> = {
  name: 'zone.share',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note, tell }, _services, { subjectId, orderId, zoneId }) {
    const order = await tx
      .selectFrom('supervision.orders')
      .select(['subject_id', 'ends_at'])
      .where('id', '=', orderId)
      .where('subject_id', '=', subjectId)
      .executeTakeFirst();
    if (!order) throw new NotFoundError('This person has no such order.');
    note({ kind: 'zone', id: zoneId }, { order: orderId });
    if (order.ends_at && order.ends_at.getTime() < Date.now())
      throw new InvalidError('This order has ended, so it can have no new zone.', 'zoneId');
    const zone = await tx
      .selectFrom('supervision.zones as z')
      .innerJoin('supervision.zone_versions as v', 'v.zone_id', 'z.id')
      .select('z.id')
      .where('z.id', '=', zoneId)
      .where('z.shared', '=', true)
      .where('v.superseded_at', 'is', null)
      .executeTakeFirst();
    if (!zone) throw new InvalidError('Choose one of the shared zones.', 'zoneId');
    const has = await tx
      .selectFrom('supervision.zone_orders')
      .select('id')
      .where('zone_id', '=', zoneId)
      .where('order_id', '=', orderId)
      .where('removed_at', 'is', null)
      .executeTakeFirst();
    if (has) throw new InvalidError('This order has that zone already.', 'zoneId');
    await tx
      .insertInto('supervision.zone_orders')
      .values({ zone_id: zoneId, order_id: orderId, removed_at: null, removed_reason: null })
      .execute();
    await watchAgain({ tx, tell }, order.subject_id);
    return { subjectId: order.subject_id };
  },
};

/** Takes a shared zone from an order, from now on. What it gave while it held stays on record. */
export const removeSharedZone: Action<null, { orderId: number; zoneId: number; reason: string }, { subjectId: number }> = {
  name: 'zone.share',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note, tell }, _services, { orderId, zoneId, reason }) {
    note({ kind: 'zone', id: zoneId }, { order: orderId, removed: true });
    if (reason.trim().length < 3) throw new InvalidError('Give the reason for taking the zone from this order.', 'reason');
    const removed = await tx
      .updateTable('supervision.zone_orders')
      .set({ removed_at: new Date(), removed_reason: reason.trim().slice(0, 500) })
      .where('zone_id', '=', zoneId)
      .where('order_id', '=', orderId)
      .where('removed_at', 'is', null)
      .where('zone_id', 'in', (eb) => eb.selectFrom('supervision.zones').select('id').where('shared', '=', true))
      .returning('id')
      .executeTakeFirst();
    if (!removed) throw new NotFoundError('This order has no such shared zone.');
    const order = await tx.selectFrom('supervision.orders').select('subject_id').where('id', '=', orderId).executeTakeFirstOrThrow();
    await watchAgain({ tx, tell }, order.subject_id);
    return { subjectId: order.subject_id };
  },
};
