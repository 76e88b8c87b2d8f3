import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { seeingAll, type Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import type { TagState } from '../schema/tables.ts';
import { isTagState, writeTagStep } from '../tags/index.ts';
import { watchAgain } from './watch-again.ts';

export interface NewWearing {
  subjectId: number;
  orderId: number;
  serial: string;
  startsAt: Date;
  note?: string;
}

/** Opens a wearing: from now on fixes of the tag belong to this subject under this order. */
export const openWearing: Action<null, NewWearing, { id: number }> = {
  name: 'wearing.open',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note, tell }, _services, input) {
    const order = await tx
      .selectFrom('supervision.orders')
      .selectAll()
      .where('id', '=', input.orderId)
      .where('subject_id', '=', input.subjectId)
      .executeTakeFirst();
    if (!order) throw new NotFoundError('There is no such order for this subject.');
    if (Number.isNaN(input.startsAt.getTime())) throw new InvalidError('Enter when the tag was fitted, as a date and time.', 'startsAt');
    if (input.startsAt.getTime() > Date.now() + aheadMs)
      throw new InvalidError('That time is still to come. Enter when the tag was fitted.', 'startsAt');
    if (input.startsAt < order.starts_at || (order.ends_at && input.startsAt >= order.ends_at)) {
      throw new InvalidError('The tag can be worn only while the order is in force. Check the dates.', 'startsAt');
    }
    const serial = input.serial.trim();
    // The row lock keeps two officers from fitting one tag at the same time.
    if (serial === '') throw new InvalidError('Enter the serial number on the tag.', 'serial');
    const tag = await tx.selectFrom('supervision.tags').select(['id', 'state']).where('serial', '=', serial).forUpdate().executeTakeFirst();
    if (!tag) throw new InvalidError(`No tag with the serial number ${serial} is registered. Add it under Tags first.`, 'serial');
    const clash = await overlapping(tx, tag.id, input.startsAt);
    if (clash) throw new InvalidError(`This tag is worn by subject ${clash.reference} at that time. Remove it there first.`, 'serial');
    if (await seeingAll(tx, () => overlapping(tx, tag.id, input.startsAt)))
      throw new InvalidError('This tag is worn by somebody whose case you cannot see. Fit another.', 'serial');
    const carried = await seeingAll(tx, () =>
      tx
        .selectFrom('supervision.protections')
        .select('id')
        .where('tag_id', '=', tag.id)
        .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', input.startsAt)]))
        .executeTakeFirst(),
    );
    if (carried) throw new InvalidError(`The device ${serial} is carried by a protected person. Fit another.`, 'serial');
    if (tag.state !== 'in stock')
      throw new InvalidError(
        `Tag ${serial} is ${whyNotInStock[tag.state]}. Fit another, or put it back in stock on its page first.`,
        'serial',
      );
    const row = await tx
      .insertInto('supervision.wearings')
      .values({ tag_id: tag.id, order_id: order.id, subject_id: input.subjectId, starts_at: input.startsAt, ends_at: null })
      .returning('id')
      .executeTakeFirstOrThrow();
    await writeTagStep(tx, {
      tagId: tag.id,
      step: 'fitted',
      wearingId: row.id,
      note: (input.note ?? '').trim().slice(0, 500),
      by: actor.name,
    });
    tell('supervision.senders');
    await watchAgain({ tx, tell }, input.subjectId);
    note({ kind: 'subject', id: input.subjectId }, { wearing: row.id, tag: tag.id });
    return row;
  },
};

/** Clocks differ by this much, ms: what is later has not happened yet. */
const aheadMs = 5 * 60_000;

const whyNotInStock: Record<Exclude<TagState, 'in stock'>, string> = {
  removed: 'back from somebody and not yet checked',
  faulty: 'marked as faulty',
  lost: 'marked as lost',
};

async function overlapping(tx: Tx, tagId: number, from: Date): Promise<{ reference: string } | undefined> {
  return tx
    .selectFrom('supervision.wearings as w')
    .innerJoin('supervision.subjects as s', 's.id', 'w.subject_id')
    .select('s.reference')
    .where('w.tag_id', '=', tagId)
    .where((eb) => eb.or([eb('w.ends_at', 'is', null), eb('w.ends_at', '>', from)]))
    .executeTakeFirst();
}

export interface WearingEnd {
  id: number;
  endsAt: Date;
  /** What becomes of the tag; `removed`, to be checked, unless told. */
  state?: string;
  note?: string;
}

/** Closes a wearing: the tag is off, and later fixes of it belong to nobody. */
export const closeWearing: Action<{ fixes: FixStore }, WearingEnd, { subjectId: number }> = {
  name: 'wearing.close',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note: audit, tell }, { fixes }, { id, endsAt, state = 'removed', note = '' }) {
    const wearing = await tx.selectFrom('supervision.wearings').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    if (!wearing) throw new NotFoundError('There is no such wearing.');
    if (wearing.ends_at) throw new InvalidError('This wearing is closed already.', 'endsAt');
    if (!isTagState(state)) throw new InvalidError('Choose what becomes of the tag.', 'state');
    if (state !== 'removed' && state !== 'in stock' && note.trim().length < 3)
      throw new InvalidError('Say in a few words what happened to the tag.', 'note');
    if (Number.isNaN(endsAt.getTime())) throw new InvalidError('Enter when the tag came off, as a date and time.', 'endsAt');
    if (endsAt.getTime() > Date.now() + aheadMs)
      throw new InvalidError('That time is still to come. Enter when the tag came off.', 'endsAt');
    if (!(endsAt > wearing.starts_at)) throw new InvalidError('The tag must come off after it was fitted.', 'endsAt');
    const later = await fixes.query(
      'SELECT count(*)::INTEGER AS n FROM fixes WHERE wearing = ? AND at_ms > ?',
      { n: 'i32' },
      { values: [id, endsAt.getTime()], from: endsAt.getTime() },
    );
    const n = later.columns.n[0] ?? 0;
    if (n > 0) {
      throw new InvalidError(
        `${n.toLocaleString('en-GB')} fixes were received for this wearing after that time. Enter a time after the last of them.`,
        'endsAt',
      );
    }
    await tx.updateTable('supervision.wearings').set({ ends_at: endsAt }).where('id', '=', id).execute();
    await tx.updateTable('supervision.tags').set({ state }).where('id', '=', wearing.tag_id).execute();
    await writeTagStep(tx, { tagId: wearing.tag_id, step: state, wearingId: id, note: note.trim().slice(0, 500), by: actor.name });
    tell('supervision.senders');
    tell('supervision.rules', [id]);
    audit({ kind: 'subject', id: wearing.subject_id }, { wearing: id });
    return { subjectId: wearing.subject_id };
  },
};
