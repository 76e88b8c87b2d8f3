import { type Action, InvalidError } from '../../platform/action.ts';

export interface MailSender {
  id: number;
  address: string;
  who: string;
  timeZone: string;
  by: string;
  addedAt: Date;
}

/** Those who may send files of crimes by e-mail now. */
export const listSenders: Action<null, null, MailSender[]> = {
  name: 'mailsender.list',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note }) {
    const rows = await tx
      .selectFrom('supervision.mail_senders as s')
      .select(['s.id', 's.address', 's.who', 's.time_zone as timeZone', 's.by_name as by', 's.added_at as addedAt'])
      .where('s.ended_at', 'is', null)
      .orderBy('s.address')
      .execute();
    note(null, { shown: rows.length });
    return rows;
  },
};

/** Takes a sender on the register. What they send is read by their clock. */
export const addSender: Action<null, { address: string; who: string; timeZone: string }, null> = {
  name: 'mailsender.add',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, actor, note }, _services, { address, who, timeZone }) {
    const own = address.trim().toLowerCase();
    if (!/^[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>"]+$/.test(own) || own.length > 254)
      throw new InvalidError('Enter one e-mail address, such as crimes@force.example.', 'address');
    const named = who.trim().slice(0, 200);
    if (named.length < 3) throw new InvalidError('Say whose address it is: the force and the desk.', 'who');
    const zone = timeZone.trim();
    try {
      new Intl.DateTimeFormat('en-GB', { timeZone: zone });
    } catch {
      throw new InvalidError('This time zone is not known. Enter one such as Europe/London.', 'timeZone');
    }
    const row = await tx
      .insertInto('supervision.mail_senders')
      .values({ address: own, who: named, time_zone: zone, by_name: actor.name })
      .onConflict((conflict) => conflict.column('address').where('ended_at', 'is', null).doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new InvalidError('This address is on the register already.', 'address');
    note({ kind: 'mail sender', id: row.id });
    return null;
  },
};

/** Takes a sender off the register. What they send from now on is not read. */
export const endSender: Action<null, { id: number }, null> = {
  name: 'mailsender.end',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'mail sender', id });
    const row = await tx
      .updateTable('supervision.mail_senders')
      .set({ ended_at: new Date() })
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new InvalidError('It is not on the register any more.', 'address');
    return null;
  },
};
