import type { Selectable } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tables, Tx } from '../../platform/database.ts';
import { type Evidence, type NotedReview, noteReviews, type ReadCrimeServices, readEvidence, shortestReason } from '../review/index.ts';
import type { ClearingAnswer, ClearingState } from '../schema/tables.ts';
import { noteSubject } from '../subjects/index.ts';
import { isAsItWas, standingOf } from './batch-standing.ts';
import { type BatchPage, readBatch } from './read-batch.ts';

export const answers = ['not there', 'may have been there', 'cannot tell'] as const satisfies readonly ClearingAnswer[];

export type OwnBatch = Selectable<Tables['supervision.clearing_batches']>;

/** A batch, by whoever has begun it: nobody looks for another. */
export async function ownBatch(tx: Tx, id: number, reviewer: string): Promise<OwnBatch> {
  const batch = await tx.selectFrom('supervision.clearing_batches').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (!batch) throw new NotFoundError('There is no such batch.');
  if (batch.begun_by !== reviewer) throw new InvalidError(`${batch.begun_by_name} has begun this batch, and looks at it alone.`, 'batch');
  return batch;
}

export async function requireOpen(tx: Tx, id: number, reviewer: string): Promise<OwnBatch> {
  const batch = await ownBatch(tx, id, reviewer);
  if (batch.state !== 'open') throw new InvalidError('This batch has ended.', 'batch');
  return batch;
}

const looksOf = (tx: Tx, batch: number) =>
  tx
    .selectFrom('supervision.clearing_verdicts as c')
    .innerJoin('supervision.crime_versions as v', 'v.id', 'c.crime_version_id')
    .select(['c.id', 'c.look', 'c.is_test', 'c.answer', 'c.reason', 'c.crime_version_id', 'c.wearing_id', 'c.run_id', 'v.crime_id'])
    .where('c.batch_id', '=', batch)
    .where('c.look', 'is not', null)
    .orderBy('c.look')
    .execute();

/** What is looked at next: a place, a window and the fixes, and nothing of what was found. */
export interface Look {
  number: number;
  of: number;
  /** The answer before this one can still be changed. */
  canGoBack: boolean;
  evidence: Pick<Evidence, 'crime' | 'radiusM' | 'points' | 'gaps' | 'marginMs' | 'distance'>;
}

/** A batch as it stands, with the next that whoever has begun it looks at; null where all were, it has ended, or is another's. */
export const lookAtBatch: Action<
  ReadCrimeServices,
  { id: number; limit: number; offset: number },
  { batch: BatchPage; look: Look | null; isChanged: boolean }
> = {
  name: 'clearing.look',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, services, { id, limit, offset }) {
    const { tx, actor, note } = context;
    note({ kind: 'clearing', id });
    const { secondReview } = services;
    const batch = await readBatch(tx, { id, reviewer: actor.id, secondReview, limit, offset });
    const isOpen = batch.state === 'open' && batch.mine;
    const isChanged = isOpen && !(await isAsItWas(tx, id));
    const looks = isOpen && !isChanged ? await looksOf(tx, id) : [];
    const next = looks.find(({ answer }) => answer === null);
    if (!next) return { batch, look: null, isChanged };
    const { crime, radiusM, points, gaps, marginMs, distance } = await readEvidence.run(context, services, {
      crimeId: next.crime_id,
      wearingId: next.wearing_id,
    });
    note({ kind: 'clearing', id }, { look: next.look });
    const number = looks.indexOf(next) + 1;
    const evidence = { crime, radiusM, points, gaps, marginMs, distance };
    return { batch, look: { number, of: looks.length, canGoBack: number > 1, evidence }, isChanged };
  },
};

export interface LookAnswer {
  id: number;
  /** Which look it answers, so that a form that is sent twice answers one. */
  look: number;
  answer: string;
  reason: string;
}

/**
 * What somebody saw in the fixes of one look. Where they were not shut out by them, the whole batch is opened: each of its exclusions is
 * reviewed by itself. Where a look was a test and they did not see it, nothing of the batch is cleared.
 */
