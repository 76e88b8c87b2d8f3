import { verdictNames } from '@waymark/presence';
import { sql } from 'kysely';
import { type Actor, isProgram } from '../../platform/access.ts';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { findCrime } from '../crimes/index.ts';
import { noteSubject } from '../subjects/index.ts';
import { currentRuns, type VerdictServices } from '../verdicts/index.ts';
import { shownVerdicts } from './shown-verdicts.ts';

export const decisions = ['agree', 'disagree', 'cannot tell'] as const;
export type ReviewDecision = (typeof decisions)[number];

/** Characters of a reason. */
export const shortestReason = 10;
const longestReason = 2000;

export interface ReviewInput {
  crimeId: number;
  wearingId: number;
  decision: string;
  reason: string;
}

export interface ReviewRow {
  id: number;
  wearing_id: number;
  run_id: number;
  verdict: string;
  decision: ReviewDecision;
  reason: string;
  reviewer: string;
  reviewer_name: string;
  at: Date;
}

/** A named person's decision on one verdict, with a reason. Exclusions alone can be cleared together, see `clearing`. */
export const reviewVerdict: Action<VerdictServices & { secondReview: boolean }, ReviewInput, { id: number }> = {
  name: 'verdict.review',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, access, note }, { verdicts, secondReview }, { crimeId, wearingId, decision, reason }) {
    if (!(decisions as readonly string[]).includes(decision))
      throw new InvalidError('Choose whether you agree with the verdict.', 'decision');
    if (reason.trim().length < shortestReason)
      throw new InvalidError(`Give your reason in at least ${shortestReason} characters.`, 'reason');
    const found = await findCrime(tx, crimeId);
    if (!found) throw new NotFoundError('There is no such crime.');
    const current = (await currentRuns(tx, [found.current])).get(found.current.id);
    const shown = await shownVerdicts(tx, verdicts, current?.run ?? null, found.current.id);
    const verdict = shown.isMadeUp && isProgram(actor) ? undefined : shown.verdicts.find((row) => row.wearing === wearingId);
    if (!current || !verdict) throw new NotFoundError('There is no verdict on this wearer for this crime.');
    const mine = await tx
      .selectFrom('supervision.reviews')
      .select('id')
      .where('crime_version_id', '=', found.current.id)
      .where('wearing_id', '=', wearingId)
      .where('run_id', '=', current.run)
      .where('reviewer', '=', actor.id)
      .where('taken_back_at', 'is', null)
      .executeTakeFirst();
    if (mine) throw new InvalidError('You have reviewed this verdict already. Ask a colleague for a second review.', 'decision');
    const [row] = await noteReviews(tx, actor, [
      {
        crimeVersion: found.current.id,
        wearing: wearingId,
        run: current.run,
        verdict: verdictNames[verdict.verdict] ?? 'unknown',
        decision: decision as ReviewDecision,
        reason: reason.trim().slice(0, longestReason),
      },
    ]);
    if (!row) throw new Error('Nothing was written.');
    if (shown.test?.wearing === wearingId) await endWhenReviewed(tx, shown.test.id, secondReview ? 2 : 1);
    note({ kind: 'crime', id: crimeId }, { wearing: wearingId, review: row.id, decision });
    await noteSubject({ tx, actor, access, note }, { wearing: wearingId });
    return row;
  },
};

export interface NotedReview {
  crimeVersion: number;
  wearing: number;
  run: number;
  verdict: string;
  decision: ReviewDecision;
  reason: string;
  /** The batch that it rests on, for what was cleared together. */
  batch?: number;
}

/** So many rows are written at once. */
const rowsAtOnce = 1000;

