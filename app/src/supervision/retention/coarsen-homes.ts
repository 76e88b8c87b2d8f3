import { type Area, depthM, distanceM, fromPlane, type LaidArea, layArea, planeAt } from '@waymark/presence';
import type { Tx } from '../../platform/database.ts';
import type { Homes } from '../../platform/fixes/fix.ts';
import type { Forgets } from '../../platform/fixes/fix-store.ts';
import { zonesOfWearings } from '../zones/index.ts';

/** Somebody who may be anywhere in a circle is within this share of its radius in 68 of 100 places. */
const share68 = 0.755;

const gridSteps = 16;

/** A home as one position: its deepest place, how far its farthest edge is, and the box that it lies in. */
interface LaidHome {
  area: LaidArea;
  lon: number;
  lat: number;
  radiusM: number;
  box: { west: number; south: number; east: number; north: number };
}

/**
 * Makes positions inside a wearer's own home, once they are so old, into “at home”: the middle of the home, as exact as the home is
 * large. Where in their rooms somebody was is nobody's business for longer than an alert needs it. A home is the place of a curfew.
 * @param except wearings that a hold keeps as they are
 * @returns how many positions were made coarser
 */
export async function coarsenHomes(tx: Tx, fixes: Pick<Forgets, 'coarsen'>, before: number, except: readonly number[]): Promise<number> {
  const wearings = await tx
    .selectFrom('supervision.wearings')
    .select('id')
    .where('starts_at', '<', new Date(before))
    .$if(except.length > 0, (query) => query.where('id', 'not in', [...except]))
    .execute();
  const zones = await zonesOfWearings(
    tx,
    wearings.map(({ id }) => id),
  );
  const homes: Homes = [];
  const laid: LaidHome[] = [];
  for (const { kind, area, wearing_id, schedule } of zones) {
    if (kind !== 'curfew' || schedule.from >= before) continue;
    for (const part of partsOf(area)) {
      const home = layHome(part);
      homes.push({ wearing: wearing_id, from: schedule.from, to: Math.min(schedule.to, before), ...home.box });
      laid.push(home);
    }
  }
  return fixes.coarsen(homes, before, (number, lon, lat, accuracyM) => {
    const home = laid[number] as LaidHome;
    if (depthM(home.area, lon, lat) < 0) return null;
    return { lon: home.lon, lat: home.lat, accuracyM: Math.hypot(share68 * home.radiusM, Number.isNaN(accuracyM) ? 0 : accuracyM) };
  });
}

/** Each part of an area is a home of its own. */
function partsOf(area: Area): Exclude<Area, { kind: 'polygons' }>[] {
  return area.kind === 'polygons' ? area.polygons.map((rings) => ({ kind: 'polygon', rings })) : [area];
}

function layHome(area: Exclude<Area, { kind: 'polygons' }>): LaidHome {
  if (area.kind === 'circle') {
    const { lon, lat, radiusM } = area;
    const plane = planeAt(lon, lat);
    const [west, south] = fromPlane(plane, -radiusM, -radiusM);
    const [east, north] = fromPlane(plane, radiusM, radiusM);
    const box = { west, south, east, north };
    return { area: layArea(area), lon, lat, radiusM, box };
  }
  const points = area.rings[0] ?? [];
  const [west, east] = [Math.min(...points.map(([lon]) => lon)), Math.max(...points.map(([lon]) => lon))];
  const [south, north] = [Math.min(...points.map(([, lat]) => lat)), Math.max(...points.map(([, lat]) => lat))];
  const laid = layArea(area);
  // The deepest of a grid of places: the middle of the box may lie outside a home that goes round a corner.
  let deepest = { lon: west, lat: south, depth: Number.NEGATIVE_INFINITY };
  for (let i = 1; i < gridSteps; i++) {
    for (let j = 1; j < gridSteps; j++) {
      const [lon, lat] = [west + ((east - west) * i) / gridSteps, south + ((north - south) * j) / gridSteps];
      const depth = depthM(laid, lon, lat);
      if (depth > deepest.depth) deepest = { lon, lat, depth };
    }
  }
  const { lon, lat } = deepest;
  const radiusM = points.reduce((most, [x, y]) => Math.max(most, distanceM(lon, lat, x, y)), 0);
  return { area: laid, lon, lat, radiusM, box: { west, south, east, north } };
}
