import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { isDay } from '../../platform/days.ts';
import { noteSubject } from '../subjects/index.ts';
import { readPhone } from './read-phone.ts';

export const contactKinds = ['self', 'home', 'family', 'work', 'other'] as const;
export const addressKinds = ['home', 'work', 'other'] as const;

/** Adds somebody who can be rung about a subject, or the subject's own number. */
export const keepContact: Action<
  null,
  { subjectId: number; who: string; name: string; phone: string; contactNote: string },
  { id: number }
> = {
  name: 'contact.keep',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { subjectId, who, name, phone, contactNote }) {
    note({ kind: 'subject', id: subjectId });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    const subject = await tx.selectFrom('supervision.subjects').select('name').where('id', '=', subjectId).executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    const kind = contactKinds.find((own) => own === who);
    if (!kind) throw new InvalidError('Choose whose number it is.', 'who');
    const called = name.trim() || (kind === 'self' ? subject.name : '');
    if (called.length < 2 || called.length > 100) throw new InvalidError('Enter who answers, in 2 to 100 characters.', 'contactName');
    return tx
      .insertInto('supervision.contacts')
      .values({
        subject_id: subjectId,
        who: kind,
        name: called,
        phone: readPhone(phone, 'phone'),
        note: contactNote.trim().slice(0, 200),
        by_name: actor.name,
        ended_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
  },
};

/** The number is not to be rung any more. It stays on record until the subject’s data goes. */
export const endContact: Action<null, { subjectId: number; id: number }, null> = {
  name: 'contact.keep',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { subjectId, id }) {
    note({ kind: 'subject', id: subjectId }, { ended: id });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    const ended = await tx
      .updateTable('supervision.contacts')
      .set({ ended_at: new Date() })
      .where('id', '=', id)
      .where('subject_id', '=', subjectId)
      .where('ended_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!ended) throw new NotFoundError('There is no such contact, or it was ended already.');
    return null;
  },
};

/** Adds an address from a day on; the one of that kind before it ends there. */
export const keepAddress: Action<null, { subjectId: number; kind: string; address: string; fromOn: string }, { id: number }> = {
  name: 'address.keep',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { subjectId, kind, address, fromOn }) {
    note({ kind: 'subject', id: subjectId });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    const subject = await tx.selectFrom('supervision.subjects').select('id').where('id', '=', subjectId).executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    const own = addressKinds.find((each) => each === kind);
    if (!own) throw new InvalidError('Choose what kind of address it is.', 'addressKind');
    const text = address.trim();
    if (text.length < 5 || text.length > 300) throw new InvalidError('Enter the address, in 5 to 300 characters.', 'address');
    if (!isDay(fromOn)) throw new InvalidError('Enter the day from which it holds, for example 2026-09-07.', 'fromOn');
    const before = await tx
      .selectFrom('supervision.addresses')
      .select(['id', sql<string>`from_on::text`.as('from_on')])
      .where('subject_id', '=', subjectId)
      .where('kind', '=', own)
      .where('to_on', 'is', null)
      .execute();
    const later = before.find(({ from_on }) => from_on > fromOn);
    if (later)
      throw new InvalidError(`There is an address of this kind from ${later.from_on} on. Enter that day, or a later one.`, 'fromOn');
    if (before.length > 0)
      await tx
        .updateTable('supervision.addresses')
        .set({ to_on: fromOn })
        .where(
          'id',
          'in',
          before.map(({ id }) => id),
        )
        .execute();
    return tx
      .insertInto('supervision.addresses')
      .values({ subject_id: subjectId, kind: own, address: text, by_name: actor.name, from_on: fromOn, to_on: null })
      .returning('id')
      .executeTakeFirstOrThrow();
  },
};
