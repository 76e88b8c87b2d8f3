import { defaultTagParameters } from '@waymark/presence';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { seeingAll, type Tx } from '../../platform/database.ts';
import type { Position, Positions } from '../fixes/index.ts';
import { type TagState, tagStates } from '../schema/tables.ts';

/** Below this a battery is low. The alerts use the same. */
export const { batteryLow } = defaultTagParameters;

/** Has nothing been heard of a tag for as long as makes an alert? Late fixes are a sign of life too. */
export function isSilent({ at, receivedAt }: Position, now: number): boolean {
  return now - Math.max(at, receivedAt) > 1000 * defaultTagParameters.silentS;
}

/** Where a tag is: in the store, or on somebody. `fitted` until its first fix on that person has come, `worn` from then on. */
export type TagStanding = TagState | 'fitted' | 'worn' | 'with a protected person';

export function standingOf(state: TagState, isOn: boolean, heard: boolean, protects: boolean): TagStanding {
  if (protects) return 'with a protected person';
  if (!isOn) return state;
  return heard ? 'worn' : 'fitted';
}

/** Writes down one step of a tag's life. */
export async function writeTagStep(
  tx: Tx,
  step: { tagId: number; step: 'registered' | 'fitted' | TagState; wearingId?: number | null; note?: string; by: string },
): Promise<void> {
  await tx
    .insertInto('supervision.tag_steps')
    .values({ tag_id: step.tagId, step: step.step, wearing_id: step.wearingId ?? null, note: step.note ?? '', by_name: step.by })
    .execute();
}

export interface TagDetail {
  tag: { id: number; serial: string; model: string; has_credential: boolean; created_at: Date };
  standing: TagStanding;
  on: {
    wearing_id: number;
    subject_id: number;
    subject: string;
    reference: string;
    starts_at: Date;
    /** By how many seconds its clock may be out, where its positions tell of more than is allowed for anybody's. */
    clock_error_s: number | null;
  } | null;
  last: Position | null;
  /** It is on somebody whose case may not be seen. */
  isHidden: boolean;
  steps: { step: string; note: string; by_name: string; at: Date; subject_id: number | null; reference: string | null }[];
}

/** One tag: where it is, who has worn it, and what was done with it. */
export const readTag: Action<{ positions: Positions }, { id: number }, TagDetail> = {
  name: 'tag.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, { positions }, { id }) {
    const tag = await tx.selectFrom('supervision.tags').selectAll().where('id', '=', id).executeTakeFirst();
    if (!tag) throw new NotFoundError('There is no such tag.');
    note({ kind: 'tag', id });
    const on =
      (await tx
        .selectFrom('supervision.wearings as w')
        .innerJoin('supervision.subjects as s', 's.id', 'w.subject_id')
        .select(['w.id as wearing_id', 's.id as subject_id', 's.name as subject', 's.reference', 'w.starts_at', 'w.clock_error_s'])
        .where('w.tag_id', '=', id)
        .where('w.ends_at', 'is', null)
        .executeTakeFirst()) ?? null;
    const steps = await tx
      .selectFrom('supervision.tag_steps as t')
      .leftJoin('supervision.wearings as w', 'w.id', 't.wearing_id')
      .leftJoin('supervision.subjects as s', 's.id', 'w.subject_id')
      .select(['t.step', 't.note', 't.by_name', 't.at', 's.id as subject_id', 's.reference'])
      .where('t.tag_id', '=', id)
      .orderBy('t.id', 'desc')
      .execute();
    const protects = await tx
      .selectFrom('supervision.protections')
      .select('id')
      .where('tag_id', '=', id)
      .where('ends_at', 'is', null)
      .executeTakeFirst();
    const last = on ? positions.of(on.wearing_id) : null;
    const isHidden = on === null && (await isOnSomebody(tx, id));
    const { serial, model, created_at } = tag;
    return {
      tag: { id, serial, model, created_at, has_credential: tag.credential_hash !== null },
      standing: standingOf(tag.state, on !== null || isHidden, last !== null || isHidden, protects !== undefined),
      isHidden,
      on,
      last,
      steps,
    };
  },
};

/** Puts a tag that nobody wears back in stock, or sets it aside as faulty or lost. */
export const moveTag: Action<null, { id: number; state: string; note: string }, { serial: string; state: TagState }> = {
  name: 'tag.move',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note: audit }, _services, { id, state, note }) {
    const tag = await tx.selectFrom('supervision.tags').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    if (!tag) throw new NotFoundError('There is no such tag.');
    audit({ kind: 'tag', id }, isTagState(state) ? { state } : {});
    if (!isTagState(state)) throw new InvalidError(`Choose where the tag is: ${tagStates.join(', ')}.`, 'state');
    const on = await isOnSomebody(tx, id);
    if (on) throw new InvalidError('This tag is on somebody. Remove it first, and say then what became of it.', 'state');
    const carried = await seeingAll(tx, () =>
      tx.selectFrom('supervision.protections').select('id').where('tag_id', '=', id).where('ends_at', 'is', null).executeTakeFirst(),
    );
    if (carried) throw new InvalidError('A protected person carries this device. End the protection first.', 'state');
    if (tag.state === state) throw new InvalidError(`This tag is ${state} already.`, 'state');
    if (state !== 'in stock' && note.trim().length < 3) throw new InvalidError('Say in a few words what happened to the tag.', 'note');
    await tx.updateTable('supervision.tags').set({ state }).where('id', '=', id).execute();
    await writeTagStep(tx, { tagId: id, step: state, note: note.trim().slice(0, 500), by: actor.name });
    return { serial: tag.serial, state };
  },
};

/** Whether a tag is on anybody, whether who asks may see them or not. */
async function isOnSomebody(tx: Tx, tag: number): Promise<boolean> {
  const on = await seeingAll(tx, () =>
    tx.selectFrom('supervision.wearings').select('id').where('tag_id', '=', tag).where('ends_at', 'is', null).executeTakeFirst(),
  );
  return on !== undefined;
}

export function isTagState(text: string): text is TagState {
  return (tagStates as readonly string[]).includes(text);
}