export const answerLook: Action<null, LookAnswer, { state: ClearingState }> = {
  name: 'clearing.answer',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, _services, { id, look, answer, reason }) {
    const { tx, actor, note } = context;
    note({ kind: 'clearing', id });
    await requireOpen(tx, id, actor.id);
    if (!isAnswer(answer)) throw new InvalidError('Choose what the fixes say.', 'answer');
    const because = reason.trim().slice(0, 2000);
    if (answer !== 'not there' && because.length < shortestReason)
      throw new InvalidError(`Say in at least ${shortestReason} characters what you saw. The whole batch is opened by it.`, 'reason');
    if (!(await isAsItWas(tx, id))) throw new InvalidError(judgedAnew, 'batch');
    const looks = await looksOf(tx, id);
    const own = looks[look - 1];
    if (!own || own.answer !== null) throw new InvalidError('This one is answered already. Go on with the next.', 'look');
    await tx
      .updateTable('supervision.clearing_verdicts')
      .set({ answer, reason: because, answered_at: new Date() })
      .where('id', '=', own.id)
      .execute();
    note(null, { look, answer });
    await noteSubject(context, { wearing: own.wearing_id });
    own.answer = answer;
    own.reason = because;
    const state = own.is_test ? (answer === 'not there' ? 'test missed' : 'open') : answer === 'not there' ? 'open' : 'opened';
    if (state === 'open') return { state };
    await endBatch(tx, id, state);
    // Who did not see that somebody was there has not looked at the others either.
    if (state === 'opened') {
      const standing = await standingOf(tx, id, actor.id);
      const seen = looks.filter((one) => one.answer !== null && !one.is_test && standing.has(one.id));
      await noteReviews(
        tx,
        actor,
        seen.map((one) =>
          reviewOf(
            one,
            id,
            one.answer === 'not there' ? 'agree' : one.answer === 'cannot tell' ? 'cannot tell' : 'disagree',
            one.answer === 'not there' ? lookedAt(id) : one.reason,
          ),
        ),
      );
    }
    note(null, { state });
    return { state };
  },
};

type BatchVerdict = Pick<Selectable<Tables['supervision.clearing_verdicts']>, 'crime_version_id' | 'wearing_id' | 'run_id'>;

/** What is noted of one exclusion of a batch. */
export function reviewOf(one: BatchVerdict, batch: number, decision: NotedReview['decision'], reason: string): NotedReview {
  return { crimeVersion: one.crime_version_id, wearing: one.wearing_id, run: one.run_id, verdict: 'excluded', decision, reason, batch };
}

/** What was drawn is not what stands now. */
export const judgedAnew = 'The verdicts were worked out anew since this batch was begun. Give it up, and begin again.';

/** What stands as the reason of whoever looked and found no room for it. */
export const lookedAt = (batch: number): string =>
  `Looked at in batch ${batch} without the verdict: the fixes leave no room for having been there.`;

export async function endBatch(tx: Tx, id: number, state: ClearingState): Promise<void> {
  await tx.updateTable('supervision.clearing_batches').set({ state, ended_at: new Date() }).where('id', '=', id).execute();
}

/** Takes the last answer of an open batch back, to give it anew. */
export const goBack: Action<null, { id: number }, null> = {
  name: 'clearing.answer',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, { id }) {
    note({ kind: 'clearing', id }, { back: true });
    await requireOpen(tx, id, actor.id);
    const last = (await looksOf(tx, id)).findLast(({ answer }) => answer !== null);
    if (!last) throw new InvalidError('Nothing was answered yet.', 'batch');
    await tx
      .updateTable('supervision.clearing_verdicts')
      .set({ answer: null, reason: '', answered_at: null })
      .where('id', '=', last.id)
      .execute();
    return null;
  },
};

/** Gives an open batch up: nothing of it is cleared. */
export const stopBatch: Action<null, { id: number }, null> = {
  name: 'clearing.answer',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, { id }) {
    note({ kind: 'clearing', id }, { stopped: true });
    await requireOpen(tx, id, actor.id);
    await endBatch(tx, id, 'stopped');
    return null;
  },
};

const isAnswer = (text: string): text is ClearingAnswer => (answers as readonly string[]).includes(text);
