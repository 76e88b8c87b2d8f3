import type { Action } from '../../platform/action.ts';
import type { Waiting } from '../../platform/waiting.ts';
import { drawSample } from '../sample/index.ts';

/** What waits for an auditor: the looks of the month before that nobody has checked. @param today `YYYY-MM-DD` */
export const waitingForAuditors: Action<{ timeZone: string }, { today: string }, Waiting[]> = {
  name: 'waiting.list',
  room: 'oversight',
  purpose: 'oversight',
  async run(context, services, { today }) {
    const quiet = { ...context, note: () => undefined };
    const leftOf = async (month: string) =>
      (await drawSample.run(quiet, services, { month, today })).looks.filter(({ checks }) => checks.length === 0).length;
    const thisMonth = today.slice(0, 7);
    const before = monthBefore(thisMonth);
    context.note(null);
    return [
      { what: 'looks of last month’s sample to check', count: await leftOf(before), href: `/sample?month=${before}` },
      { what: 'looks of this month’s sample so far', count: await leftOf(thisMonth), href: `/sample?month=${thisMonth}` },
    ];
  },
};

/** @param month `YYYY-MM`, given and returned */
function monthBefore(month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return number === 1 ? `${year - 1}-12` : `${year}-${String(number - 1).padStart(2, '0')}`;
}
