import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type { PairDecision } from '../schema/tables.ts';

export const pairDecisions: readonly PairDecision[] = ['same', 'not the same', 'cannot tell'];

export interface PairToDecide {
  left: number;
  right: number;
  decision: string;
  reason: string;
}

/**
 * A named person decides whether two records are about one person. The decision stands against every later run until it is
 * undone; the pair leaves the queue at once, the people concerned are put together anew by the next run.
 */
export const decidePair: Action<null, PairToDecide, { left: number; right: number }> = {
  name: 'pair.decide',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, actor, note }, _services, given) {
    const [left, right] = [Math.min(given.left, given.right), Math.max(given.left, given.right)];
    note({ kind: 'pair', id: `${left}-${right}` });
    if (!(pairDecisions as readonly string[]).includes(given.decision))
      throw new InvalidError('Choose: the same person, not the same person, or cannot tell.', 'decision');
    note(null, { decision: given.decision });
    const reason = given.reason.trim();
    if (reason.length < 3) throw new InvalidError('Say in a few words what you went by.', 'reason');
    if (left === right) throw new InvalidError('A record cannot be compared with itself.', 'decision');
    const records = await tx.selectFrom('support.records').select('id').where('id', 'in', [left, right]).execute();
    if (records.length < 2) throw new NotFoundError('One of the records is no longer held.');
    await recordDecision(tx, actor.name, [left, right], given.decision as PairDecision, reason);
    await tx.deleteFrom('support.review_pairs').where('left_record', '=', left).where('right_record', '=', right).execute();
    if (given.decision !== 'cannot tell')
      await tx.updateTable('support.records').set({ settled: false }).where('id', 'in', [left, right]).execute();
    return { left, right };
  },
};

/** Takes a decision back: the records are compared again as if nobody had decided. */
export const undoDecision: Action<null, { id: number }, null> = {
  name: 'pair.undo',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, actor, note }, _services, { id }) {
    note({ kind: 'pair decision', id });
    const found = await tx.selectFrom('support.pair_decisions').selectAll().where('id', '=', id).executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such decision.');
    if (found.undone_at) throw new InvalidError('The decision was taken back already.');
    await tx
      .updateTable('support.pair_decisions')
      .set({ undone_at: sql<Date>`now()`, undone_by: actor.name })
      .where('id', '=', id)
      .execute();
    await tx.updateTable('support.records').set({ settled: false }).where('id', 'in', [found.left_record, found.right_record]).execute();
    return null;
  },
};

/** Takes a record out of the person it stands with: it is decided to be of somebody else than each of the person's other records. */
export const takeOut: Action<null, { record: number; reason: string }, { apartFrom: number }> = {
  name: 'link.undo',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, actor, note }, _services, { record, reason }) {
    note({ kind: 'record', id: record });
    if (reason.trim().length < 3) throw new InvalidError('Say in a few words why this is somebody else.', 'reason');
    const found = await tx.selectFrom('support.records').select(['id', 'person_id']).where('id', '=', record).executeTakeFirst();
    if (!found) throw new NotFoundError('The record is no longer held.');
    const others = found.person_id
      ? await tx.selectFrom('support.records').select('id').where('person_id', '=', found.person_id).where('id', '<>', record).execute()
      : [];
    if (others.length === 0) throw new InvalidError('The record stands alone already.', 'record');
    for (const { id } of others)
      await recordDecision(tx, actor.name, [Math.min(id, record), Math.max(id, record)], 'not the same', reason.trim());
    await tx
      .updateTable('support.records')
      .set({ settled: false })
      .where('id', 'in', [record, ...others.map(({ id }) => id)])
      .execute();
    return { apartFrom: others.length };
  },
};

/** The decision takes the place of an earlier one about the same pair, which stays on record as undone. */
async function recordDecision(tx: Tx, by: string, [left, right]: [number, number], decision: PairDecision, reason: string): Promise<void> {
  await tx
    .updateTable('support.pair_decisions')
    .set({ undone_at: sql<Date>`now()`, undone_by: by })
    .where('left_record', '=', left)
    .where('right_record', '=', right)
    .where('undone_at', 'is', null)
    .execute();
  await tx
    .insertInto('support.pair_decisions')
    .values({
      left_record: left,
      right_record: right,
      decision,
      reason: reason.slice(0, 1000),
      by_name: by,
      undone_at: null,
      undone_by: null,
    })
    .execute();
}
