import type { ActionContext } from '../../platform/action.ts';
import { changeZone, insertZones, zonesHoldFor } from '../zones/index.ts';
import type { RowProblem } from './read-subject-rows.ts';
import { touch, type Work } from './work.ts';

/** Zones of their orders, by name: new ones, and changed ones as a new version. */
export async function placeZones(context: ActionContext, works: Work[], problems: RowProblem[]): Promise<void> {
  const { tx, actor } = context;
  const wanted = works.flatMap((work) => (work.order ? work.draft.zones.map((zone) => ({ work, zone })) : []));
  if (wanted.length === 0) return;
  const stored = await tx
    .selectFrom('supervision.zone_orders as zo')
    .innerJoin('supervision.zone_versions as v', 'v.zone_id', 'zo.zone_id')
    .innerJoin('supervision.zones as z', 'z.id', 'zo.zone_id')
    .select(['zo.order_id', 'v.zone_id', 'v.name', 'v.kind', 'v.area', 'v.hours', 'z.shared'])
    .where(
      'zo.order_id',
      'in',
      works.map(({ order }) => order),
    )
    .where((eb) => eb.or([eb('zo.removed_at', 'is', null), eb('zo.removed_at', '>', new Date())]))
    .where('v.superseded_at', 'is', null)
    .execute();
  const known = new Map(stored.map((row) => [`${row.order_id} ${row.name}`, row]));
  const fresh: typeof wanted = [];
  const now = new Date();
  for (const { work, zone } of wanted) {
    const own = known.get(`${work.order} ${zone.name}`);
    const isSame = own && own.kind === zone.kind && asText(own.area) === asText(zone.area) && asText(own.hours) === asText(zone.hours);
    if (isSame) continue;
    const { endsAt } = work.draft.order;
    if (endsAt && endsAt < now) {
      problems.push({ row: zone.row, field: 'zone', value: zone.name, message: 'This order has ended, so it can have no new zone.' });
      continue;
    }
    if (own?.shared) {
      const message = 'A zone of this name that several people share holds for them. Change it under Zones, or give this one another name.';
      problems.push({ row: zone.row, field: 'zone', value: zone.name, message });
      continue;
    }
    if (own) await changeZone.run(context, null, { zoneId: own.zone_id, draft: zone, reason: 'As the file has it' });
    else fresh.push({ work, zone });
    touch(work);
  }
  if (fresh.length === 0) return;
  const ids = await insertZones(
    tx,
    fresh.map(({ zone }) => ({ ...zone, effectiveAt: now, by: actor.name })),
    false,
  );
  await zonesHoldFor(
    tx,
    fresh.map(({ work }, i) => ({ zone: ids[i] as number, order: work.order })),
  );
}

/** JSON with its keys in order: the database gives them in another. */
const asText = (value: unknown): string =>
  JSON.stringify(value, (_key, own: unknown) =>
    own && typeof own === 'object' && !Array.isArray(own)
      ? Object.fromEntries(Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1)))
      : own,
  );
