import { defaultParameters, type Intervals, type LaidArea, layArea, sigmaOf, type TagReport, type WatchedZone } from '@waymark/presence';
import type { FixColumns } from '../../platform/fix-store.ts';
import type { WornZone } from '../zones/store.ts';

/** What a tag told with one stored fix. */
export function reportOf(columns: FixColumns, i: number): TagReport {
  return {
    at: columns.at[i] as number,
    lon: columns.lon[i] as number,
    lat: columns.lat[i] as number,
    sigma: sigmaOf(columns.accuracyM[i] as number, defaultParameters),
    speedMps: columns.speedMps[i] as number,
    battery: columns.battery[i] as number,
    events: columns.events[i] as string | null,
  };
}

/** The stored fixes of each wearing, in order of time. */
export function tracksOf({ count, columns }: { count: number; columns: FixColumns }): Map<number, TagReport[]> {
  const tracks = new Map<number, TagReport[]>();
  for (let i = 0; i < count; i++) {
    const wearing = columns.wearing[i] as number;
    const own = tracks.get(wearing);
    if (own) own.push(reportOf(columns, i));
    else tracks.set(wearing, [reportOf(columns, i)]);
  }
  return tracks;
}

/**
 * A zone laid out to be watched.
 *
 * @param laid areas that are laid out already, by version; a new one is added
 */
export function watchedOf({ id, area, kind }: WornZone, holds: Intervals, laid = new Map<number, LaidArea>()): WatchedZone {
  const own = laid.get(id) ?? layArea(area);
  laid.set(id, own);
  return { id: String(id), area: own, stayIn: kind !== 'exclusion', holds };
}
