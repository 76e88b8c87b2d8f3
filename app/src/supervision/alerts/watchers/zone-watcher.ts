import {
  duration,
  type Intervals,
  intervalsOf,
  type LaidArea,
  layArea,
  metres,
  SharedZones,
  type Span,
  type Violation,
  violationsOf,
  type WatchedZone,
  ZoneWatch,
} from '@waymark/presence';
import type { Severity, ZoneAlertKind, ZoneFacts, ZoneKind } from '../../schema/tables.ts';
import { type WornZone, zonesOfWearings } from '../../zones/index.ts';
import { type FoundAlert, radiusPerSigma } from './alert.ts';
import { counted } from './counted.ts';
import type { Kind, Story, Watch, Watcher } from './watcher.ts';

const ofZone = (severity: Severity, words: string, side: 'inside' | 'outside', brief: string): Kind => ({
  severity,
  words,
  brief,
  explain: (story) => explainZone(story as Story<ZoneFacts>, side),
});

const zoneKinds: Record<ZoneAlertKind, Kind> = {
  'exclusion entered': ofZone('high', 'Went into an area they must keep out of', 'inside', 'inside {zone}'),
  'inclusion left': ofZone('medium', 'Left an area they must stay in', 'outside', 'outside {zone}'),
  'curfew missed': ofZone('medium', 'Not at the curfew address', 'outside', 'not at {zone} in curfew'),
  'curfew late': ofZone('medium', 'Came late to the curfew address', 'outside', 'late to {zone}'),
  'curfew ended early': ofZone('medium', 'Left the curfew address during the hours', 'outside', 'left {zone} in curfew'),
};

/** Watches on which side of the zones of an order its wearer is, while their hours hold. */
export const zoneWatch = {
  kinds: zoneKinds,
  causeOf: ({ zoneVersion }) => `zone ${zoneVersion}`,
  begin() {
    // By version of their zone: what many orders share is laid out once.
    const areas = new Map<number, LaidArea>();
    return async (tx, wearings, { upto, timeZone }) => {
      const zones = await zonesOfWearings(tx, wearings);
      const ownOf = (wearing: number) => zones.filter(({ wearing_id }) => wearing_id === wearing);
      return { devices: [], watcherOf: (wearing) => watcherOf(heldZones(ownOf(wearing), upto, timeZone), areas) };
    };
  },
} satisfies Watch;

function watcherOf(held: readonly HeldZone[], areas: Map<number, LaidArea>): Watcher {
  const byVersion = new Map(held.map((each) => [String(each.zone.id), each]));
  const watch = watchOf(held, areas);
  return {
    take: (fixes) => (held.length > 0 && watch.take(fixes) === 'older' ? 'older' : null),
    found: ({ silent }) =>
      [...watch.all()].flatMap(([id, spans]) => {
        const { zone, holds } = byVersion.get(id) as HeldZone;
        return findZoneAlerts(zone.id, zone.kind, spans, holds, silent);
      }),
  };
}

/**
 * The alerts that a zone's spans give during the hours that hold.
 *
 * @param silent nothing has been heard of the wearing for long: what lasted is not known to last
 */
function findZoneAlerts(zoneVersion: number, kind: ZoneKind, spans: readonly Span[], holds: Intervals, silent: boolean): FoundAlert[] {
  return violationsOf(spans, kind === 'exclusion' ? 'in' : 'out', holds, { silent }).map((violation) => ({
    zoneVersion,
    kind: kindOf(kind, violation),
    from: violation.from,
    to: violation.lasts ? null : violation.to,
    confirmedAt: violation.confirmedAt,
    facts: {
      fixes: violation.fixes,
      farthestM: Math.round(violation.farthestM),
      farthestAt: violation.farthestAt,
      accuracyM: Math.round(violation.farthestSigma * radiusPerSigma),
      signalLost: violation.signalLost,
      seenS: Math.round(violation.seenMs / 1000),
    },
  }));
}

/** A curfew is missed until the wearer is seen to come home, late then, and ended early by who was there and left. */
function kindOf(kind: ZoneKind, { fromBeginning, seenToEnd }: Violation): ZoneAlertKind {
  if (kind === 'exclusion') return 'exclusion entered';
  if (kind === 'inclusion') return 'inclusion left';
  if (!fromBeginning) return 'curfew ended early';
  return seenToEnd ? 'curfew late' : 'curfew missed';
}

function explainZone({ facts, zone, long, lasts }: Story<ZoneFacts>, side: 'inside' | 'outside'): string {
  const lasting = lasts ? `for ${long} so far` : facts.signalLost ? `seen for ${duration(facts.seenS)} within ${long}` : `for ${long}`;
  const evidence = `accuracy ${facts.accuracyM} m, ${counted(facts.fixes)}${lasts ? ' when it was raised' : ''}`;
  const lost = facts.signalLost ? ' The signal was lost; that time counts for neither side.' : '';
  return `Up to ${metres(facts.farthestM)} ${side} “${zone}” ${lasting} (${evidence}).${lost}`;
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

/**
 * A zone laid out to be watched.
 *
 * @param laid areas that are laid out already, by version; a new one is added
 */
function watchedOf({ id, area, kind }: WornZone, holds: Intervals, laid: Map<number, LaidArea>): WatchedZone {
  const own = laid.get(id) ?? layArea(area);
  laid.set(id, own);
  return { id: String(id), area: own, stayIn: kind !== 'exclusion', holds };
}
