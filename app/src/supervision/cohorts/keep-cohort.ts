import { sql } from 'kysely';
import { type Action, type ActionContext, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { isDay } from '../../platform/days.ts';

/** What a list may rest on in law. */
export const grounds = {
  'crime and disorder': 'Crime and Disorder Act 1998, section 115: to prevent crime, by agreement of the agencies',
  'offender management': 'Offender Management Act 2007, section 14: to manage people under supervision',
  mappa: 'Criminal Justice Act 2003, section 325: public protection arrangements (MAPPA)',
  licence: 'A condition of the licences or orders of everybody on the list',
} as const;
export const isGround = (text: string): text is keyof typeof grounds => Object.hasOwn(grounds, text);

/** A list lasts so many days at most before its owner says again that it is needed; it holds so many people at most. */
export const limits = { daysOpen: 366, members: 60, reason: 20, because: 10 } as const;
const dayMs = 86_400_000;

const readUntil = (text: string, today: string): string => {
  if (!isDay(text)) throw new InvalidError('Give the last day of the list, such as 2027-03-31.', 'until');
  if (text < today) throw new InvalidError('The last day is over already.', 'until');
  if (Date.parse(text) - Date.parse(today) > limits.daysOpen * dayMs)
    throw new InvalidError('A list lasts a year at most; then say again that it is needed.', 'until');
  return text;
};

/** Begins a list. Whoever begins it owns it. */
export const beginCohort: Action<null, { name: string; ground: string; reason: string; until: string; today: string }, { id: number }> = {
  name: 'cohort.keep',
  room: 'supervision',
  purpose: 'offender-management',
  async run({ tx, actor, note }, _services, { name, ground, reason, until, today }) {
    note(null);
    const called = name.trim().slice(0, 100);
    if (called.length < 3) throw new InvalidError('Give the list a name that says what it is for.', 'name');
    if (!isGround(ground)) throw new InvalidError('Choose the ground in law.', 'ground');
    const why = reason.trim().slice(0, 2000);
    if (why.length < limits.reason) throw new InvalidError(`Say in at least ${limits.reason} characters what the list is for.`, 'reason');
    const row = await tx
      .insertInto('supervision.cohorts')
      .values({ name: called, ground, reason: why, owner: actor.id, owner_name: actor.name, until: readUntil(until, today) })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'cohort', id: row.id }, { ground, until });
    return row;
  },
};

/** A list that the asker may work on, held until the transaction ends. */
async function openCohort(tx: Tx, id: number, today: string) {
  const cohort = await tx
    .selectFrom('supervision.cohorts')
    .selectAll()
    .select(sql<string>`until::text`.as('lastDay'))
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (!cohort) throw new NotFoundError('There is no such list, or it is not yours.');
  if (cohort.ended_at !== null || cohort.lastDay < today)
    throw new InvalidError('The list has ended. Begin a new one if it is needed.', 'cohort');
  return cohort;
}

async function ownCohort({ tx, actor }: Pick<ActionContext, 'tx' | 'actor'>, id: number, today: string) {
  const cohort = await openCohort(tx, id, today);
  if (cohort.owner !== actor.id) throw new InvalidError(`Only ${cohort.owner_name}, who owns the list, can do this.`, 'cohort');
  return cohort;
}

/**
 * Puts people on a list, by their exact references, with why: whoever is not on a list cannot be looked for by name. Those who are not known,
 * may not be seen, or are on it already are told, and the others go on.
 */
export const addToCohort: Action<
  null,
  { id: number; references: string; because: string; today: string },
  { added: number; unknown: string[]; already: string[] }
> = {
  name: 'cohort.add',
  room: 'supervision',
  purpose: 'offender-management',
  async run({ tx, actor, note }, _services, { id, references, because, today }) {
    note({ kind: 'cohort', id });
    await openCohort(tx, id, today);
    const asked = [...new Set(references.split(/[\s,;]+/).filter((own) => own !== ''))];
    if (asked.length === 0) throw new InvalidError('Give the reference of at least one person.', 'references');
    const why = because.trim().slice(0, 1000);
    if (why.length < limits.because) throw new InvalidError('Say in at least 10 characters why they are on the list.', 'because');
    const { on } = await tx
      .selectFrom('supervision.cohort_members')
      .select(sql<number>`count(*)::int`.as('on'))
      .where('cohort_id', '=', id)
      .where('left_at', 'is', null)
      .executeTakeFirstOrThrow();
    if (on + asked.length > limits.members)
      throw new InvalidError(`A list holds ${limits.members} people at most; this one has ${on}.`, 'references');
    const [subjects, unknown, already]: [number[], string[], string[]] = [[], [], []];
    for (const reference of asked) {
      // The database shows this one person, by their exact reference, for as long as it is set.
      await sql`SELECT set_config('waymark.sought', ${reference}, true)`.execute(tx);
      const found = await tx.selectFrom('supervision.subjects').select('id').where('reference', '=', reference).executeTakeFirst();
      if (!found) {
        unknown.push(reference);
        continue;
      }
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('supervision.cohort_members')
        .values({ cohort_id: id, subject_id: found.id, because: why, added_by: actor.id, added_by_name: actor.name })
        .onConflict((conflict) => conflict.columns(['cohort_id', 'subject_id']).where('left_at', 'is', null).doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) already.push(reference);
      else subjects.push(found.id);
    }
    await sql`SELECT set_config('waymark.sought', '', true)`.execute(tx);
    if (subjects.length > 0) note(null, { subjects });
    // An attempt to find out who is known is on record too.
    if (unknown.length > 0) note(null, { unknown: unknown.length });
    if (subjects.length === 0 && already.length === 0)
      throw new InvalidError(
        `${unknown.length === 1 ? 'This reference is' : 'These references are'} not on record, or not for you to see: ${unknown.slice(0, 10).join(', ')}.`,
        'references',
      );
    return { added: subjects.length, unknown, already };
  },
};

