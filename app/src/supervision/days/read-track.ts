import { type Action, NotFoundError } from '../../platform/action.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { noteSubject } from '../subjects/index.ts';

export interface TrackInput {
  wearingId: number;
  from: number;
  to: number;
}

export interface TrackPoint {
  at: number;
  receivedAt: number;
  lon: number;
  lat: number;
  accuracyM: number | null;
  /** It was in their home, and says no more than that. */
  isAtHome?: boolean;
  /** Why it decides nothing, where it is set aside. */
  setAside?: string | null;
}

/** Fixes of one wearing, at most 5,000, latest first cut. */
export const readTrack: Action<{ fixes: FixStore }, TrackInput, { points: TrackPoint[]; more: boolean }> = {
  name: 'track.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, { fixes }, { wearingId, from, to }) {
    const wearing = await tx.selectFrom('supervision.wearings').select(['id', 'subject_id']).where('id', '=', wearingId).executeTakeFirst();
    if (!wearing) throw new NotFoundError('There is no such wearing.');
    note({ kind: 'subject', id: wearing.subject_id }, { wearing: wearingId });
    await noteSubject({ tx, actor, access, note }, { subject: wearing.subject_id });
    const { count, columns } = await fixes.track(wearingId, from, to);
    const begin = Math.max(0, count - 5000);
    const points: TrackPoint[] = [];
    for (let i = begin; i < count; i++) {
      const accuracy = columns.accuracyM[i] as number;
      points.push({
        at: columns.at[i] as number,
        receivedAt: columns.receivedAt[i] as number,
        lon: columns.lon[i] as number,
        lat: columns.lat[i] as number,
        accuracyM: Number.isNaN(accuracy) ? null : accuracy,
      });
    }
    return { points, more: begin > 0 };
  },
};
