import {
  defaultParameters,
  type Intervals,
  intervalsOf,
  type LaidArea,
  layArea,
  SharedZones,
  sigmaOf,
  type TagReport,
  type WatchedZone,
  ZoneWatch,
} from '@waymark/presence';
import { atHome, type FixColumns, notValid } from '../../platform/fixes/fix.ts';
import type { WornZone } from '../zones/index.ts';

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

/**
 * A zone laid out to be watched.
 *
 * @param laid areas that are laid out already, by version; a new one is added
 */
function watchedOf({ id, area, kind }: WornZone, holds: Intervals, laid = new Map<number, LaidArea>()): WatchedZone {
  const own = laid.get(id) ?? layArea(area);
  laid.set(id, own);
  return { id: String(id), area: own, stayIn: kind !== 'exclusion', holds };
}

export interface HeldZone {
  zone: WornZone;
  /** When it holds, in ms since 1970; the hours of all of the ways by which it came to the wearer. */
  holds: Intervals;
}

/** Zones with their hours up to a moment. A zone that came by several orders, or was added again, is one, with the hours of all. */
export function heldZones(zones: readonly WornZone[], upto: number, timeZone: string): HeldZone[] {
  const held = new Map<number, HeldZone>();
  for (const zone of zones) {
    if (zone.schedule.from >= zone.schedule.to) continue;
    const holds = intervalsOf(zone.schedule, zone.schedule.from, upto, timeZone);
    const before = held.get(zone.id);
    held.set(zone.id, { zone, holds: before ? joined(before.holds, holds) : holds });
  }
  return [...held.values()];
}

function joined(a: Intervals, b: Intervals): Intervals {
  const all: [number, number][] = [];
  for (const own of [a, b]) for (let i = 0; i < own.length; i += 2) all.push([own[i] as number, own[i + 1] as number]);
  const apart: [number, number][] = [];
  for (const [from, to] of all.sort((x, y) => x[0] - y[0])) {
    const last = apart[apart.length - 1];
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else apart.push([from, to]);
  }
  return Float64Array.from(apart.flat());
}

/** More zones than this are looked up by place. */
const ownAtMost = 24;

/** Few zones are looked at one by one; where there are many, those to keep out of are found by place. */
export function watchOf(zones: readonly HeldZone[], laid = new Map<number, LaidArea>(), oneByOne = ownAtMost): ZoneWatch {
  const watched = zones.map(({ zone, holds }) => watchedOf(zone, holds, laid));
  if (watched.length <= oneByOne) return new ZoneWatch(watched);
  return new ZoneWatch(
    watched.filter(({ stayIn }) => stayIn),
    new SharedZones(watched.filter(({ stayIn }) => !stayIn)),
  );
}
