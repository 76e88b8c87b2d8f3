import { sql } from 'kysely';
import { type Action, InvalidError } from '../../platform/action.ts';
import { type Database, type Tx, withPurpose } from '../../platform/database.ts';
import { dayAfter } from '../../platform/days.ts';
import { readTime } from '../fixes/decode/index.ts';
import type {} from '../schema/tables.ts';
import type { Figures } from './figure-table.ts';
import { type Question, questions } from './questions.ts';
import { type Asked, workOutFigures } from './work-out.ts';

/** Figures are over so many days at least: of fewer, little could be told that is not of somebody. */
export const leastDays = 14;
/** And over so many at most: a year. */
export const longestDays = 366;
const dayMs = 86_400_000;
/** Where hours have not been counted for longer, figures do without them, days. */
export const countedLateDays = 3;

/** When figures can be published next, where they cannot be today: hours of yesterday may be counted tomorrow only. */
const nextOn = (from: string, today: string): string => {
  const on = dayAfter(from, leastDays);
  return on > today ? on : dayAfter(today, 1);
};

/**
 * The next time that can be published: from where the last ended up to a day, which is not in it. It ends earlier where hours of the last days
 * are yet to be counted, and after a year. Null while it is too short.
 */
export async function nextTime(
  tx: Tx,
  upto: string,
  timeZone: string,
): Promise<{ from: string; to: string } | { from: string | null; to: null }> {
  const { rows } = await sql<{ from: string | null; counted: string | null }>`
    SELECT coalesce((SELECT max(to_on)::text FROM supervision.published_figures),
      (SELECT (min(starts_at) AT TIME ZONE ${timeZone})::date::text FROM supervision.wearings)) AS "from",
      (SELECT (max(day) + 1)::text FROM supervision.days_counted) AS counted`.execute(tx);
  const { from = null, counted = null } = rows[0] ?? {};
  // Hours of yesterday are counted in the night; what is published before ends a day earlier, rather than without them.
  const end = counted !== null && counted < upto && counted >= dayAfter(upto, -countedLateDays) ? counted : upto;
  if (from === null || Date.parse(end) - Date.parse(from) < leastDays * dayMs) return { from, to: null };
  // What is published once is not published again.
  const latest = dayAfter(from, longestDays);
  return { from, to: latest < end ? latest : end };
}

async function ask(tx: Tx): Promise<Asked> {
  const rows = async (question: Question) => (await sql.raw(questions[question]).execute(tx)).rows;
  return {
    people: (await rows('people')) as Asked['people'],
    alerts: (await rows('alerts')) as Asked['alerts'],
    hours: (await rows('hours')) as Asked['hours'],
    worn: (await rows('worn')) as Asked['worn'],
    seen: (await rows('seen')) as Asked['seen'],
    requests: (await rows('requests')) as Asked['requests'],
    reviews: (await rows('reviews')) as Asked['reviews'],
  };
}

/**
 * Publishes figures from where the last ones ended up to yesterday, by groups and without any small number. What is published stays as it is:
 * no two publications are over the same day, so that none can be taken from another to tell of somebody.
 */
export const publishFigures: Action<{ timeZone: string }, { today: string }, { id: number; from: string; to: string }> = {
  name: 'figures.publish',
  room: 'supervision',
  purpose: 'fairness',
  async run({ tx, actor, note }, { timeZone }, { today }) {
    note(null);
    // Two who publish at once would publish the same time: the second finds the first's.
    await sql`SELECT pg_advisory_xact_lock(hashtext('supervision.published_figures'))`.execute(tx);
    const { from, to } = await nextTime(tx, today, timeZone);
    if (from === null || to === null)
      throw new InvalidError(
        from === null
          ? 'Nobody has worn a tag yet: there is nothing to publish.'
          : `Figures are over ${leastDays} days at least. The next can be published on ${nextOn(from, today)}.`,
        'publish',
      );
    const at = (day: string) => new Date(readTime(`${day} 00:00`, timeZone)).toISOString();
    await sql`SELECT set_config('waymark.figures_from', ${at(from)}, true), set_config('waymark.figures_to', ${at(to)}, true),
      set_config('waymark.figures_first_day', ${from}, true), set_config('waymark.figures_last_day', ${dayAfter(to, -1)}, true)`.execute(
      tx,
    );
    const content = workOutFigures(await ask(tx));
    const { id } = await tx
      .insertInto('supervision.published_figures')
      .values({ from_on: from, to_on: to, content: JSON.stringify({ ...content, questions }), by_name: actor.name })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'figures', id }, { from, to, tables: content.tables.length });
    return { id, from, to };
  },
};

/** What the comparison of groups rests on, in numbers: how many people have said what, and when figures can be published next. */
export const readEquality: Action<
  { timeZone: string },
  { today: string },
  { people: number; said: { kind: string; people: number }[]; next: { from: string | null; to: string | null; on: string | null } }
> = {
  name: 'equality.read',
  room: 'supervision',
  purpose: 'fairness',
  async run({ tx, note }, { timeZone }, { today }) {
    note(null);
    const { rows } = await sql<{ people: number }>`
      SELECT count(DISTINCT subject_id)::int AS people FROM supervision.wearings WHERE ends_at IS NULL OR ends_at > now()`.execute(tx);
    const { rows: said } = await sql<{ kind: string; people: number }>`
      SELECT k.kind, (SELECT count(*)::int FROM supervision.characteristics c WHERE c.kind = k.kind AND c.value <> 'not said') AS people
        FROM unnest(ARRAY['ethnicity', 'sex', 'disability']) WITH ORDINALITY AS k (kind, n) ORDER BY k.n`.execute(tx);
    const next = await nextTime(tx, today, timeZone);
    return {
      people: rows[0]?.people ?? 0,
      said,
      next: { ...next, on: next.from !== null && next.to === null ? nextOn(next.from, today) : null },
    };
  },
};

/** One publication: from the first day to the last, both in it. */
export interface PublishedFigures {
  id: number;
  from: string;
  to: string;
  by: string;
  at: Date;
}

/** What was published, the latest first: anybody's to read. */
export async function publishedFigures(db: Database): Promise<PublishedFigures[]> {
  return withPurpose(db, 'supervision', 'transparency', async (tx) => {
    const { rows } = await sql<PublishedFigures>`
      SELECT id, from_on::text AS "from", (to_on - 1)::text AS "to", by_name AS by, at FROM supervision.published_figures ORDER BY from_on DESC LIMIT 400`.execute(
      tx,
    );
    return rows;
  });
}

/** The tables of one publication; null where there is none. */
export async function figuresOf(db: Database, id: number): Promise<Figures | null> {
  return withPurpose(db, 'supervision', 'transparency', async (tx) => {
    const row = await tx.selectFrom('supervision.published_figures').select('content').where('id', '=', id).executeTakeFirst();
    return (row?.content as Figures | undefined) ?? null;
  });
}
