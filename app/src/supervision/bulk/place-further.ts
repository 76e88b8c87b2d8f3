import { type ActionContext, InvalidError } from '../../platform/action.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { closeWearing } from '../subjects/index.ts';
import { grantAbsence } from '../zones/index.ts';
import type { RowProblem } from './read-subject-rows.ts';
import { touch, type Work } from './work.ts';

/** Numbers to ring: new ones, and those that are over. One that is there already stays as it is. */
export async function placeContacts({ tx, actor }: ActionContext, works: readonly Work[]): Promise<void> {
  const wanted = works.flatMap((work) => work.draft.contacts.map((contact) => ({ work, contact })));
  if (wanted.length === 0) return;
  const stored = await tx
    .selectFrom('supervision.contacts')
    .select(['id', 'subject_id', 'phone'])
    .where('subject_id', 'in', [...new Set(wanted.map(({ work }) => work.id))])
    .where('ended_at', 'is', null)
    .execute();
  const known = new Map(stored.map((row) => [`${row.subject_id} ${row.phone}`, row.id]));
  const over: number[] = [];
  const fresh: typeof wanted = [];
  for (const one of wanted) {
    const id = known.get(`${one.work.id} ${one.contact.phone}`);
    if (one.contact.isOver === (id === undefined)) continue;
    if (id === undefined) fresh.push(one);
    else over.push(id);
    touch(one.work);
  }
  if (over.length > 0) await tx.updateTable('supervision.contacts').set({ ended_at: new Date() }).where('id', 'in', over).execute();
  if (fresh.length > 0)
    await tx
      .insertInto('supervision.contacts')
      .values(
        fresh.map(({ work, contact: { who, name, phone, note } }) => ({
          subject_id: work.id,
          who,
          name: name || work.draft.identity.name.slice(0, 100),
          phone,
          note,
          by_name: actor.name,
          ended_at: null,
        })),
      )
      .execute();
}

/** Times when they may be away: an absence of the same order from and to the same moments is the same. */
export async function placeAbsences(context: ActionContext, works: readonly Work[], problems: RowProblem[]): Promise<void> {
  const wanted = works.flatMap((work) => (work.order ? work.draft.absences.map((absence) => ({ work, absence })) : []));
  if (wanted.length === 0) return;
  const stored = await context.tx
    .selectFrom('supervision.absences')
    .select(['order_id', 'from_at', 'to_at'])
    .where(
      'order_id',
      'in',
      wanted.map(({ work }) => work.order),
    )
    .execute();
  const now = Date.now();
  for (const { work, absence } of wanted) {
    const { row, from, to, reason } = absence;
    const others = stored.filter(({ order_id, from_at, to_at }) => order_id === work.order && from_at < to && from < to_at);
    if (others.some(({ from_at, to_at }) => from_at.getTime() === from.getTime() && to_at.getTime() === to.getTime())) continue;
    if (others.length > 0) {
      const message = 'Another absence that is on record falls into this time, and was left as it is. Send only what it does not cover.';
      problems.push({ row, field: 'absence_from', value: from.toISOString(), message });
      continue;
    }
    if (from.getTime() < now) {
      const message =
        'An import cannot let somebody be away for a time that has begun. Somebody who answers for it does so on the person’s page.';
      problems.push({ row, field: 'absence_from', value: from.toISOString(), message });
      continue;
    }
    const { id } = await grantAbsence(context, { orderId: work.order, from, to, reason });
    touch(work, { action: 'absence.authorise', detail: { absence: id, order: work.order } });
  }
}

/** Tags that came off. What came of a tag that is off already stays as it is. */
export async function endWearings(
  context: ActionContext,
  services: { fixes: FixStore },
  works: readonly Work[],
  problems: RowProblem[],
): Promise<void> {
  const wanted = works.flatMap((work) => work.draft.endings.map((ending) => ({ work, ending })));
  if (wanted.length === 0) return;
  const worn = await context.tx
    .selectFrom('supervision.wearings as w')
    .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
    .select(['w.id', 'w.subject_id', 'w.starts_at', 'w.ends_at', 't.serial'])
    .where('w.subject_id', 'in', [...new Set(wanted.map(({ work }) => work.id))])
    .execute();
  for (const { work, ending } of wanted) {
    const { row, serial, fittedAt, endsAt, state, note } = ending;
    const own = worn.find(
      (each) => each.subject_id === work.id && each.serial === serial && each.starts_at.getTime() === fittedAt.getTime(),
    );
    const told = (field: string, message: string) => problems.push({ row, field, value: serial, message });
    if (!own) told('tag', 'They did not wear this tag from then on. Check the serial number, and when it was fitted.');
    else if (own.ends_at && own.ends_at.getTime() !== endsAt.getTime())
      told('taken_off_at', 'This tag came off at another time, which is on record and was left as it is.');
    else if (!own.ends_at) {
      try {
        await closeWearing.run(context, services, { id: own.id, endsAt, state, note });
        touch(work, { action: 'wearing.close', detail: { wearing: own.id } });
      } catch (error) {
        if (!(error instanceof InvalidError)) throw error;
        told({ endsAt: 'taken_off_at', note: 'tag_note', state: 'tag_state' }[error.field ?? ''] ?? 'taken_off_at', error.message);
      }
    }
  }
}
