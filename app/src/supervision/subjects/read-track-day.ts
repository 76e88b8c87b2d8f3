import { dateOf, dayOf } from '@waymark/presence';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { FixStore } from '../../platform/fix-store.ts';
import { zoneFeature } from '../zones/read-zones.ts';
import { zonesOfWearings } from '../zones/store.ts';
import type { TrackPoint } from './subjects.ts';

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
export const readTrackDay: Action<{ fixes: FixStore; timeZone: string }, { subjectId: number; date: string }, TrackDay> = {
  name: 'track.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, { fixes, timeZone }, { subjectId, date }) {
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
    note({ kind: 'subject', id: subjectId }, { day });
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
      for (let i = 0; i < count; i++) {
        const accuracy = columns.accuracyM[i] as number;
        points.push({
          at: columns.at[i] as number,
          receivedAt: columns.receivedAt[i] as number,
          lon: columns.lon[i] as number,
          lat: columns.lat[i] as number,
          accuracyM: Number.isNaN(accuracy) ? null : accuracy,
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
  },
};
