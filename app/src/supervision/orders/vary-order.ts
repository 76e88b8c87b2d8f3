import { type Action, type ActionContext, InvalidError, NotFoundError } from '../../platform/action.ts';
import { inputTime } from '../../platform/days.ts';
import { readTime } from '../fixes/decode/index.ts';
import { noteSubject, watchAgain } from '../subjects/index.ts';

export interface OrderVariation {
  authority: string;
  endsAt: Date | null;
  conditions: string;
}

/** What is decided holds from when it is on record: a clock may differ so much, ms. */
const backMs = 5 * 60_000;
const conditionsAtMost = 4000;

/** What a form says of an order: its end as text, empty for none, and which version it was filled in from. */
export interface VariationForm {
  orderId: number;
  authority: string;
  endsAt: string;
  conditions: string;
  reason: string;
  version: number;
  now: number;
}

/** An order as the court has varied it: another end, other conditions in words, another court. What it was stays on record. */
export const varyOrder: Action<{ timeZone: string }, VariationForm, { subjectId: number; version: number }> = {
  name: 'order.vary',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, { timeZone }, { orderId, reason, now, version: seen, endsAt, ...draft }) {
    const order = await context.tx
      .selectFrom('supervision.orders')
      .select(['subject_id', 'version', 'ends_at'])
      .where('id', '=', orderId)
      .executeTakeFirst();
    if (!order) throw new NotFoundError('There is no such order.');
    context.note({ kind: 'subject', id: order.subject_id }, { order: orderId });
    await noteSubject(context, { subject: order.subject_id });
    if (seen !== order.version)
      throw new InvalidError('Somebody has varied this order since you opened it. Look at it as it is now, then vary it.', 'conditions');
    // A form shows minutes: an end that was left as it stood there is the end that is on record, to the second.
    const isLeft = order.ends_at !== null && endsAt === inputTime(order.ends_at, timeZone);
    const end = isLeft ? order.ends_at : endsAt === '' ? null : new Date(readTime(endsAt, timeZone));
    const version = await writeVariation(context, orderId, { ...draft, endsAt: end }, reason, now);
    if (version === null) throw new InvalidError('Nothing would change. Change the end, the conditions or the court.', 'conditions');
    await watchAgain(context, order.subject_id);
    context.note(null, { version });
    return { subjectId: order.subject_id, version };
  },
};

/**
 * Puts a variation on record as a new version; the first keeps how the order was made. Null where nothing differs.
 * @throws InvalidError naming the field
 */
export async function writeVariation(
  { tx, actor, tell }: ActionContext,
  orderId: number,
  { authority, endsAt, conditions }: OrderVariation,
  reason: string,
  now: number,
): Promise<number | null> {
  const order = await tx.selectFrom('supervision.orders').selectAll().where('id', '=', orderId).forUpdate().executeTakeFirstOrThrow();
  const court = authority.trim();
  if (court.length < 3) throw new InvalidError('Enter the court or body that varied the order.', 'authority');
  if (endsAt && Number.isNaN(endsAt.getTime()))
    throw new InvalidError('Enter when the order ends, for example 2027-03-07 09:00.', 'endsAt');
  if (endsAt && endsAt <= order.starts_at) throw new InvalidError('The order must end after it begins.', 'endsAt');
  const words = conditions.trim();
  if (words.length > conditionsAtMost) throw new InvalidError(`Enter ${conditionsAtMost} characters at most.`, 'conditions');
  const isSameEnd = order.ends_at?.getTime() === endsAt?.getTime();
  if (isSameEnd && order.authority === court && order.conditions === words) return null;
  // What is over was lawful while it was in force, and what was not stays unlawful.
  if (!isSameEnd && endsAt && endsAt.getTime() < now - backMs)
    throw new InvalidError('An order cannot end in the past. Enter the present time to end it now.', 'endsAt');
  if (!isSameEnd && order.ends_at && order.ends_at.getTime() < now - backMs)
    throw new InvalidError('This order has ended. Add a new order instead.', 'endsAt');
  if (reason.trim().length < 3) throw new InvalidError('Say why, for example the date and number of the court’s decision.', 'reason');
  if (order.version === 1)
    await tx
      .insertInto('supervision.order_versions')
      .values({
        order_id: orderId,
        version: 1,
        authority: order.authority,
        ends_at: order.ends_at,
        conditions: order.conditions,
        reason: 'As it was made',
        by_name: '',
        at: order.created_at,
      })
      .execute();
  const version = order.version + 1;
  await tx
    .insertInto('supervision.order_versions')
    .values({
      order_id: orderId,
      version,
      authority: court,
      ends_at: endsAt,
      conditions: words,
      reason: reason.trim().slice(0, 500),
      by_name: actor.name,
    })
    .execute();
  await tx
    .updateTable('supervision.orders')
    .set({ authority: court, ends_at: endsAt, conditions: words, version })
    .where('id', '=', orderId)
    .execute();
  tell('supervision.senders');
  return version;
}
