import { type Action, type ActionContext, InvalidError, NotFoundError } from '../../platform/action.ts';
import { noteSubject, watchAgain } from '../subjects/index.ts';

interface Absence {
  orderId: number;
  from: Date;
  to: Date;
  reason: string;
}

const lastsAtMostMs = 31 * 86_400_000;

/** Lets a subject be elsewhere for a while: the order's conditions do not hold in that time. */
export const authoriseAbsence: Action<null, Absence, { subjectId: number }> = {
  name: 'absence.authorise',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, _services, absence) {
    const { subjectId, id } = await grantAbsence(context, absence);
    context.note({ kind: 'subject', id: subjectId }, { absence: id, order: absence.orderId });
    return { subjectId };
  },
};

/**
 * Puts an absence on record and has the time within it judged anew.
 * @throws InvalidError naming the field, where it cannot be one; AskFirstError where it is another officer's case
 */
export async function grantAbsence(
  context: ActionContext,
  { orderId, from, to, reason }: Absence,
): Promise<{ subjectId: number; id: number }> {
  const { tx, actor, tell } = context;
  const order = await tx.selectFrom('supervision.orders').select(['id', 'subject_id']).where('id', '=', orderId).executeTakeFirst();
  if (!order) throw new NotFoundError('There is no such order.');
  await noteSubject(context, { subject: order.subject_id });
  if (Number.isNaN(from.getTime())) throw new InvalidError('Enter when the absence begins, for example 2026-09-07 18:00.', 'absenceFrom');
  if (!(to > from)) throw new InvalidError('The absence must end after it begins.', 'absenceTo');
  if (to.getTime() - from.getTime() > lastsAtMostMs)
    throw new InvalidError('An absence can last 31 days at most. For longer, change the zone.', 'absenceTo');
  if (reason.trim().length < 3) throw new InvalidError('Give the reason for the absence.', 'absenceReason');
  const { id } = await tx
    .insertInto('supervision.absences')
    .values({ order_id: orderId, from_at: from, to_at: to, reason: reason.trim().slice(0, 500), by_name: actor.name })
    .returning('id')
    .executeTakeFirstOrThrow();
  await watchAgain({ tx, tell }, order.subject_id);
  return { subjectId: order.subject_id, id };
}
