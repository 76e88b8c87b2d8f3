import { defaultParameters } from '@waymark/presence';
import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';

/** How many fixes of a wearing were received so many steps of `stepS` after the time they bear; before it where that is negative. */
export interface Delays {
  step: number;
  fixes: number;
}

export const stepS = 10;
/** What came later than this came from a buffer or a file, and says nothing of a clock; what comes earlier is not taken in, seconds. */
const farthestS = 300;
/** Fewer fixes than this tell nothing. */
const fixesAtLeast = 60;
/** In fewer hours than this they may all come from one buffer, or one moment at which a server's own clock was out. */
const hoursAtLeast = 3;
/** Where so many of so many tags at least are out on one day, it is the server's clock or the line: nothing is learnt of any. */
const tooMany = { share: 0.2, tags: 20 };
/** The quickest of a wearing's fixes are passed over: a server's own clock may have been out for a moment. Share, and number at least. */
const passedOver = { share: 0.01, fixes: 2 };
/** Back from now so far it is looked each time, ms: a day, and what a job may be late. */
const backMs = 26 * 3_600_000;

/**
 * By how many seconds the clock of a tag may be out, from when its fixes came in. No fix comes before it was taken: one that does has a
 * clock that is ahead. One whose quickest fixes all are late may have a clock that is behind, or a slow line: that cannot be told apart.
 *
 * @param delays in order of `step`
 * @returns seconds, rounded up to whole steps; 0 where it is no more than is allowed for anybody's clock, or too little is known
 */
export function clockErrorOf(delays: readonly Delays[], allowedS: number = defaultParameters.clockErrorS): number {
  const all = delays.reduce((sum, { fixes }) => sum + fixes, 0);
  if (all < fixesAtLeast) return 0;
  const enough = Math.max(passedOver.fixes, passedOver.share * all);
  let seen = 0;
  const quickest = delays.find(({ fixes }) => {
    seen += fixes;
    return seen >= enough;
  });
  if (!quickest || quickest.step === 0) return 0;
  const errorS = stepS * (quickest.step < 0 ? -quickest.step : quickest.step + 1);
  return errorS > allowedS ? errorS : 0;
}

/**
 * Learns from the positions of the last day whose clock may be out by more than is allowed for anybody's. What was learnt of a wearing
 * never becomes less: earlier crimes rest on it.
 */
export const learnClocks: Action<{ fixes: FixStore }, { now: number }, { learnt: number }> = {
  name: 'tag.clocks',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, { fixes }, { now }) {
    const from = Math.round(now - backMs);
    const { count, columns } = await fixes.query(
      `WITH own AS (
         SELECT wearing, at_ms // 3600000 AS hour, CAST(floor((received_ms - at_ms) / ${1000 * stepS}.0) AS INTEGER) AS step, count(*) AS n FROM fixes
           WHERE at_ms >= ? AND received_ms >= ? AND abs(received_ms - at_ms) <= ${1000 * farthestS} AND wearing > 0 GROUP BY 1, 2, 3),
       seen AS (SELECT wearing FROM own GROUP BY wearing HAVING count(DISTINCT hour) >= ${hoursAtLeast})
       SELECT wearing, step, sum(n)::INTEGER AS fixes FROM own JOIN seen USING (wearing) GROUP BY wearing, step ORDER BY wearing, step`,
      { wearing: 'i32', step: 'i32', fixes: 'i32' },
      { values: [from - 1000 * farthestS, from], from: from - 1000 * farthestS },
    );
    const delays = new Map<number, Delays[]>();
    for (let i = 0; i < count; i++) {
      const wearing = columns.wearing[i] as number;
      const own = { step: columns.step[i] as number, fixes: columns.fixes[i] as number };
      const known = delays.get(wearing);
      if (known) known.push(own);
      else delays.set(wearing, [own]);
    }
    const found = [...delays].flatMap(([wearing, own]) => {
      const errorS = clockErrorOf(own);
      return errorS > 0 ? [{ wearing, errorS }] : [];
    });
    if (delays.size >= tooMany.tags && found.length > tooMany.share * delays.size) {
      note(null, { looked: delays.size, learnt: 0, outTogether: found.length });
      return { learnt: 0 };
    }
    const { numAffectedRows = 0n } = await sql`
      UPDATE supervision.wearings w SET clock_error_s = f."errorS"
        FROM jsonb_to_recordset(${JSON.stringify(found)}::jsonb) AS f (wearing integer, "errorS" integer)
        WHERE w.id = f.wearing AND coalesce(w.clock_error_s, 0) < f."errorS"`.execute(tx);
    note(null, { looked: delays.size, learnt: Number(numAffectedRows) });
    return { learnt: Number(numAffectedRows) };
  },
};
