import { type Action, NotFoundError } from '../../platform/action.ts';
import type { Position, Positions } from '../fixes/index.ts';
import { batteryLow, isSilent } from '../tags/index.ts';

export interface WearingAtDoor {
  wearing: { id: number; starts_at: Date; ends_at: Date | null; tag: string; tag_id: number };
  subject: { id: number; name: string; reference: string };
  last: Position | null;
  /** It was heard of within the hour. */
  heard: boolean;
  /** What the officer can see before leaving: each with whether it is so. */
  checks: { text: string; done: boolean }[];
}

/** Errors up to this are good enough to leave with, metres. */
const accurateM = 50;

/** One wearing as the officer at the door needs it: has the tag been heard, how well does it see, how full is it. */
export const readWearing: Action<{ positions: Positions }, { id: number }, WearingAtDoor> = {
  name: 'wearing.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, { positions }, { id }) {
    const row = await tx
      .selectFrom('supervision.wearings as w')
      .innerJoin('supervision.subjects as s', 's.id', 'w.subject_id')
      .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
      .select(['w.id', 'w.starts_at', 'w.ends_at', 't.serial', 't.id as tag_id', 's.id as subject_id', 's.name', 's.reference'])
      .where('w.id', '=', id)
      .executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such wearing.');
    note({ kind: 'subject', id: row.subject_id }, { wearing: id });
    const last = positions.of(id);
    const { accuracyM = null, battery = null } = last ?? {};
    const heard = last !== null && !isSilent(last, Date.now());
    return {
      wearing: { id, starts_at: row.starts_at, ends_at: row.ends_at, tag: row.serial, tag_id: row.tag_id },
      subject: { id: row.subject_id, name: row.name, reference: row.reference },
      last,
      heard,
      checks: [
        { text: 'The tag is heard', done: heard },
        { text: `Its position is accurate to ${accurateM} m or better`, done: heard && accuracyM !== null && accuracyM <= accurateM },
        { text: 'The battery is not low', done: heard && battery !== null && battery >= batteryLow },
      ],
    };
  },
};
