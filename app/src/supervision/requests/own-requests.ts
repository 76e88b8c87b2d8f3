import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { supervisionAccess } from '../own/index.ts';
import { dueAt, type RequestView, requestColumns, requestKinds } from './request.ts';

/** So many may wait at a time: each is read by a person. */
const waitingAtMost = 10;
const aheadMs = 366 * 86_400_000;
const lastsAtMostMs = 31 * 86_400_000;

/** What the wearer has asked for, the latest first; null where no code has been entered. */
export const readOwnRequests: Action<null, null, RequestView[] | null> = {
  name: 'own.tag',
  room: 'supervision',
  purpose: 'self',
  async run({ tx }) {
    if ((await supervisionAccess.whoAmI(tx)) === null) return null;
    return tx.selectFrom('supervision.requests as r').select(requestColumns).orderBy('r.id', 'desc').limit(200).execute();
  },
};

/** The wearer asks to be elsewhere for a while, or for other hours: from now on its clock runs. */
export const askRequest: Action<null, { kind: string; from: Date; to: Date; said: string; now: number }, { dueAt: Date }> = {
  name: 'own.ask',
  room: 'supervision',
  purpose: 'self',
  async run({ tx, note }, _services, { kind, from, to, said, now }) {
    const id = await supervisionAccess.whoAmI(tx);
    if (id === null) throw new NotFoundError('There is nothing like that here.');
    const chosen = requestKinds.find((own) => own === kind);
    if (!chosen) throw new InvalidError('Choose what it is for.', 'kind');
    if (Number.isNaN(from.getTime())) throw new InvalidError('Say from when.', 'from');
    if (from.getTime() <= now) throw new InvalidError('This must lie ahead. If it is now, ring us.', 'from');
    if (from.getTime() > now + aheadMs) throw new InvalidError('This is more than a year ahead. Ask nearer the time.', 'from');
    const stays = chosen === 'other hours';
    if (!stays && Number.isNaN(to.getTime())) throw new InvalidError('Say until when.', 'to');
    if (!stays && to <= from) throw new InvalidError('The end must come after the start.', 'to');
    if (!stays && to.getTime() - from.getTime() > lastsAtMostMs)
      throw new InvalidError('One request can be for 31 days at most. For longer, ask for other hours.', 'to');
    if (said.trim().length < 3) throw new InvalidError('Tell us in a few words.', 'said');
    const { waiting } = await tx
      .selectFrom('supervision.requests')
      .select((eb) => eb.fn.countAll<number>().as('waiting'))
      .where('decision', 'is', null)
      .executeTakeFirstOrThrow();
    if (Number(waiting) >= waitingAtMost)
      throw new InvalidError(`You have ${waitingAtMost} requests that wait. Take one back first, or ring us.`, 'said');
    const due = dueAt(now, from.getTime());
    const { id: request } = await tx
      .insertInto('supervision.requests')
      .values({
        subject_id: id,
        kind: chosen,
        from_at: from,
        to_at: stays ? null : to,
        said: said.trim().slice(0, 1000),
        due_at: due,
        decision: null,
        decided_by: null,
        decided_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'subject', id }, { request });
    return { dueAt: due };
  },
};

/** The wearer takes back what nobody has answered yet. */
export const withdrawRequest: Action<null, { id: number }, null> = {
  name: 'own.ask',
  room: 'supervision',
  purpose: 'self',
  async run({ tx, note }, _services, { id }) {
    const subject = await supervisionAccess.whoAmI(tx);
    if (subject === null) throw new NotFoundError('There is nothing like that here.');
    note({ kind: 'subject', id: subject }, { request: id });
    const open = await tx.selectFrom('supervision.requests').select('decision').where('id', '=', id).executeTakeFirst();
    if (!open) throw new NotFoundError('There is nothing like that here.');
    if (open.decision !== null) throw new InvalidError('This has been answered already.', null);
    const { numUpdatedRows } = await tx
      .updateTable('supervision.requests')
      .set({ decision: 'withdrawn', decided_by: null, decided_at: new Date() })
      .where('id', '=', id)
      .where('decision', 'is', null)
      .executeTakeFirst();
    // Somebody answered in between.
    if (numUpdatedRows === 0n) throw new InvalidError('This has been answered already.', null);
    return null;
  },
};
