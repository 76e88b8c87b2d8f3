import { type Action, InvalidError } from '../../platform/action.ts';
import { noteReviews, shortestReason } from '../review/index.ts';
import { noteSubjects } from '../subjects/index.ts';
import { isAsItWas, standingOf } from './batch-standing.ts';
import { endBatch, judgedAnew, lookedAt, ownBatch, requireOpen, reviewOf } from './look-at-batch.ts';

/**
 * Clears every exclusion of a batch whose sample was looked at and borne out. Each bears the name of whoever looked, and the sample it rests
 * on. What was judged anew meanwhile is left out.
 */
export const clearBatch: Action<null, { id: number }, { cleared: number; changed: number }> = {
  name: 'clearing.clear',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, { id }) {
    note({ kind: 'clearing', id });
    const batch = await requireOpen(tx, id, actor.id);
    const all = await tx
      .selectFrom('supervision.clearing_verdicts')
      .select(['id', 'crime_version_id', 'wearing_id', 'run_id', 'look', 'is_test', 'answer'])
      .where('batch_id', '=', id)
      .orderBy('id')
      .execute();
    const looks = all.filter(({ look, is_test }) => look !== null && !is_test);
    const isBorneOut = all.every(({ look, is_test, answer }) => look === null || (is_test ? answer !== null : answer === 'not there'));
    if (!isBorneOut || looks.length < batch.looks) throw new InvalidError('Look at every one of the sample first.', 'batch');
    if (!(await isAsItWas(tx, id))) throw new InvalidError(judgedAnew, 'batch');
    const exclusions = all.filter(({ is_test }) => !is_test);
    const standing = await standingOf(tx, id, actor.id);
    const stand = exclusions.filter((own) => standing.has(own.id));
    if (stand.length === 0) throw new InvalidError(judgedAnew, 'batch');
    const asOne = `Cleared together in batch ${id}: ${looks.length} of its ${exclusions.length} exclusions, drawn by lot, were looked at one by one without the verdict, and all bore it out.`;
    await noteReviews(
      tx,
      actor,
      stand.map((one) => reviewOf(one, id, 'agree', one.look === null ? asOne : lookedAt(id))),
    );
    await endBatch(tx, id, 'cleared');
    await noteSubjects(
      { tx, actor, note },
      stand.map(({ wearing_id }) => wearing_id),
    );
    const changed = exclusions.length - stand.length;
    note(null, { cleared: stand.length, changed, looks: looks.length });
    return { cleared: stand.length, changed };
  },
};

/** Whoever cleared a batch takes that back: its exclusions wait for a review again, and what was said stays on record. */
export const takeBackBatch: Action<null, { id: number; reason: string }, { reviews: number }> = {
  name: 'clearing.clear',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, { id, reason }) {
    note({ kind: 'clearing', id }, { takenBack: true });
    const batch = await ownBatch(tx, id, actor.id);
    if (batch.state !== 'cleared') throw new InvalidError('Only what was cleared can be taken back.', 'batch');
    if (reason.trim().length < shortestReason) throw new InvalidError(`Say why in at least ${shortestReason} characters.`, 'reason');
    const { numUpdatedRows } = await tx
      .updateTable('supervision.reviews')
      .set({ taken_back_at: new Date(), taken_back_because: reason.trim().slice(0, 2000) })
      .where('batch_id', '=', id)
      .where('taken_back_at', 'is', null)
      .executeTakeFirst();
    await tx.updateTable('supervision.clearing_batches').set({ state: 'taken back' }).where('id', '=', id).execute();
    note(null, { reviews: Number(numUpdatedRows) });
    return { reviews: Number(numUpdatedRows) };
  },
};
