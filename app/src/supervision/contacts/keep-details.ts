import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { isDay } from '../../platform/days.ts';
import { noteSubject } from '../subjects/index.ts';
import { readPhone } from './read-phone.ts';

/** Who a subject is, beside their reference. Empty where it is not known. */
export interface Identity {
  name: string;
  bornOn: string;
  alsoKnownAs: string;
  pnc: string;
  crn: string;
  noms: string;
  languages: string;
  atTheDoor: string;
}

const longest: Record<keyof Identity, number> = {
  name: 120,
  bornOn: 10,
  alsoKnownAs: 300,
  pnc: 20,
  crn: 20,
  noms: 20,
  languages: 200,
  atTheDoor: 1000,
};

/** The numbers that other systems know somebody by, with their usual form. */
const numbers = [
  {
    field: 'pnc',
    form: /^\d{2}(\d{2})?\/\d{1,7}[A-HJ-NP-RT-Z]$/,
    hint: 'A PNC number is a year, a stroke, up to 7 digits and a letter: 2019/0123456X.',
  },
  { field: 'crn', form: /^[A-Z]\d{6}$/, hint: 'A CRN is a letter and 6 digits: X123456.' },
  { field: 'noms', form: /^[A-Z]\d{4}[A-Z]{2}$/, hint: 'A prison number is a letter, 4 digits and 2 letters: A1234BC.' },
] as const;

/**
 * Who somebody is, as it is stored: without spaces around, numbers in capitals.
 * @throws InvalidError naming the field
 */
export function readIdentity(draft: Identity): Identity {
  const own = Object.fromEntries(Object.entries(draft).map(([field, text]) => [field, text.trim()])) as unknown as Identity;
  for (const field of ['pnc', 'crn', 'noms'] as const) own[field] = own[field].toUpperCase();
  for (const [field, most] of Object.entries(longest))
    if (own[field as keyof Identity].length > most) throw new InvalidError(`Enter ${most} characters at most.`, field);
  if (own.name.length < 2) throw new InvalidError('Enter a name of 2 to 120 characters.', 'name');
  if (own.bornOn && (!isDay(own.bornOn) || own.bornOn > new Date().toISOString().slice(0, 10)))
    throw new InvalidError('Enter the date of birth as year, month and day, for example 1994-03-27.', 'bornOn');
  for (const { field, form, hint } of numbers) if (own[field] && !form.test(own[field])) throw new InvalidError(hint, field);
  return own;
}

/** Puts on record who a subject is. */
export const identifySubject: Action<null, { subjectId: number } & Identity, null> = {
  name: 'subject.identify',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { subjectId, ...draft }) {
    note({ kind: 'subject', id: subjectId });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    const own = readIdentity(draft);
    await keepIdentity(tx, [subjectId], actor.name);
    const changed = await tx
      .updateTable('supervision.subjects')
      .set({
        name: own.name,
        born_on: own.bornOn || null,
        also_known_as: own.alsoKnownAs,
        pnc: own.pnc,
        crn: own.crn,
        noms: own.noms,
        languages: own.languages,
        at_the_door: own.atTheDoor,
      })
      .where('id', '=', subjectId)
      .returning('id')
      .executeTakeFirst();
    if (!changed) throw new NotFoundError('There is no such subject.');
    return null;
  },
};

/** Keeps how people are known now, before that is changed. */
export async function keepIdentity(tx: Tx, subjects: readonly number[], by: string): Promise<void> {
  await sql`INSERT INTO supervision.identity_versions (subject_id, was, by_name)
    SELECT id, jsonb_build_object('name', name, 'bornOn', coalesce(born_on::text, ''), 'alsoKnownAs', also_known_as, 'pnc', pnc, 'crn', crn,
      'noms', noms, 'languages', languages, 'atTheDoor', at_the_door), ${by}
      FROM supervision.subjects WHERE id = ANY(${[...subjects]}::int[])`.execute(tx);
}

/** How somebody was known before, the latest first. */
export async function knownBefore(tx: Tx, subjectId: number) {
  return tx
    .selectFrom('supervision.identity_versions')
    .select(['was', 'by_name as byName', 'at'])
    .where('subject_id', '=', subjectId)
    .orderBy('id', 'desc')
    .limit(20)
    .execute();
}

/** Says who is responsible for an order, and how the person reaches them. */
export const assignOrder: Action<
  null,
  { subjectId: number; orderId: number; officerName: string; officerPhone: string; team: string },
  null
> = {
  name: 'order.assign',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { subjectId, orderId, officerName, officerPhone, team }) {
    note({ kind: 'subject', id: subjectId }, { order: orderId });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    const name = officerName.trim();
    if (name.length < 2 || name.length > 100) throw new InvalidError('Enter the name of the responsible officer.', 'officerName');
    const assigned = await tx
      .updateTable('supervision.orders')
      .set({ officer_name: name, officer_phone: readPhone(officerPhone, 'officerPhone'), team: team.trim().slice(0, 100) })
      .where('id', '=', orderId)
      .where('subject_id', '=', subjectId)
      .returning('id')
      .executeTakeFirst();
    if (!assigned) throw new NotFoundError('This person has no such order.');
    return null;
  },
};
