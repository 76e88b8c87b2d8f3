import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { watchAgain } from '../subjects/index.ts';

/** Lets a subject be elsewhere for a while: the order's conditions do not hold in that time. */
export const authoriseAbsence: Action<null, { orderId: number; from: Date; to: Date; reason: string }, { subjectId: number }> = {
  name: 'absence.authorise',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note, tell }, _services, { orderId, from, to, reason }) {
    const order = await tx.selectFrom('supervision.orders').select(['id', 'subject_id']).where('id', '=', orderId).executeTakeFirst();
    if (!order) throw new NotFoundError('There is no such order.');
    if (Number.isNaN(from.getTime())) throw new InvalidError('Enter when the absence begins, for example 2026-09-07 18:00.', 'absenceFrom');
    if (!(to > from)) throw new InvalidError('The absence must end after it begins.', 'absenceTo');
    if (to.getTime() - from.getTime() > 31 * 86_400_000) {
      throw new InvalidError('An absence can last 31 days at most. For longer, change the zone.', 'absenceTo');
    }
    if (reason.trim().length < 3) throw new InvalidError('Give the reason for the absence.', 'absenceReason');
    const row = await tx
      .insertInto('supervision.absences')
      .values({ order_id: orderId, from_at: from, to_at: to, reason: reason.trim().slice(0, 500), by_name: actor.name })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'subject', id: order.subject_id }, { absence: row.id, order: orderId });
    await watchAgain({ tx, tell }, order.subject_id);
    return { subjectId: order.subject_id };
  },
};
