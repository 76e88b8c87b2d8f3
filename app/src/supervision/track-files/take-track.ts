import { dateOf, dayOf } from '@waymark/presence';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { atHome, fixMethods, notValid } from '../../platform/fixes/fix.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { noteSubject } from '../subjects/index.ts';

/** One observed fix as files have it. Times in ms since 1970. */
export interface TakenFix {
  tag: string;
  at: number;
  receivedAt: number;
  lon: number;
  lat: number;
  accuracyM: number | null;
  method: string;
}

export interface TakenTrack {
  subject: { id: number; name: string; reference: string };
  /** Days on the clock, both included. */
  from: string;
  to: string;
  fixes: TakenFix[];
  /** Stands in every file: whose it is, who took it, when and what for. */
  marking: string;
}

export interface TrackWish {
  subjectId: number;
  from: string;
  to: string;
  format: string;
  why: string;
  now: number;
}

export const formats = ['csv', 'gpx', 'kml', 'gpkg'] as const;
export type TrackFormat = (typeof formats)[number];
export const isFormat = (text: string): text is TrackFormat => (formats as readonly string[]).includes(text);

const daysAtMost = 92;
const fixesAtMost = 250_000;
const shortestReason = 10;
const dayMs = 86_400_000;

/** The observed fixes of somebody over some days, under whatever tag, for a file that leaves. What says “at home” alone stays here. */
export const takeTrack: Action<{ fixes: FixStore; timeZone: string }, TrackWish, TakenTrack> = {
  name: 'track.export',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, { fixes, timeZone }, { subjectId, from, to, format, why, now }) {
    note({ kind: 'subject', id: subjectId });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    const subject = await tx
      .selectFrom('supervision.subjects')
      .select(['id', 'name', 'reference'])
      .where('id', '=', subjectId)
      .executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    if (!isFormat(format)) throw new InvalidError('Choose the kind of file.', 'format');
    if (why.trim().length < shortestReason)
      throw new InvalidError(`Say in at least ${shortestReason} characters what the file is for. It stands in the file.`, 'why');
    const [begin, end] = [boundsOf(from, 'from', timeZone)[0], boundsOf(to, 'to', timeZone)[1]];
    if (end <= begin) throw new InvalidError('The last day is before the first.', 'to');
    if (end - begin > daysAtMost * dayMs + 3_600_000) throw new InvalidError(`Take at most ${daysAtMost} days at once.`, 'to');
    const wearings = await tx
      .selectFrom('supervision.wearings as w')
      .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
      .select(['w.id', 't.serial'])
      .where('w.subject_id', '=', subjectId)
      .where('w.starts_at', '<', new Date(end))
      .where((eb) => eb.or([eb('w.ends_at', 'is', null), eb('w.ends_at', '>', new Date(begin))]))
      .execute();
    const taken: TakenFix[] = [];
    for (const { id, serial } of wearings) {
      const { count, columns } = await fixes.track(id, begin, end - 1);
      for (let i = 0; i < count; i++) {
        const [method, accuracy] = [columns.method[i] as number, columns.accuracyM[i] as number];
        if (method === atHome) continue;
        if (taken.length >= fixesAtMost)
          throw new InvalidError('There are more than 250,000 positions in these days. Take fewer days.', 'to');
        taken.push({
          tag: serial,
          at: columns.at[i] as number,
          receivedAt: columns.receivedAt[i] as number,
          lon: columns.lon[i] as number,
          lat: columns.lat[i] as number,
          accuracyM: Number.isNaN(accuracy) ? null : Math.round(accuracy * 10) / 10,
          method: method === notValid ? 'receiver had no fix' : (fixMethods[method] ?? 'unknown'),
        });
      }
    }
    taken.sort((a, b) => a.at - b.at);
    note(null, { format, from, to, fixes: taken.length, why: why.trim().slice(0, 500) });
    return {
      subject,
      from,
      to,
      fixes: taken,
      marking: `Positions of an electronic tag: personal data. Of ${subject.reference}, ${from} to ${to}. Taken by ${actor.name} on ${dateOf(now, timeZone)} for: ${why.trim().slice(0, 500)}. A position is an estimate; between positions nothing was observed.`,
    };
  },
};

function boundsOf(day: string, field: 'from' | 'to', timeZone: string): [number, number] {
  try {
    return dayOf(day, timeZone);
  } catch {
    throw new InvalidError(`“${day.slice(0, 40)}” is no day. Enter one such as 2026-09-07.`, field);
  }
}
