import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Actor } from '../../src/platform/access.ts';
import { withPurpose } from '../../src/platform/database.ts';
import { importCrimes, readRun, repeatRun } from '../../src/supervision/index.ts';
import { planRun } from '../../src/supervision/verdicts/plan-run.ts';
import { verdictServicesOf, type Waymark } from '../../src/waymark.ts';
import { firstAt } from '../kill/kill-test.ts';
import { settlesWithinMs } from './cluster.ts';

const matching: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'crime-matching' };
/** Everything of the test is a large run. */
export const pairsPerShare = 40;
const crimesAtOnce = 12;
const pauseMs = 700;

/** Brings crimes again and again, and plans a run of them in shares for the servers to judge: whatever happens, some run is in the middle. */
export function letCrimesCome(reader: Waymark, madeAt: ReadonlyMap<string, number>, counter: { next: number }): { stop(): Promise<void> } {
  let alive = true;
  const coming = (async () => {
    while (alive) {
      // While its records are elsewhere nothing can be asked for.
      await bringCrimes(reader, madeAt.size, counter).catch(() => undefined);
      await planNow(reader).catch(() => undefined);
      await sleep(pauseMs);
    }
  })();
  return {
    stop: async () => {
      alive = false;
      await coming;
    },
  };
}

async function bringCrimes(reader: Waymark, fixes: number, counter: { next: number }): Promise<void> {
  const rows = ['reference,type,latitude,longitude,from,to,uncertainty_m'];
  for (let i = 0; i < crimesAtOnce; i++) {
    const n = counter.next++;
    // Somewhere in what was sent so far: some are where the tags go, some are off their way.
    const from = firstAt + 1000 * Math.floor(((n % 17) / 17) * (fixes / 26));
    const lon = n % 3 === 0 ? -1.785 : -1.8 + (n % 5) * 0.004;
    rows.push(
      [
        `C-${n}`,
        'BIAD',
        '53.1',
        lon.toFixed(4),
        new Date(from).toISOString(),
        new Date(from + 60_000 * (1 + (n % 4))).toISOString(),
        '10',
      ].join(','),
    );
  }
  await importCrimes(reader.performer, matching, reader, { fileName: 'crimes.csv', bytes: Buffer.from(rows.join('\n')) });
}

/** Plans what is due, or joins what is planned. Is there anything left? */
async function planNow(reader: Waymark): Promise<boolean> {
  return (await reader.performer.perform(matching, planRun, verdictServicesOf(reader), null)) !== null;
}

export interface RunsFound {
  /** Put on record since. */
  runs: number;
  /** Of those looked at, how many do not give the same bytes again. */
  different: number;
  /** Crimes that no run on record has judged. */
  unjudged: number;
  /** What stood in the way, where anything did. */
  left: string;
}

/** Has everything judged that is due, by the servers that are there, and repeats runs that were put on record after the run given. */
export async function judgedAfterwards(reader: Waymark, after: number, repeats: number): Promise<RunsFound> {
  const until = performance.now() + settlesWithinMs;
  let last = '';
  const isOver = async () => {
    try {
      const isLeft = await planNow(reader);
      last = isLeft ? `${await openRuns(reader)} runs are judged` : '';
      return !isLeft && (await openRuns(reader)) === 0;
    } catch (error) {
      last = (error as Error).message;
      return false;
    }
  };
  while (!(await isOver()) && performance.now() < until) await sleep(300);
  const found = await withPurpose(reader.database.db, 'supervision', 'crime-matching', async (tx) => ({
    runs: await tx.selectFrom('supervision.runs').select('id').where('id', '>', after).orderBy('id').execute(),
    unjudged: await sql<{ n: number }>`
      SELECT count(*)::int AS n FROM supervision.crime_versions v
        WHERE NOT EXISTS (SELECT FROM supervision.run_crimes r WHERE r.crime_version_id = v.id)`.execute(tx),
  }));
  let different = 0;
  // The first ones were in the middle when it was struck.
  for (const { id } of found.runs.slice(0, repeats)) {
    const recorded = await reader.performer.perform(matching, readRun, null, { id });
    const { inputs, output } = await repeatRun(verdictServicesOf(reader), recorded);
    if (!inputs.same || !output.same) different++;
  }
  return { runs: found.runs.length, different, unjudged: found.unjudged.rows[0]?.n ?? 0, left: last };
}

export async function lastRunOf({ database }: Waymark): Promise<number> {
  const { rows } = await withPurpose(database.db, 'supervision', 'crime-matching', (tx) =>
    sql<{ n: number }>`SELECT coalesce(max(id), 0)::int AS n FROM supervision.runs`.execute(tx),
  );
  return rows[0]?.n ?? 0;
}

async function openRuns({ database }: Waymark): Promise<number> {
  const { rows } = await withPurpose(database.db, 'supervision', 'crime-matching', (tx) =>
    sql<{ n: number }>`SELECT count(*)::int AS n FROM supervision.shared_runs`.execute(tx),
  );
  return rows[0]?.n ?? 0;
}

/** How many shares servers took, and how many of them were taken again, because who had them was gone. */
export async function sharesTaken({ database }: Waymark): Promise<{ taken: number; again: number }> {
  const { rows } = await withPurpose(database.db, 'oversight', 'oversight', (tx) =>
    sql<{ taken: number; shares: number }>`
      SELECT count(*)::int AS taken, count(DISTINCT (about_id, detail ->> 'share'))::int AS shares FROM oversight.audit_entries
        WHERE action = 'verdict.share' AND about_kind = 'run' AND detail ? 'share'`.execute(tx),
  );
  const { taken = 0, shares = 0 } = rows[0] ?? {};
  return { taken, again: taken - shares };
}