/** Puts reviews of one person on record. */
export async function noteReviews(tx: Tx, actor: Actor, reviews: readonly NotedReview[]): Promise<{ id: number }[]> {
  const noted: { id: number }[] = [];
  for (let i = 0; i < reviews.length; i += rowsAtOnce)
    noted.push(
      ...(await tx
        .insertInto('supervision.reviews')
        .values(
          reviews.slice(i, i + rowsAtOnce).map(({ crimeVersion, wearing, run, verdict, decision, reason, batch = null }) => ({
            crime_version_id: crimeVersion,
            wearing_id: wearing,
            run_id: run,
            verdict,
            decision,
            reason,
            batch_id: batch,
            reviewer: actor.id,
            reviewer_name: actor.name,
          })),
        )
        .returning('id')
        .execute()),
    );
  return noted;
}

/** Whoever made a review takes it back, to decide anew; what was said stays on record. */
export const takeBackReview: Action<null, { crimeId: number; wearingId: number; reason: string }, null> = {
  name: 'verdict.take-back',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, access, note }, _services, { crimeId, wearingId, reason }) {
    note({ kind: 'crime', id: crimeId }, { wearing: wearingId });
    await noteSubject({ tx, actor, access, note }, { wearing: wearingId });
    if (reason.trim().length < shortestReason)
      throw new InvalidError(`Say why you take it back in at least ${shortestReason} characters.`, 'taken-back');
    const found = await findCrime(tx, crimeId);
    if (!found) throw new NotFoundError('There is no such crime.');
    const { numUpdatedRows } = await tx
      .updateTable('supervision.reviews')
      .set({ taken_back_at: new Date(), taken_back_because: reason.trim().slice(0, longestReason) })
      .where('crime_version_id', '=', found.current.id)
      // Of the run that speaks; what was said of an earlier one stands as it was said.
      .where('run_id', '=', (eb) =>
        eb
          .selectFrom('supervision.run_crimes')
          .select(({ fn }) => fn.max('run_id').as('run'))
          .where('crime_version_id', '=', found.current.id),
      )
      .where('wearing_id', '=', wearingId)
      .where('reviewer', '=', actor.id)
      .where('taken_back_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new InvalidError('You have no review of this verdict to take back.', 'taken-back');
    return null;
  },
};

/** A test is over once as many people have reviewed it as review any verdict. */
async function endWhenReviewed(tx: Tx, test: number, needed: number): Promise<void> {
  await sql`UPDATE supervision.review_tests t SET ended_at = now() WHERE id = ${test} AND ended_at IS NULL AND ${needed}::int <= (
    SELECT count(DISTINCT reviewer) FROM supervision.reviews r
      WHERE r.crime_version_id = t.crime_version_id AND r.wearing_id = t.wearing_id)`.execute(tx);
}

/** Reviews of the current verdicts on a crime version. */
export async function reviewsOf(tx: Tx, crimeVersionId: number, runId: number): Promise<ReviewRow[]> {
  return tx
    .selectFrom('supervision.reviews')
    .select(['id', 'wearing_id', 'run_id', 'verdict', 'decision', 'reason', 'reviewer', 'reviewer_name', 'at'])
    .where('crime_version_id', '=', crimeVersionId)
    .where('run_id', '=', runId)
    .where('taken_back_at', 'is', null)
    .orderBy('id')
    .execute();
}

export interface ReviewState {
  /** May the verdict leave? Enough people have reviewed it, and they say the same. */
  cleared: boolean;
  /** What this reader may see: with second reviews required, only their own until both are in. */
  visible: ReviewRow[];
  reviewed: number;
  disputed: boolean;
}

export function reviewState(reviews: ReviewRow[], reader: string, secondRequired: boolean): ReviewState {
  const needed = secondRequired ? 2 : 1;
  const complete = new Set(reviews.map((review) => review.reviewer)).size >= needed;
  const disputed = complete && new Set(reviews.map((review) => review.decision)).size > 1;
  return {
    cleared: complete && !disputed && reviews.every((review) => review.decision === 'agree'),
    visible: complete || !secondRequired ? reviews : reviews.filter((review) => review.reviewer === reader),
    reviewed: reviews.length,
    disputed,
  };
}