/** Takes somebody off a list, with why. That they were on it stays on record. */
export const takeOffCohort: Action<null, { id: number; member: number; because: string; today: string }, null> = {
  name: 'cohort.take-off',
  room: 'supervision',
  purpose: 'offender-management',
  async run({ tx, note }, _services, { id, member, because, today }) {
    note({ kind: 'cohort', id });
    await openCohort(tx, id, today);
    const why = because.trim().slice(0, 1000);
    if (why.length < limits.because) throw new InvalidError('Say in at least 10 characters why they are taken off.', 'off-because');
    const row = await tx
      .updateTable('supervision.cohort_members')
      .set({ left_at: new Date(), left_because: why })
      .where('id', '=', member)
      .where('cohort_id', '=', id)
      .where('left_at', 'is', null)
      .returning('subject_id')
      .executeTakeFirst();
    if (!row) throw new InvalidError('They are not on the list any more.', 'off-because');
    note(null, { subject: row.subject_id });
    return null;
  },
};

/** Lets a colleague read a list, or no longer. */
export const letIntoCohort: Action<null, { id: number; colleague: string; leaves: boolean; today: string }, { name: string }> = {
  name: 'cohort.keep',
  room: 'supervision',
  purpose: 'offender-management',
  async run({ tx, actor, note }, _services, { id, colleague, leaves, today }) {
    note({ kind: 'cohort', id }, { colleague, leaves });
    const cohort = await ownCohort({ tx, actor }, id, today);
    if (colleague === cohort.owner) throw new InvalidError('The list is theirs already.', 'colleague');
    const known = await tx
      .selectFrom('platform.staff')
      .select(['actor', 'name'])
      .where('actor', '=', colleague)
      .where('role', '=', 'offender-manager')
      .executeTakeFirst();
    if (!known)
      throw new InvalidError('Choose a colleague. Whoever has signed in once as an offender manager is in the list.', 'colleague');
    if (leaves) await tx.deleteFrom('supervision.cohort_colleagues').where('cohort_id', '=', id).where('actor', '=', colleague).execute();
    else
      await tx
        .insertInto('supervision.cohort_colleagues')
        .values({ cohort_id: id, actor: colleague, name: known.name, by_name: actor.name })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    return { name: known.name };
  },
};

/** Hands a list over to a colleague, has it last longer, or ends it. */
export const changeCohort: Action<
  null,
  { id: number; change: string; until: string; colleague: string; because: string; today: string },
  { change: 'end' | 'longer' | 'hand over' }
> = {
  name: 'cohort.keep',
  room: 'supervision',
  purpose: 'offender-management',
  async run({ tx, actor, note }, _services, { id, change, until, colleague, because, today }) {
    note({ kind: 'cohort', id }, { change });
    const cohort = await ownCohort({ tx, actor }, id, today);
    const update = tx.updateTable('supervision.cohorts').where('id', '=', id);
    if (change === 'longer') {
      await update.set({ until: readUntil(until, today) }).execute();
      note(null, { until });
      return { change };
    }
    if (change === 'hand over') {
      const known = await tx
        .selectFrom('supervision.cohort_colleagues')
        .select(['actor', 'name'])
        .where('cohort_id', '=', id)
        .where('actor', '=', colleague)
        .executeTakeFirst();
      if (!known) throw new InvalidError('Let the colleague into the list first.', 'colleague');
      // Whoever hands it over stays a colleague until the new owner says otherwise.
      await tx
        .insertInto('supervision.cohort_colleagues')
        .values({ cohort_id: id, actor: cohort.owner, name: cohort.owner_name, by_name: actor.name })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await update.set({ owner: known.actor, owner_name: known.name }).execute();
      note(null, { owner: known.actor });
      return { change };
    }
    if (change !== 'end') throw new InvalidError('Choose what to do.', 'change');
    const why = because.trim().slice(0, 1000);
    if (why.length < limits.because) throw new InvalidError('Say in at least 10 characters why it ends.', 'end-because');
    await update.set({ ended_at: new Date(), ended_because: why }).execute();
    return { change };
  },
};
