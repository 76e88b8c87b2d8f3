import { dateOf, dayOf, defaultParameters, type Reached, type ReachState, setAside, sigmaOf } from '@waymark/presence';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { atHome, type FixColumns, notValid } from '../../platform/fixes/fix.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { noteSubject } from '../subjects/index.ts';
import { zoneFeature, zonesOfWearings } from '../zones/index.ts';
import type { TrackPoint } from './read-track.ts';

export interface TrackDay {
  subject: { id: number; name: string; reference: string };
  date: string;
  previous: string;
  /** Null for the day that is now. */
  next: string | null;
  from: number;
  to: number;
  points: TrackPoint[];
  zones: ReturnType<typeof zoneFeature>[];
}

/** Where somebody was observed on one day on the clock, under whatever tag, with the zones that held. */
export const readTrackDay: Action<TrackStores, { subjectId: number; date: string }, TrackDay> = {
  name: 'track.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, stores, { subjectId, date }) {
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    const day = await trackDayOf(tx, stores, subjectId, date);
    note({ kind: 'subject', id: subjectId }, { day: day.date });
    return day;
  },
};

export interface TrackStores {
  fixes: FixStore;
  timeZone: string;
}

/**
 * One day of one subject, as the rows that the purpose shows allow.
 * @throws NotFoundError when there is no such subject; InvalidError when there is no such day
 */
export async function trackDayOf(tx: Tx, { fixes, timeZone }: TrackStores, subjectId: number, date: string): Promise<TrackDay> {
  const subject = await tx
    .selectFrom('supervision.subjects')
    .select(['id', 'name', 'reference'])
    .where('id', '=', subjectId)
    .executeTakeFirst();
  if (!subject) throw new NotFoundError('There is no such subject.');
  const today = dateOf(Date.now(), timeZone);
  const day = date === '' ? today : date;
  let bounds: [number, number];
  try {
    bounds = dayOf(day, timeZone);
  } catch {
    throw new InvalidError(`“${day.slice(0, 40)}” is no day. Enter one such as 2026-09-07.`, 'date');
  }
  const [from, to] = bounds;
  const wearings = await tx
    .selectFrom('supervision.wearings')
    .select('id')
    .where('subject_id', '=', subjectId)
    .where('starts_at', '<', new Date(to))
    .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', new Date(from))]))
    .execute();
  const points: TrackPoint[] = [];
  for (const { id } of wearings) {
    const { count, columns } = await fixes.track(id, from, to - 1);
    const aside = asideOf(columns, count);
    for (let i = 0; i < count; i++) {
      const accuracy = columns.accuracyM[i] as number;
      points.push({
        at: columns.at[i] as number,
        receivedAt: columns.receivedAt[i] as number,
        lon: columns.lon[i] as number,
        lat: columns.lat[i] as number,
        accuracyM: Number.isNaN(accuracy) ? null : accuracy,
        isAtHome: columns.method[i] === atHome,
        setAside: aside[i] ?? null,
      });
    }
  }
  points.sort((a, b) => a.at - b.at);
  const held = await zonesOfWearings(
    tx,
    wearings.map(({ id }) => id),
  );
  const zones = new Map(
    held.filter(({ schedule }) => schedule.from < to && schedule.to > from).map((zone) => [zone.id, zoneFeature(zone)]),
  );
  return {
    subject,
    date: day,
    previous: dateOf(from - 1, timeZone),
    next: day < today ? dateOf(to, timeZone) : null,
    from,
    to,
    points,
    zones: [...zones.values()],
  };
}

/** Of each fix in order of time, why it is set aside and decides nothing; null where it is not. */
function asideOf({ at, lon, lat, accuracyM, method }: FixColumns, count: number): (string | null)[] {
  const reach: ReachState<Reached> = { believed: null, aside: [] };
  return Array.from({ length: count }, (_, i) => {
    if (method[i] === notValid) return 'the receiver said that it had no fix';
    const isOther = (j: number) => at[j] === at[i] && (lon[j] !== lon[i] || lat[j] !== lat[i]);
    if ((i > 0 && isOther(i - 1)) || (i + 1 < count && isOther(i + 1))) return 'two places at one time';
    const sigma = sigmaOf(accuracyM[i] as number, defaultParameters);
    const fix = { at: at[i] as number, lon: lon[i] as number, lat: lat[i] as number, sigma };
    return setAside(reach, fix) ? 'no movement explains it' : null;
  });
}

/** Fixes farther apart than this leave a gap, ms. */
const gapMs = 300_000;

/** A day as the map draws it: fixes with their circles, zones, and gaps in which nothing is known. */
export function trackMapData({ points, zones, from, to }: TrackDay) {
  const first = points[0]?.at ?? from;
  const last = points[points.length - 1]?.at ?? to;
  return {
    from: first,
    to: last,
    marginMs: 0,
    place: { kind: 'zones', zones: zones.map(({ geometry }) => geometry) },
    radiusM: 0,
    points: points.map(({ at, lon, lat, accuracyM }) => [at, lon, lat, accuracyM]),
    gaps: points.flatMap((point, i) => {
      const before = points[i - 1];
      return before && point.at - before.at > gapMs ? [{ from: before.at, to: point.at }] : [];
    }),
  };
}
