import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type {} from '../schema/tables.ts';

/** How one reviewer decided about verdicts of one kind. */
export interface ReviewerCount {
  reviewer: string;
  verdict: string;
  reviews: number;
  disagree: number;
  cannotTell: number;
}

export interface ReviewsOverseen {
  counts: ReviewerCount[];
  /** Of verdicts that two people reviewed: how many, and in how many they decided alike. */
  twice: { of: number; alike: number };
  /** Reviews that followed the same person's last within so few seconds that nothing can have been read. */
  tooFast: { of: number; fast: number };
  tests: TestsOverseen;
  together: ClearedTogether[];
}

/** Exclusions that one reviewer cleared together, and the looks that they rest on. */
export interface ClearedTogether {
  reviewer: string;
  batches: number;
  cleared: number;
  looks: number;
  /** Looks that were answered within so few seconds of the one before that nothing can have been seen. */
  fast: number;
  /** Batches that one look opened. */
  opened: number;
  /** Batches that were given up. */
  stopped: number;
  /** Looks at somebody who was there, put among them as a test, and how many of those were missed. */
  tests: number;
  missed: number;
}

/** How reviewers decided about crimes that were made up, where agreeing is an error. */
export interface TestsOverseen {
  made: number;
  waiting: number;
  reviewers: { reviewer: string; reviewed: number; wrong: number; cannotTell: number }[];
}

/** Less than this between two reviews of one person, and nothing can have been read, s. */
export const readingTakesS = 5;

/** A review of a crime that was recorded, and not made up to test reviewers; of those cleared together only those that were looked at. */
const isReal = sql<boolean>`(r.batch_id IS NULL OR EXISTS (SELECT FROM supervision.clearing_verdicts l
    WHERE l.batch_id = r.batch_id AND l.crime_version_id = r.crime_version_id AND l.wearing_id = r.wearing_id AND l.look IS NOT NULL))
  AND NOT EXISTS (SELECT FROM supervision.crime_versions v WHERE v.id = r.crime_version_id AND v.made_up)`;

/** Against the verdict or with it, how fast, and whether two agree. Counts alone: no wearer and no crime leaves this action. */
export const overseeReviews: Action<null, null, ReviewsOverseen> = {
  name: 'decisions.oversee',
  room: 'supervision',
  purpose: 'oversight',
  async run({ tx, note }) {
    const counts = await sql<ReviewerCount>`
      SELECT reviewer_name AS reviewer, verdict, count(*)::int AS reviews,
          count(*) FILTER (WHERE decision = 'disagree')::int AS disagree, count(*) FILTER (WHERE decision = 'cannot tell')::int AS "cannotTell"
        FROM supervision.reviews r WHERE r.taken_back_at IS NULL AND ${isReal} GROUP BY 1, 2 ORDER BY 1, 2`.execute(tx);
    const twice = await sql<{ of: number; alike: number }>`
      SELECT count(*)::int AS of, count(*) FILTER (WHERE decisions = 1)::int AS alike FROM (
        SELECT count(DISTINCT decision) AS decisions FROM supervision.reviews r WHERE r.taken_back_at IS NULL AND ${isReal} GROUP BY crime_version_id, wearing_id, run_id HAVING count(DISTINCT reviewer) > 1) x`.execute(
      tx,
    );
    const fast = await sql<{ of: number; fast: number }>`
      SELECT count(*)::int AS of, count(*) FILTER (WHERE after < ${readingTakesS})::int AS fast FROM (
        SELECT extract(epoch FROM at - lag(at) OVER (PARTITION BY reviewer ORDER BY at)) AS after FROM supervision.reviews r
          WHERE r.batch_id IS NULL AND ${isReal}) x WHERE after IS NOT NULL`.execute(tx);
    const tests = await overseeTests(tx);
    note(null, { reviewers: counts.rows.length });
    return {
      tests,
      together: await overseeTogether(tx),
      counts: counts.rows,
      twice: twice.rows[0] ?? { of: 0, alike: 0 },
      tooFast: fast.rows[0] ?? { of: 0, fast: 0 },
    };
  },
};

async function overseeTogether(tx: Tx): Promise<ClearedTogether[]> {
  const { rows } = await sql<ClearedTogether>`
    WITH answered AS (
      SELECT c.batch_id, c.is_test, c.answer,
          extract(epoch FROM c.answered_at - coalesce(lag(c.answered_at) OVER (PARTITION BY c.batch_id ORDER BY c.look), b.begun_at)) AS after
        FROM supervision.clearing_verdicts c JOIN supervision.clearing_batches b ON b.id = c.batch_id WHERE c.answer IS NOT NULL),
    looked AS (
      SELECT batch_id, count(*)::int AS looks, count(*) FILTER (WHERE after < ${readingTakesS})::int AS fast,
          count(*) FILTER (WHERE is_test)::int AS tests, count(*) FILTER (WHERE is_test AND answer = 'not there')::int AS missed
        FROM answered GROUP BY batch_id)
    SELECT b.begun_by_name AS reviewer, count(*)::int AS batches,
        coalesce(sum((SELECT count(*) FROM supervision.reviews r WHERE r.batch_id = b.id AND r.taken_back_at IS NULL)) FILTER (WHERE b.state = 'cleared'), 0)::int AS cleared, coalesce(sum(l.looks), 0)::int AS looks,
        coalesce(sum(l.fast), 0)::int AS fast, count(*) FILTER (WHERE b.state = 'opened')::int AS opened, count(*) FILTER (WHERE b.state = 'stopped')::int AS stopped,
        coalesce(sum(l.tests), 0)::int AS tests, coalesce(sum(l.missed), 0)::int AS missed
      FROM supervision.clearing_batches b LEFT JOIN looked l ON l.batch_id = b.id GROUP BY b.begun_by, b.begun_by_name ORDER BY 1`.execute(
    tx,
  );
  return rows;
}

async function overseeTests(tx: Tx): Promise<TestsOverseen> {
  const made = await sql<{ made: number; waiting: number }>`
    SELECT count(*)::int AS made, count(*) FILTER (WHERE ended_at IS NULL)::int AS waiting FROM supervision.review_tests`.execute(tx);
  // Somebody who reviewed one test twice, because fixes came late in between, counts by their first answer.
  const { rows } = await sql<TestsOverseen['reviewers'][number]>`
    SELECT reviewer_name AS reviewer, count(*)::int AS reviewed, count(*) FILTER (WHERE decision = 'agree')::int AS wrong,
        count(*) FILTER (WHERE decision = 'cannot tell')::int AS "cannotTell" FROM (
      SELECT DISTINCT ON (t.id, r.reviewer) r.reviewer, r.reviewer_name, r.decision FROM supervision.review_tests t
        JOIN supervision.reviews r ON r.crime_version_id = t.crime_version_id AND r.wearing_id = t.wearing_id
        ORDER BY t.id, r.reviewer, r.id) x GROUP BY reviewer, reviewer_name ORDER BY 1`.execute(tx);
  return { ...(made.rows[0] ?? { made: 0, waiting: 0 }), reviewers: rows };
}
