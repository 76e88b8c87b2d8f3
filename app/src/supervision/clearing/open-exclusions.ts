import { verdictNames } from '@waymark/presence';
import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';
import { type CrimeVersionRow, listCurrentCrimes } from '../crimes/index.ts';
import { shownByCrime } from '../review/index.ts';
import type { StoredVerdict } from '../schema/stored-verdict.ts';
import { currentRuns, type VerdictStore } from '../verdicts/index.ts';
import { type Ground, groundOf } from './draw-sample.ts';

export interface OpenExclusion {
  /** The crime's version. */
  crime: number;
  crimeId: number;
  wearing: number;
  run: number;
  /** `impossible` or `not plausible`, as it is stored. */
  verdict: number;
  ground: Ground;
}

export interface ClearingServices {
  verdicts: VerdictStore;
  secondReview: boolean;
}

/** So many pairs of a crime and a wearing are looked through at most, so that a page is there in a second or two. */
const pairsAtMost = 400_000;
const dayMs = 86_400_000;

/** The latest crimes of some days, the newest first, and no more than can be looked through. */
export async function latestCrimes(
  tx: Tx,
  { now, days }: { now: number; days: number },
): Promise<{ crimes: CrimeVersionRow[]; of: number }> {
  const { n } = await tx.selectFrom('supervision.wearings').select(sql<number>`count(*)::int`.as('n')).executeTakeFirstOrThrow();
  const all = (await listCurrentCrimes(tx, { withMadeUp: true })).filter(({ to_at }) => to_at.getTime() >= now - days * dayMs).reverse();
  return { crimes: all.slice(0, Math.max(1, Math.floor(pairsAtMost / Math.max(1, n)))), of: all.length };
}

/** Verdicts on a crime as reviewers see them, and which of its exclusions wait for whoever asks. */
export interface CrimeExclusions {
  crime: CrimeVersionRow;
  run: number;
  verdicts: StoredVerdict[];
  /** It was made up to test reviewers, and looks like any other. */
  isMadeUp: boolean;
  open: OpenExclusion[];
}

/**
 * The exclusions that wait for a review by whoever asks, crime by crime: they have not reviewed them, and as many people as are needed have
 * not either.
 */
export async function* openExclusions(
  tx: Tx,
  { verdicts, secondReview }: ClearingServices,
  reviewer: string,
  crimes: readonly CrimeVersionRow[],
): AsyncGenerator<CrimeExclusions> {
  const runs = await currentRuns(tx, [...crimes]);
  const settled = await settledPairs(tx, crimes, reviewer, secondReview ? 2 : 1);
  const byId = new Map(crimes.map((crime) => [crime.id, crime]));
  const pairs = crimes.flatMap(({ id }) => {
    const run = runs.get(id)?.run;
    return run === undefined ? [] : [{ crime: id, run }];
  });
  for await (const { crime: id, run, ...shown } of shownByCrime(tx, verdicts, pairs)) {
    const crime = byId.get(id);
    if (!crime) continue;
    // Who was tested by it knows it.
    if (shown.isMadeUp && (shown.test === null || shown.test.over)) continue;
    const open = shown.verdicts.flatMap(({ verdict, wearing, reasons }): OpenExclusion[] =>
      verdictNames[verdict] === 'excluded' && !settled.has(`${crime.id}/${run}/${wearing}`)
        ? [{ crime: crime.id, crimeId: crime.crime_id, wearing, run, verdict, ground: groundOf(reasons) }]
        : [],
    );
    yield { crime, run, verdicts: shown.verdicts, isMadeUp: shown.isMadeUp, open };
  }
}

/**
 * Crime version, run and wearing of every verdict of which nothing is left to do together for this reviewer. What was in a batch that a doubt
 * opened is reviewed by itself, by whomever; and what was in one whose test somebody missed, by them.
 */
async function settledPairs(tx: Tx, crimes: readonly CrimeVersionRow[], reviewer: string, needed: number): Promise<Set<string>> {
  const { rows } = await sql<{ pair: string }>`
    SELECT crime_version_id || '/' || run_id || '/' || wearing_id AS pair FROM supervision.reviews
      WHERE taken_back_at IS NULL AND crime_version_id = ANY(${crimes.map(({ id }) => id)}::int[])
      GROUP BY crime_version_id, run_id, wearing_id
      HAVING bool_or(reviewer = ${reviewer}) OR count(DISTINCT reviewer) >= ${needed}::int
    UNION SELECT c.crime_version_id || '/' || c.run_id || '/' || c.wearing_id FROM supervision.clearing_verdicts c
      JOIN supervision.clearing_batches b ON b.id = c.batch_id
      WHERE NOT c.is_test AND (b.state = 'opened' OR (b.state = 'test missed' AND b.begun_by = ${reviewer}))
        AND c.crime_version_id = ANY(${crimes.map(({ id }) => id)}::int[])`.execute(tx);
  return new Set(rows.map(({ pair }) => pair));
}
