import { sql } from 'kysely';
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
  return shownOf(verdicts, (await madeUpOf(tx, [crimeVersion])).get(crimeVersion));
}

/** The same of many crimes, each by the run that speaks for it: files are read through once, in the order of the runs. */
export async function* shownByCrime(
  tx: Tx,
  store: VerdictStore,
  pairs: readonly { run: number; crime: number }[],
): AsyncGenerator<ShownVerdicts & { run: number; crime: number }> {
  const madeUp = await madeUpOf(
    tx,
    pairs.map(({ crime }) => crime),
  );
  for await (const rows of store.stream([...pairs])) {
    const [first] = rows;
    if (first) yield { run: first.run, crime: first.crime, ...shownOf([...rows].sort(byVerdict), madeUp.get(first.crime)) };
  }
}

interface MadeUp {
  id: number | null;
  wearing_id: number | null;
  shown: Partial<StoredVerdict> | null;
  away_m: number | null;
  ended_at: Date | null;
}

/** Of some crimes' versions those that were made up to test reviewers. */
async function madeUpOf(tx: Tx, versions: readonly number[]): Promise<Map<number, MadeUp>> {
  const rows = await tx
    .selectFrom('supervision.crime_versions as v')
    .leftJoin('supervision.review_tests as t', 't.crime_version_id', 'v.id')
    .select(['v.id as version', 't.id', 't.wearing_id', 't.shown', 't.away_m', 't.ended_at'])
    .where('v.made_up', '=', true)
    .where(sql<boolean>`v.id = ANY(${[...versions]}::int[])`)
    .execute();
  return new Map(rows.map(({ version, ...test }) => [version, test as MadeUp]));
}

function shownOf(verdicts: StoredVerdict[], madeUp: MadeUp | undefined): ShownVerdicts {
  if (!madeUp) return { verdicts, isMadeUp: false, test: null };
  const { id, wearing_id: wearing, shown, away_m: awayM, ended_at } = madeUp;
  if (id === null || wearing === null || awayM === null || !shown) return { verdicts, isMadeUp: true, test: null };
  return {
    verdicts: verdicts.map((verdict) => (verdict.wearing === wearing ? { ...verdict, ...shown } : verdict)).sort(byVerdict),
    isMadeUp: true,
    test: { id, wearing, awayM, over: ended_at !== null },
  };
}
