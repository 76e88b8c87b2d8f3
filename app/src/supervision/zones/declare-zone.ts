import { type Area, faultsOf, intervalsOf, type WeeklyHours } from '@waymark/presence';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { type ZoneKind, zoneKinds } from '../schema/tables.ts';
import { noteSubject, watchAgain } from '../subjects/index.ts';

export interface ZoneDraft {
  name: string;
  kind: string;
  area: Area;
  hours: WeeklyHours[];
}

/** @throws InvalidError saying what is wrong, where, and what to do */
export function checkZone({ name, kind, area, hours }: ZoneDraft): { name: string; kind: ZoneKind } {
  const text = name.trim();
  if (text.length < 2 || text.length > 100) throw new InvalidError('Give the zone a name of 2 to 100 characters.', 'name');
  if (!(zoneKinds as readonly string[]).includes(kind)) throw new InvalidError(`Choose a kind: ${zoneKinds.join(', ')}.`, 'kind');
  const [fault] = faultsOf(area);
  if (fault) throw new InvalidError(`${fault}.`, 'area');
  if (kind === 'curfew' && hours.length === 0) throw new InvalidError('A curfew needs hours. Choose its days and times.', 'from');
  checkHours(hours);
  return { name: text, kind: kind as ZoneKind };
}

/** Hours that were found sound: a file has the same few for thousands of people, and laying them out takes a while. */
const soundHours = new Set<string>();
const soundAtMost = 1000;

function checkHours(hours: WeeklyHours[]): void {
  const key = JSON.stringify(hours);
  if (soundHours.has(key)) return;
  for (const { days, from, to } of hours) {
    if (days.length === 0) throw new InvalidError('Choose at least one day for the hours.', 'days');
    if (from === to) throw new InvalidError(`The hours from ${from} to ${to} have no length. For a whole day use 00:00 to 24:00.`, 'to');
  }
  try {
    intervalsOf({ hours, from: 0, to: 8 * 86_400_000, absences: [] }, 0, 8 * 86_400_000, 'UTC');
  } catch (error) {
    throw new InvalidError(`${(error as Error).message}.`, 'from');
  }
  if (soundHours.size < soundAtMost) soundHours.add(key);
}

interface FirstVersion extends ZoneDraft {
  kind: ZoneKind;
  effectiveAt: Date;
  by: string;
}

/** Writes zones with their first versions, all shared or none; gives their numbers in the order of the zones. */
export async function insertZones(tx: Tx, zones: readonly FirstVersion[], shared: boolean): Promise<number[]> {
  const made = await tx
    .insertInto('supervision.zones')
    .values(zones.map(() => ({ shared })))
    .returning('id')
    .execute();
  const ids = made.map(({ id }) => id);
  await tx
    .insertInto('supervision.zone_versions')
    .values(
      zones.map((zone, i) => ({
        zone_id: ids[i] as number,
        version: 1,
        name: zone.name,
        kind: zone.kind,
        area: JSON.stringify(zone.area),
        hours: JSON.stringify(zone.hours),
        effective_at: zone.effectiveAt,
        superseded_at: null,
        reason: 'First version',
        by_name: zone.by,
      })),
    )
    .execute();
  return ids;
}

/** Has zones hold for orders from now on, until a moment where one is given. */
export async function zonesHoldFor(tx: Tx, pairs: readonly { zone: number; order: number; until?: Date | null }[]): Promise<void> {
  await tx
    .insertInto('supervision.zone_orders')
    .values(
      pairs.map(({ zone, order, until = null }) => ({
        zone_id: zone,
        order_id: order,
        removed_at: until,
        removed_reason: until && 'Its last day was over',
      })),
    )
    .execute();
}

async function orderOf(tx: Tx, id: number) {
  const order = await tx.selectFrom('supervision.orders').select(['id', 'subject_id', 'ends_at']).where('id', '=', id).executeTakeFirst();
  if (!order) throw new NotFoundError('There is no such order.');
  if (order.ends_at && order.ends_at.getTime() < Date.now())
    throw new InvalidError('This order has ended, so it can have no new zone.', 'orderId');
  return order;
}

/** Draws a zone under an order. It holds from `effectiveAt`, to `until` where it has an end of its own; what was before is not judged by it. */
export const declareZone: Action<
  null,
  ZoneDraft & { subjectId?: number; orderId: number; effectiveAt: Date; until?: Date | null },
  { zoneId: number; subjectId: number }
> = {
  name: 'zone.declare',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note, tell }, _services, input) {
    const { name, kind } = checkZone(input);
    const order = await orderOf(tx, input.orderId);
    if (input.subjectId !== undefined && input.subjectId !== order.subject_id) throw new NotFoundError('This person has no such order.');
    if (Number.isNaN(input.effectiveAt.getTime()))
      throw new InvalidError('Enter from when the zone holds, for example 2026-09-07 09:00.', 'effectiveAt');
    const [zoneId = 0] = await insertZones(tx, [{ ...input, name, kind, by: actor.name }], false);
    await zonesHoldFor(tx, [{ zone: zoneId, order: order.id, until: input.until ?? null }]);
    note({ kind: 'zone', id: zoneId }, { order: order.id, kind });
    await noteSubject({ tx, actor, access, note }, { subject: order.subject_id });
    await watchAgain({ tx, tell }, order.subject_id);
    return { zoneId, subjectId: order.subject_id };
  },
};
