import { type Area, depthM, type LaidArea, layArea } from '@waymark/presence';
import type { Tx } from '../../platform/database.ts';
import type { FixStore, Homes } from '../../platform/fix-store.ts';
import { zonesOfWearings } from '../zones/store.ts';

const metresPerDegree = 111_320;
/** Somebody who may be anywhere in a circle is within this share of its radius in 68 of 100 places. */
const share68 = 0.755;

/** A home as one position: its middle, how far its edge is, and the box that it lies in. */
interface LaidHome {
  area: LaidArea;
  lon: number;
  lat: number;
  radiusM: number;
}

/**
 * Makes positions inside a wearer's own home, once they are so old, into “at home”: the middle of the home, as exact as the home is
 * large. Where in their rooms somebody was is nobody's business for longer than an alert needs it. A home is the place of a curfew.
 * @param except wearings that a hold keeps as they are
 * @returns how many positions were made coarser
 */
export async function coarsenHomes(tx: Tx, fixes: FixStore, before: number, except: readonly number[]): Promise<number> {
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
    const home = layHome(area);
    const reachLat = home.radiusM / metresPerDegree;
    const reachLon = reachLat / Math.cos((home.lat * Math.PI) / 180);
    homes.push({
      wearing: wearing_id,
      from: schedule.from,
      to: Math.min(schedule.to, before),
      west: home.lon - reachLon,
      east: home.lon + reachLon,
      south: home.lat - reachLat,
      north: home.lat + reachLat,
    });
    laid.push(home);
  }
  return fixes.coarsen(homes, before, (number, lon, lat, accuracyM) => {
    const home = laid[number] as LaidHome;
    if (depthM(home.area, lon, lat) < 0) return null;
    return { lon: home.lon, lat: home.lat, accuracyM: Math.hypot(share68 * home.radiusM, Number.isNaN(accuracyM) ? 0 : accuracyM) };
  });
}

function layHome(area: Area): LaidHome {
  if (area.kind === 'circle') return { area: layArea(area), lon: area.lon, lat: area.lat, radiusM: area.radiusM };
  const points = area.rings[0] ?? [];
  const [west, east] = [Math.min(...points.map(([lon]) => lon)), Math.max(...points.map(([lon]) => lon))];
  const [south, north] = [Math.min(...points.map(([, lat]) => lat)), Math.max(...points.map(([, lat]) => lat))];
  const lat = (south + north) / 2;
  const width = (east - west) * metresPerDegree * Math.cos((lat * Math.PI) / 180);
  return { area: layArea(area), lon: (west + east) / 2, lat, radiusM: Math.hypot(width, (north - south) * metresPerDegree) / 2 };
}
