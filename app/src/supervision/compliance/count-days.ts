import type { Compliance } from '@waymark/presence';
import { sql } from 'kysely';
import type { Actor } from '../../platform/access.ts';
import type { Action, Performer } from '../../platform/action.ts';
import { breather } from '../../platform/breathe.ts';
import type { Tx } from '../../platform/database.ts';
import { dayAfter, dayIn } from '../../platform/days.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { readTime } from '../fixes/decode/index.ts';
import { zonesOfWearings } from '../zones/index.ts';
import { keptBy, sumsOf } from './read-compliance.ts';

/** Days that were never counted are counted so far back; figures over days before them tell nothing of hours. */
const daysBack = 92;
/** These latest days are counted again each time: positions come late. */
const daysAgain = 3;
/** Wearings in one step of the work, which is one transaction. */
const inOneStep = 50;

interface Services {
  fixes: FixStore;
  timeZone: string;
}

/**
 * What there is to count: whole days up to the one before today, from what is published on, and who wore a tag on them. Null where there is
 * none. Days are those of the time zone; the last is not in it.
 */
const planDays: Action<{ timeZone: string }, { now: number }, { from: string; to: string; wearings: number[] } | null> = {
  name: 'hours.count',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, { timeZone }, { now }) {
    const to = dayIn(timeZone, new Date(now));
    const { rows } = await sql<{ published: string | null; counted: string | null; worn: Date | null }>`
      SELECT (SELECT max(to_on)::text FROM supervision.published_figures) AS published, (SELECT max(day)::text FROM supervision.days_counted) AS counted,
        (SELECT min(starts_at) FROM supervision.wearings) AS worn`.execute(tx);
    const { published = null, counted = null, worn = null } = rows[0] ?? {};
    note(null);
    if (worn === null) return null;
    // The last of several beginnings; ISO days are in order as they are in time.
    const from = [
      published ?? dayIn(timeZone, worn),
      dayAfter(to, -daysBack),
      counted === null ? '' : dayAfter(counted, 1 - daysAgain),
    ].reduce((latest, day) => (day > latest ? day : latest));
    if (from >= to) return null;
    const at = (day: string) => new Date(readTime(`${day} 00:00`, timeZone));
    const wearings = await tx
      .selectFrom('supervision.wearings')
      .select('id')
      .where('starts_at', '<', at(to))
      // A tag that was closed for days that are counted already is counted again as well: it has no hours on them.
      .where((eb) =>
        eb.or([
          eb('ends_at', 'is', null),
          eb('ends_at', '>', at(from)),
          sql<boolean>`id IN (SELECT d.wearing_id FROM supervision.days_kept d WHERE d.day >= ${from}::date)`,
        ]),
      )
      .orderBy('id')
      .execute();
    return { from, to, wearings: wearings.map(({ id }) => id) };
  },
};

/** Counts some wearings' days, and says of the days that they are counted where these are the last. */
const countDays: Action<Services, { from: string; to: string; wearings: readonly number[]; isLast: boolean }, { rows: number }> = {
  name: 'hours.count',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, { fixes, timeZone }, { from, to, wearings, isLast }) {
    const midnights: { day: string; at: number }[] = [];
    for (let day = from; day <= to; day = dayAfter(day, 1)) midnights.push({ day, at: readTime(`${day} 00:00`, timeZone) });
    const period = { from: midnights[0]?.at ?? 0, to: midnights.at(-1)?.at ?? 0 };
    const zones = await zonesOfWearings(tx, wearings);
    const worn = await tx
      .selectFrom('supervision.wearings')
      .select(['id', 'starts_at', 'ends_at'])
      .where('id', 'in', [0, ...wearings])
      .execute();
    const found: { wearing_id: number; day: string; kept_s: number; broken_s: number; unknown_s: number }[] = [];
    const breathe = breather();
    for (const { id, starts_at, ends_at } of worn) {
      if (!zones.some((zone) => zone.wearing_id === id && zone.kind !== 'exclusion')) continue;
      await breathe();
      const own = { from: Math.max(period.from, starts_at.getTime()), to: Math.min(period.to, ends_at?.getTime() ?? Infinity) };
      if (own.from >= own.to) continue;
      const kept = await keptBy(tx, fixes, id, own, timeZone, zones);
      midnights.slice(0, -1).forEach(({ day, at }, i) => {
        const [begins, ends] = [Math.max(at, own.from), Math.min(midnights[i + 1]?.at ?? at, own.to)];
        if (begins >= ends) return;
        const stay = inSeconds(sumsOf(kept(begins, ends)).stay);
        if (stay.kept_s + stay.broken_s + stay.unknown_s > 0) found.push({ wearing_id: id, day, ...stay });
      });
    }
    await replaceDays(tx, { from, to, wearings, found });
    if (isLast)
      await sql`
        INSERT INTO supervision.days_counted (day) SELECT d::date FROM generate_series(${from}::date, ${to}::date - 1, interval '1 day') d
          ON CONFLICT DO NOTHING`.execute(tx);
    note(null, { from, to, wearings: wearings.length, days: found.length });
    return { rows: found.length };
  },
};

const inSeconds = ({ keptMs, brokenMs, unknownMs }: Compliance) => ({
  kept_s: Math.round(keptMs / 1000),
  broken_s: Math.round(brokenMs / 1000),
  unknown_s: Math.round(unknownMs / 1000),
});

async function replaceDays(
  tx: Tx,
  { from, to, wearings, found }: { from: string; to: string; wearings: readonly number[]; found: readonly object[] },
): Promise<void> {
  // Hours that were let go of since are none: only retention removes rows.
  await sql`
    UPDATE supervision.days_kept SET kept_s = 0, broken_s = 0, unknown_s = 0
      WHERE wearing_id = ANY(${wearings}::int[]) AND day >= ${from}::date AND day < ${to}::date`.execute(tx);
  await sql`
    INSERT INTO supervision.days_kept (wearing_id, day, kept_s, broken_s, unknown_s)
      SELECT f.wearing_id, f.day, f.kept_s, f.broken_s, f.unknown_s
        FROM jsonb_to_recordset(${JSON.stringify(found)}::jsonb) AS f (wearing_id integer, day date, kept_s integer, broken_s integer, unknown_s integer)
      ON CONFLICT (wearing_id, day) DO UPDATE SET kept_s = excluded.kept_s, broken_s = excluded.broken_s, unknown_s = excluded.unknown_s`.execute(
    tx,
  );
}

/**
 * Counts for every day that is over how long each person was where they had to be, was not, or nobody knows: for figures about many, which
 * cannot be worked out from the positions of twenty thousand people when somebody asks. Days that are counted already are left as they are,
 * but for the latest.
 *
 * @returns how many days of how many wearings were counted
 */
export async function countDaysKept(
  performer: Performer,
  services: Services,
  actor: Actor,
  now: number,
): Promise<{ wearings: number; rows: number }> {
  const plan = await performer.perform(actor, planDays, services, { now });
  if (!plan) return { wearings: 0, rows: 0 };
  const { from, to, wearings } = plan;
  let rows = 0;
  for (let i = 0; i === 0 || i < wearings.length; i += inOneStep) {
    const step = { from, to, wearings: wearings.slice(i, i + inOneStep), isLast: i + inOneStep >= wearings.length };
    rows += (await performer.perform(actor, countDays, services, step)).rows;
  }
  return { wearings: wearings.length, rows };
}
