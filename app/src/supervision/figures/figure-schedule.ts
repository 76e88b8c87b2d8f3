import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, type Performer } from '../../platform/action.ts';
import { type Database, type Tx, withPurpose } from '../../platform/database.ts';
import { dayAfter } from '../../platform/days.ts';
import { countedLateDays, longestDays, nextTime, publishFigures } from './publish-figures.ts';

/** How often figures are published by themselves, in words. */
export const intervals = {
  never: 'Not by themselves',
  month: 'On the first of each month',
  quarter: 'On the first of each quarter',
} as const;
export type Interval = keyof typeof intervals;

/** What was decided last, and by whom; null where nobody has decided anything. */
export interface FigureSchedule {
  every: Interval;
  by: string;
  at: Date;
}

/** Decides how often figures are published by themselves. */
export const scheduleFigures: Action<null, { every: string }, { every: Interval }> = {
  name: 'figures.schedule',
  room: 'supervision',
  purpose: 'fairness',
  async run({ tx, actor, note }, _services, { every }) {
    note(null);
    if (!Object.hasOwn(intervals, every)) throw new InvalidError('Choose how often figures are published.', 'every');
    const chosen = every as Interval;
    const { id } = await tx
      .insertInto('supervision.figure_schedules')
      .values({ every: chosen, by_name: actor.name })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'figure schedule', id }, { every: chosen });
    return { every: chosen };
  },
};

async function latest(tx: Tx): Promise<FigureSchedule | null> {
  const row = await tx
    .selectFrom('supervision.figure_schedules')
    .select(['every', 'by_name as by', 'at'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? { ...row, every: row.every as Interval } : null;
}

/** Anybody's to read, as the figures are. */
export function figureSchedule(db: Database): Promise<FigureSchedule | null> {
  return withPurpose(db, 'supervision', 'transparency', latest);
}

/** The first day of a day's month, or of its quarter. */
export function firstOf(day: string, every: 'month' | 'quarter'): string {
  const month = Number(day.slice(5, 7));
  return `${day.slice(0, 5)}${String(every === 'month' ? month : month - ((month - 1) % 3)).padStart(2, '0')}-01`;
}

/**
 * Publishes the figures up to the first of this month or quarter where that was decided and has not been done; where hours of the last days are
 * yet to be counted, it waits for them for some nights.
 * @returns what was published; null where nothing is due
 */
export async function publishDueFigures(
  performer: Performer,
  { db, timeZone }: { db: Database; timeZone: string },
  today: string,
): Promise<{ id: number } | null> {
  const due = await withPurpose(db, 'supervision', 'fairness', async (tx) => {
    const schedule = await latest(tx);
    if (!schedule || schedule.every === 'never') return null;
    const upto = firstOf(today, schedule.every);
    const { from, to } = await nextTime(tx, upto, timeZone);
    if (from === null || to === null) return null;
    // After some nights hours are not waited for any more: figures end with the days that are counted.
    const isWhole = to === upto || to === dayAfter(from, longestDays) || today > dayAfter(upto, countedLateDays);
    return isWhole ? { upto, by: schedule.by } : null;
  });
  if (!due) return null;
  const system: Actor = { id: 'system', name: `Waymark, as ${due.by} decided`, role: 'system', purpose: 'fairness' };
  return performer.perform(system, publishFigures, { timeZone }, { today: due.upto });
}
