import { type Area, fromPlane, planeAt, type Rings } from '@waymark/presence';
import { type Action, NotFoundError } from '../../platform/action.ts';
import { noteSubject } from '../subjects/index.ts';
import { listZoneVersions, type ZoneVersionRow } from './store.ts';

export interface ZoneHistory {
  zoneId: number;
  orderId: number;
  shared: boolean;
  inForce: ZoneVersionRow | null;
  versions: ZoneVersionRow[];
}

export interface SubjectZones {
  subject: { id: number; name: string; reference: string };
  orders: { id: number; kind: string; authority: string; starts_at: Date; ends_at: Date | null }[];
  zones: ZoneHistory[];
  /** Zones that can be added to any order. */
  sharedZones: { id: number; name: string }[];
  protections: { id: number; order_id: number; name: string; radius_m: number; starts_at: Date; ends_at: Date | null; serial: string }[];
  absences: { id: number; from_at: Date; to_at: Date; reason: string; by_name: string }[];
}

/** The zones of a subject's orders with their history, and absences. */
export const readZones: Action<null, { subjectId: number }, SubjectZones> = {
  name: 'zone.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { subjectId }) {
    const subject = await tx
      .selectFrom('supervision.subjects')
      .select(['id', 'name', 'reference'])
      .where('id', '=', subjectId)
      .executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    note({ kind: 'subject', id: subjectId });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    const orders = await tx
      .selectFrom('supervision.orders')
      .select(['id', 'kind', 'authority', 'starts_at', 'ends_at'])
      .where('subject_id', '=', subjectId)
      .orderBy('starts_at')
      .execute();
    const ids = orders.map(({ id }) => id);
    const zones = new Map<string, ZoneHistory>();
    for (const version of await listZoneVersions(tx, ids)) {
      const key = `${version.zone_id}/${version.order_id}`;
      const { zone_id: zoneId, order_id: orderId, shared, removed_at, ...rest } = version;
      const history = zones.get(key) ?? { zoneId, orderId, shared, inForce: null, versions: [] };
      zones.set(key, history);
      const own = { ...rest, zone_id: zoneId };
      if (!history.versions.some(({ id }) => id === own.id)) history.versions.push(own);
      if (version.superseded_at === null && (removed_at === null || removed_at.getTime() > Date.now())) history.inForce = own;
    }
    const absences = await tx
      .selectFrom('supervision.absences')
      .select(['id', 'from_at', 'to_at', 'reason', 'by_name'])
      .where('order_id', 'in', ids.length > 0 ? ids : [-1])
      .orderBy('from_at', 'desc')
      .limit(50)
      .execute();
    const protections = await tx
      .selectFrom('supervision.protections as p')
      .innerJoin('supervision.tags as t', 't.id', 'p.tag_id')
      .select(['p.id', 'p.order_id', 'p.name', 'p.radius_m', 'p.starts_at', 'p.ends_at', 't.serial'])
      .where('p.order_id', 'in', ids.length > 0 ? ids : [-1])
      .orderBy('p.id')
      .execute();
    const sharedZones = await tx
      .selectFrom('supervision.zone_versions as v')
      .innerJoin('supervision.zones as z', 'z.id', 'v.zone_id')
      .select(['z.id', 'v.name'])
      .where('z.shared', '=', true)
      .where('v.superseded_at', 'is', null)
      .orderBy('v.name')
      .limit(1000)
      .execute();
    return { subject, orders, zones: [...zones.values()], sharedZones, protections, absences };
  },
};

/** The version of one zone that is in force, and for how many orders it holds. */
export const readZone: Action<null, { zoneId: number }, { zone: ZoneVersionRow; subjectId: number | null; shared: number }> = {
  name: 'zone.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { zoneId }) {
    note({ kind: 'zone', id: zoneId });
    await noteSubject({ tx, actor, access, note }, { zone: zoneId });
    const zone = await tx
      .selectFrom('supervision.zone_versions')
      .selectAll()
      .where('zone_id', '=', zoneId)
      .where('superseded_at', 'is', null)
      .executeTakeFirst();
    const orders = await tx
      .selectFrom('supervision.zone_orders as z')
      .innerJoin('supervision.orders as o', 'o.id', 'z.order_id')
      .select('o.subject_id')
      .where('z.zone_id', '=', zoneId)
      .where((eb) => eb.or([eb('z.removed_at', 'is', null), eb('z.removed_at', '>', new Date())]))
      .execute();
    if (!zone) throw new NotFoundError('There is no such zone in force.');
    const { shared } = await tx.selectFrom('supervision.zones').select('shared').where('id', '=', zoneId).executeTakeFirstOrThrow();
    return { zone, subjectId: shared ? null : (orders[0]?.subject_id ?? null), shared: orders.length };
  },
};

export interface ZoneFeature {
  type: 'Feature';
  /** Of the version. */
  id: number;
  properties: {
    zone: number;
    version: number;
    name: string;
    kind: ZoneVersionRow['kind'];
    from: string;
    /** Null while it holds. */
    to: string | null;
    /** Of a circle, metres. */
    radiusM?: number;
  };
  geometry: AreaGeometry;
}

/** A zone as GeoJSON, which maps and other programs open. A circle is drawn with 64 corners. */
export function zoneFeature(zone: ZoneVersionRow): ZoneFeature {
  return {
    type: 'Feature',
    id: zone.id,
    properties: {
      zone: zone.zone_id,
      version: zone.version,
      name: zone.name,
      kind: zone.kind,
      from: zone.effective_at.toISOString(),
      to: zone.superseded_at?.toISOString() ?? null,
      ...(zone.area.kind === 'circle' ? { radiusM: zone.area.radiusM } : {}),
    },
    geometry: geometryOf(zone.area),
  };
}

export type AreaGeometry = { type: 'Polygon'; coordinates: Rings } | { type: 'MultiPolygon'; coordinates: Rings[] };

/** An area as GeoJSON has it. */
export function geometryOf(area: Area): AreaGeometry {
  if (area.kind === 'polygons') return { type: 'MultiPolygon', coordinates: area.polygons };
  return { type: 'Polygon', coordinates: area.kind === 'polygon' ? area.rings : outlineOf(area) };
}

/** A circle with 64 corners, on the plane on which distances to it are measured. */
function outlineOf(area: Area & { kind: 'circle' }): Rings {
  const plane = planeAt(area.lon, area.lat);
  const ring = Array.from({ length: 65 }, (_, i): [number, number] => {
    const turn = (2 * Math.PI * (i % 64)) / 64;
    return fromPlane(plane, area.radiusM * Math.cos(turn), area.radiusM * Math.sin(turn));
  });
  return [ring];
}
