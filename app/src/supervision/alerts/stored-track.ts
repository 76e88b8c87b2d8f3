import { defaultParameters, sigmaOf, type TagReport } from '@waymark/presence';
import { atHome, notValid, type TrackColumns } from '../../platform/fixes/fix.ts';

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
export function reportOf(columns: TrackColumns, i: number): TagReport {
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

/**
 * The stored fixes of each wearing, in order of time; each track is made when it is asked for, since it takes several times the room of the
 * columns.
 * @param stored one wearing after the other, each in order of time
 */
export function tracksOf({ count, columns }: { count: number; columns: TrackColumns }): { get(wearing: number): TagReport[] } {
  const ends = new Map<number, [first: number, end: number]>();
  for (let i = 0; i < count; i++) {
    const own = ends.get(columns.wearing[i] as number);
    if (own) own[1] = i + 1;
    else ends.set(columns.wearing[i] as number, [i, i + 1]);
  }
  return {
    get(wearing) {
      const track: TagReport[] = [];
      const [first, end] = ends.get(wearing) ?? [0, 0];
      for (let i = first; i < end; i++) {
        const report = reportOf(columns, i);
        const before = track[track.length - 1];
        if (before?.at === report.at) track[track.length - 1] = together(before, report);
        else track.push(report);
      }
      return track;
    },
  };
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
