import { sql } from 'kysely';
import type { Action, ActionContext } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { supervisionAccess } from '../own/index.ts';
import { decisionsOn, isTheirs, openSubject, type SubjectHead, type Whose } from '../subjects/index.ts';
import { type Appointment, appointmentColumns } from './appointment.ts';
import { followedUntil } from './feed.ts';
import { officersOf } from './keep-diary.ts';

/** One with whom it is with. */
export interface DiaryEntry extends Appointment {
  subject: number;
  name: string;
  reference: string;
  note: string;
  isOwn: boolean;
  /** Another officer's case, where place and note are told only with a reason. */
  isAnothers: boolean;
}

/** What an officer is told of appointments of cases that they have to say why they look at: all but where, and what was noted. */
async function discreet(
  context: Pick<ActionContext, 'tx' | 'actor' | 'access'>,
  rows: Omit<DiaryEntry, 'isAnothers'>[],
): Promise<DiaryEntry[]> {
  const decisions = await decisionsOn(
    context,
    rows.map(({ subject }) => subject),
  );
  return rows.map((row) => {
    const isAnothers = !row.isOwn && decisions.get(row.subject)?.allowed === false;
    return { ...row, isAnothers, ...(isAnothers ? { place: '', note: '', said: '' } : {}) };
  });
}

function entries(tx: Tx, actor: string) {
  return tx
    .selectFrom('supervision.appointments as a')
    .innerJoin('supervision.subjects as s', 's.id', 'a.subject_id')
    .select([...appointmentColumns, 's.id as subject', 's.name', 's.reference', 'a.note', sql<boolean>`a.officer = ${actor}`.as('isOwn')]);
}

/** A missed appointment asks for another one for so long, days. */
export const missedDays = 14;

/** Of a missed appointment `a`: nothing is planned with the person, and they have come to nothing since. */
export const nothingAgreedSince = (at: Date) => sql<boolean>`NOT EXISTS (SELECT FROM supervision.appointments n
  WHERE n.subject_id = a.subject_id AND ((n.state = 'planned' AND n.ends_at > ${at}) OR (n.state = 'kept' AND n.starts_at > a.starts_at)))`;

/** What nobody has said anything of is asked for so long. */
const openMs = 90 * 86_400_000;

/**
 * Appointments from a day on, the earliest first, and those of before that nobody has said how they went. `mine` are those that the
 * asker goes to themselves; until when their diary is followed by a calendar is told beside. Times in ms since 1970.
 */
export const readDiary: Action<
  null,
  { whose: Whose; from: number; to: number; now: number; limit: number; offset: number },
  { open: DiaryEntry[]; missed: DiaryEntry[]; rows: DiaryEntry[]; total: number; feedUntil: Date | null }
> = {
  name: 'diary.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { whose, from, to, now, limit, offset }) {
    const theirs =
      whose === 'mine' ? sql<boolean>`a.officer = ${actor.id}` : sql<boolean>`${isTheirs(whose, actor.id, sql.ref('a.subject_id'))}`;
    const [start, end] = [new Date(from), new Date(to)];
    const open = await entries(tx, actor.id)
      .where(theirs)
      .where('a.state', '=', 'planned')
      .where('a.ends_at', '<', new Date(now))
      .where('a.ends_at', '>', new Date(now - openMs))
      .orderBy('a.starts_at')
      .limit(100)
      .execute();
    const missed = await entries(tx, actor.id)
      .where(theirs)
      .where('a.state', '=', 'missed')
      .where('a.ends_at', '>', new Date(now - missedDays * 86_400_000))
      .where(nothingAgreedSince(new Date(now)))
      .orderBy('a.starts_at', 'desc')
      .limit(100)
      .execute();
    const rows = await entries(tx, actor.id)
      .where(theirs)
      .where('a.starts_at', '>=', start)
      .where('a.starts_at', '<', end)
      .orderBy('a.starts_at')
      .orderBy('a.id')
      .limit(limit)
      .offset(offset)
      .execute();
    const { total } = await tx
      .selectFrom('supervision.appointments as a')
      .select(sql<number>`count(*)::int`.as('total'))
      .where(theirs)
      .where('a.starts_at', '>=', start)
      .where('a.starts_at', '<', end)
      .executeTakeFirstOrThrow();
    note(null, { shown: rows.length + open.length + missed.length });
    const context = { tx, actor, access };
    return {
      open: await discreet(context, open),
      missed: await discreet(context, missed),
      rows: await discreet(context, rows),
      total,
      feedUntil: await followedUntil(tx, actor.id, now),
    };
  },
};

/** The appointments of one subject, the latest first, and what a new one needs. */
export const readAppointments: Action<
  null,
  { subjectId: number },
  {
    subject: SubjectHead;
    rows: DiaryEntry[];
    officers: { actor: string; name: string }[];
    home: string | null;
  }
> = {
  name: 'appointment.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, _services, { subjectId }) {
    const { tx, actor } = context;
    const subject = await openSubject(context, subjectId);
    const home = await tx
      .selectFrom('supervision.addresses')
      .select('address')
      .where('subject_id', '=', subjectId)
      .where('kind', '=', 'home')
      .where('to_on', 'is', null)
      .executeTakeFirst();
    const rows = await entries(tx, actor.id).where('a.subject_id', '=', subjectId).orderBy('a.starts_at', 'desc').limit(200).execute();
    return {
      subject,
      rows: rows.map((row) => ({ ...row, isAnothers: false })),
      officers: await officersOf(tx),
      home: home?.address ?? null,
    };
  },
};

/** The wearer's own appointments, what comes first on top; null where no code has been entered. */
export const readOwnAppointments: Action<null, null, Appointment[] | null> = {
  name: 'own.tag',
  room: 'supervision',
  purpose: 'self',
  async run({ tx }) {
    if ((await supervisionAccess.whoAmI(tx)) === null) return null;
    return tx
      .selectFrom('supervision.appointments as a')
      .select(appointmentColumns)
      .orderBy(sql`a.ends_at < now()`)
      .orderBy(sql`CASE WHEN a.ends_at >= now() THEN a.starts_at END`)
      .orderBy('a.starts_at', 'desc')
      .limit(100)
      .execute();
  },
};
