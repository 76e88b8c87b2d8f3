import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { seeingAll } from '../../platform/database.ts';
import { noteSubject, watchAgain } from '../subjects/index.ts';

export interface NewProtection {
  subjectId: number;
  orderId: number;
  name: string;
  serial: string;
  radiusM: string;
}

/**
 * Has a subject watched for being near somebody who carries a device of their own. That person's positions are kept for a week,
 * are shown to nobody, and are never compared with crimes.
 */
export const protectPerson: Action<null, NewProtection, { id: number }> = {
  name: 'protection.declare',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note, tell }, _services, input) {
    const order = await tx
      .selectFrom('supervision.orders')
      .select(['subject_id', 'ends_at'])
      .where('id', '=', input.orderId)
      .where('subject_id', '=', input.subjectId)
      .executeTakeFirst();
    if (!order) throw new NotFoundError('This person has no such order.');
    if (order.ends_at && order.ends_at.getTime() < Date.now()) throw new InvalidError('This order has ended.', 'protectedName');
    const name = input.name.trim();
    if (name.length < 2 || name.length > 100)
      throw new InvalidError('Say whom the order protects, as it calls them, in 2 to 100 characters.', 'protectedName');
    const radius = Number(input.radiusM);
    if (!Number.isInteger(radius) || radius < 50 || radius > 5000)
      throw new InvalidError('Enter a distance of 50 to 5,000 metres, as a whole number.', 'protectedRadiusM');
    const serial = input.serial.trim();
    const tag = await tx.selectFrom('supervision.tags').select(['id', 'state']).where('serial', '=', serial).forUpdate().executeTakeFirst();
    if (!tag)
      throw new InvalidError(`No device with the serial number ${serial} is registered. Add it under Tags first.`, 'protectedSerial');
    if (tag.state !== 'in stock') throw new InvalidError(`The device ${serial} is not in stock. Choose another.`, 'protectedSerial');
    const worn = await seeingAll(tx, () =>
      tx.selectFrom('supervision.wearings').select('id').where('tag_id', '=', tag.id).where('ends_at', 'is', null).executeTakeFirst(),
    );
    if (worn) throw new InvalidError('That device is on a subject. A protected person needs one of their own.', 'protectedSerial');
    const taken = await seeingAll(tx, () =>
      tx.selectFrom('supervision.protections').select('name').where('tag_id', '=', tag.id).where('ends_at', 'is', null).executeTakeFirst(),
    );
    // The same person may be protected from several subjects.
    if (taken && taken.name !== name) throw new InvalidError('That device is carried by another protected person.', 'protectedSerial');
    const { id } = await tx
      .insertInto('supervision.protections')
      .values({
        order_id: input.orderId,
        name,
        tag_id: tag.id,
        radius_m: radius,
        starts_at: new Date(),
        ends_at: null,
        by_name: actor.name,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'protection', id }, { order: input.orderId });
    await noteSubject({ tx, actor, access, note }, { order: input.orderId });
    tell('supervision.senders');
    await watchAgain({ tx, tell }, input.subjectId);
    return { id };
  },
};

/** Ends the protection from now on. What it gave stays on record. */
export const endProtection: Action<null, { id: number }, { subjectId: number }> = {
  name: 'protection.end',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note, tell }, _services, { id }) {
    note({ kind: 'protection', id });
    const ended = await tx
      .updateTable('supervision.protections')
      .set({ ends_at: new Date() })
      .where('id', '=', id)
      .where('ends_at', 'is', null)
      .returning('order_id')
      .executeTakeFirst();
    if (!ended) throw new NotFoundError('There is no such protection in force.');
    const order = await tx.selectFrom('supervision.orders').select('subject_id').where('id', '=', ended.order_id).executeTakeFirstOrThrow();
    tell('supervision.senders');
    await watchAgain({ tx, tell }, order.subject_id);
    return { subjectId: order.subject_id };
  },
};
