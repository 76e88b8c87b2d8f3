import type { Tx } from '../../platform/database.ts';
import type { StoredVerdict } from '../schema/stored-verdict.ts';
import { byVerdict, type VerdictStore } from '../verdicts/index.ts';

/** What was put on show of a crime that was made up to test reviewers. */
export interface ReviewTest {
  id: number;
  wearing: number;
  /** How far from the made-up place the wearer was seen, m. */
  awayM: number;
  over: boolean;
}

export interface ShownVerdicts {
  verdicts: StoredVerdict[];
  /** Was the crime made up? Then nothing of it may leave. */
  isMadeUp: boolean;
  test: ReviewTest | null;
}

/**
 * The verdicts on a crime as reviewers see them: those that a run found, but for a crime made up to test reviewers, where one
 * wearer who was far away is shown as present.
 */
export async function shownVerdicts(tx: Tx, store: VerdictStore, run: number | null, crimeVersion: number): Promise<ShownVerdicts> {
  const verdicts = run === null ? [] : await store.ofCrime(run, crimeVersion);
  const row = await tx
    .selectFrom('supervision.crime_versions as v')
    .leftJoin('supervision.review_tests as t', 't.crime_version_id', 'v.id')
    .select(['v.made_up', 't.id', 't.wearing_id', 't.shown', 't.away_m', 't.ended_at'])
    .where('v.id', '=', crimeVersion)
    .executeTakeFirst();
  if (!row?.made_up) return { verdicts, isMadeUp: false, test: null };
  const { id, wearing_id: wearing, shown, away_m: awayM, ended_at } = row;
  if (id === null || wearing === null || awayM === null || !shown) return { verdicts, isMadeUp: true, test: null };
  return {
    verdicts: verdicts.map((verdict) => (verdict.wearing === wearing ? { ...verdict, ...shown } : verdict)).sort(byVerdict),
    isMadeUp: true,
    test: { id, wearing, awayM, over: ended_at !== null },
  };
}
