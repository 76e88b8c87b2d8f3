import { defaultParameters, sigmaOf, type TagReport } from '@waymark/presence';
import { atHome, type FixColumns, notValid } from '../../platform/fixes/fix.ts';

/**
 * How exact a position is that says “at home” and no more, m: it stands in the middle of the home, and is in it for certain. It was
 * made so only after what followed from it had been found.
 */
const atHomeSigmaM = 1;

/** Infinity for a fix that says nothing of where the wearer was: its receiver had none. */
function spreadOf(method: number, accuracyM: number): number {
  if (method === notValid) return Number.POSITIVE_INFINITY;
  return method === atHome ? atHomeSigmaM : sigmaOf(accuracyM, defaultParameters);
}

/** What a tag told with one stored fix. */
export function reportOf(columns: FixColumns, i: number): TagReport {
  return {
    at: columns.at[i] as number,
    lon: columns.lon[i] as number,
    lat: columns.lat[i] as number,
    sigma: spreadOf(columns.method[i] as number, columns.accuracyM[i] as number),
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
    const report = reportOf(columns, i);
    if (!own) tracks.set(wearing, [report]);
    else if (own[own.length - 1]?.at === report.at) own[own.length - 1] = together(own[own.length - 1] as TagReport, report);
    else own.push(report);
  }
  return tracks;
}

/** Two rows of one moment: all that the tag told then. Where they are of two places, neither says where the wearer was. */
function together(a: TagReport, b: TagReport): TagReport {
  const isOnePlace = a.lon === b.lon && a.lat === b.lat;
  return {
    ...a,
    sigma: isOnePlace ? a.sigma : Number.POSITIVE_INFINITY,
    battery: Number.isNaN(a.battery) ? b.battery : a.battery,
    events: [a.events, b.events].filter(Boolean).join(' ') || null,
  };
}
