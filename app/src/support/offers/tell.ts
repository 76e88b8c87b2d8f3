import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { isDay } from '../../platform/days.ts';
import type {} from '../schema/tables.ts';
import { ageOfPerson, mayBeTold } from './who-decides.ts';

/** What is on record about telling a person that a profile is kept of them. Days as `YYYY-MM-DD`. */
export interface NoticeView {
  id: number;
  toldOn: string | null;
  toldWhom: string | null;
  how: string | null;
  delayUntil: string | null;
  delayReason: string | null;
  approvedBy: string | null;
  byName: string;
  at: Date;
}

export type Told =
  | { standing: 'told'; on: string }
  | { standing: 'delayed'; until: string }
  | { standing: 'not told' }
  | { standing: 'delay waits for approval' }
  | { standing: 'delay is over' };

export async function noticesOf(tx: Tx, person: number): Promise<NoticeView[]> {
  const rows = await tx
    .selectFrom('support.notices')
    .select(['id', 'told_whom as toldWhom', 'how', 'delay_reason as delayReason', 'approved_by as approvedBy', 'by_name as byName', 'at'])
    .select([
      sql<string | null>`to_char(told_on, 'YYYY-MM-DD')`.as('toldOn'),
      sql<string | null>`to_char(delay_until, 'YYYY-MM-DD')`.as('delayUntil'),
    ])
    .where('person_id', '=', person)
    .orderBy('id', 'desc')
    .execute();
  return rows;
}

/** Whether a person's profile may be relied on: they were told, or telling them is put off with an approval that still holds. */
export function toldBy(notices: readonly NoticeView[], today: string): Told {
  const told = notices.find(({ toldOn }) => toldOn !== null);
  if (told?.toldOn) return { standing: 'told', on: told.toldOn };
  const approved = notices.filter(({ approvedBy, delayUntil }) => approvedBy !== null && delayUntil !== null);
  const holding = approved.find(({ delayUntil }) => (delayUntil as string) >= today);
  if (holding?.delayUntil) return { standing: 'delayed', until: holding.delayUntil };
  if (approved.length > 0) return { standing: 'delay is over' };
  return { standing: notices.length > 0 ? 'delay waits for approval' : 'not told' };
}

/** @throws InvalidError when the person has not been told and no approved delay holds */
export async function mustBeTold(tx: Tx, person: number, today: string, field: string | null = null): Promise<void> {
  const { standing } = toldBy(await noticesOf(tx, person), today);
  if (standing === 'told' || standing === 'delayed') return;
  const why = {
    'not told': 'Nobody has told this person yet that a profile is kept of them. Tell them first, on their page.',
    'delay waits for approval': 'Telling this person is to be put off, but nobody else has approved that yet.',
    'delay is over': 'The time for which telling this person was put off is over. Tell them first, on their page.',
  }[standing];
  throw new InvalidError(why, field);
}

/**
 * The record that keeps something with a person through merges and splits: whoever it stands with later is whom this was
 * about.
 */
export async function anchorOf(tx: Tx, person: number): Promise<number | null> {
  const { id } = await tx
    .selectFrom('support.records')
    .select(sql<number | null>`min(id)`.as('id'))
    .where('person_id', '=', person)
    .executeTakeFirstOrThrow();
  return id;
}

async function mustExist(tx: Tx, person: number): Promise<void> {
  const found = await tx
    .selectFrom('support.persons')
    .select('id')
    .where('id', '=', person)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  if (!found) throw new NotFoundError('There is no such person.');
}

/** The person, or for a child the parent, has been told. */
export const recordNotice: Action<null, { person: number; on: string; whom: string; how: string; today: string }, null> = {
  name: 'notice.record',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { person, on, whom, how, today }) {
    note({ kind: 'person', id: person });
    await mustExist(tx, person);
    if (whom !== 'the person' && whom !== 'a parent or carer')
      throw new InvalidError('Say who was told: the person, or a parent or carer.', 'whom');
    mayBeTold(await ageOfPerson(tx, person, today), whom, how);
    if (!isDay(on) || on > today) throw new InvalidError('Give the day on which they were told; it cannot be to come.', 'on');
    if (how.trim().length < 3) throw new InvalidError('Say how they were told, such as “in person, with the printed notice”.', 'how');
    await tx
      .insertInto('support.notices')
      .values({
        person_id: person,
        record_id: await anchorOf(tx, person),
        told_on: on,
        told_whom: whom,
        how: how.trim().slice(0, 500),
        delay_until: null,
        delay_reason: null,
        approved_by: null,
        by_name: actor.name,
      })
      .execute();
    return null;
  },
};

/** Asks for telling to be put off: with a reason and an end. It counts once somebody else has approved it. */
export const askForDelay: Action<null, { person: number; until: string; reason: string; today: string }, null> = {
  name: 'notice.delay',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { person, until, reason, today }) {
    note({ kind: 'person', id: person });
    await mustExist(tx, person);
    if (reason.trim().length < 10) throw new InvalidError('Say in a sentence why telling them now would do harm.', 'delay-reason');
    if (!isDay(until) || until <= today) throw new InvalidError('Give the day until which it is put off.', 'until');
    if (until > addMonths(today, 3)) throw new InvalidError('Telling can be put off for three months at most. Ask again then.', 'until');
    await tx
      .insertInto('support.notices')
      .values({
        person_id: person,
        record_id: await anchorOf(tx, person),
        told_on: null,
        told_whom: null,
        how: null,
        delay_until: until,
        delay_reason: reason.trim().slice(0, 1000),
        approved_by: null,
        by_name: actor.name,
      })
      .execute();
    return null;
  },
};

/** Another person approves that telling is put off. */
export const approveDelay: Action<null, { notice: number; person: number }, null> = {
  name: 'notice.approve',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { notice, person }) {
    note({ kind: 'person', id: person });
    const found = await tx
      .selectFrom('support.notices')
      .selectAll()
      .where('id', '=', notice)
      .where('person_id', '=', person)
      .forUpdate()
      .executeTakeFirst();
    if (!found || found.delay_until === null) throw new NotFoundError('There is no such request.');
    if (found.approved_by) throw new InvalidError('This has been approved already.');
    if (found.by_name === actor.name) throw new InvalidError('Somebody else must approve what you asked for.');
    await tx.updateTable('support.notices').set({ approved_by: actor.name }).where('id', '=', notice).execute();
    return null;
  },
};

function addMonths(date: string, months: number): string {
  const moved = new Date(`${date}T00:00:00Z`);
  moved.setUTCMonth(moved.getUTCMonth() + months);
  return moved.toISOString().slice(0, 10);
}
