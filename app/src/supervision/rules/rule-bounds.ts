import { dayOf } from '@waymark/presence';
import { InvalidError } from '../../platform/action.ts';
import { dayAfter } from '../../platform/days.ts';
import { readTime } from '../fixes/decode/index.ts';
import type { Rule } from './read-rule.ts';

/**
 * From when and until when a rule holds; until the order ends where it has no last day. Hours that began the night before the first day
 * are not of it, and those that begin on the last day go over midnight.
 * @throws InvalidError where its last day is over
 */
export function boundsOf(
  { firstDay, lastDay, hours }: Pick<Rule, 'firstDay' | 'lastDay' | 'hours'>,
  timeZone: string,
  now: number,
): { effectiveAt: Date; until: Date | null } {
  const opens = (day: string) => momentsOn(day, hours, timeZone).map(([from]) => from);
  const closes = (day: string) => momentsOn(day, hours, timeZone).map(([, to]) => to);
  const begins = firstDay === null ? now : Math.max(now, Math.min(dayOf(firstDay, timeZone)[1], ...opens(firstDay)));
  if (lastDay === null) return { effectiveAt: new Date(begins), until: null };
  const ends = closes(lastDay);
  const until = ends.length > 0 ? Math.max(...ends) : dayOf(lastDay, timeZone)[1];
  if (until <= now) throw new InvalidError('This is over already. Enter a day and hours that are still to come.', 'lastDay');
  return { effectiveAt: new Date(Math.min(begins, until - 1)), until: new Date(until) };
}

/** When the hours that begin on a day open and close, ms since 1970; a rule at all times opens with the day. */
function momentsOn(day: string, hours: Rule['hours'], timeZone: string): [from: number, to: number][] {
  const [midnight, next] = dayOf(day, timeZone);
  if (hours.length === 0) return [[midnight, next]];
  const weekday = ((new Date(Date.parse(day)).getUTCDay() + 6) % 7) + 1;
  const at = (on: string, clock: string) => (clock === '24:00' ? dayOf(on, timeZone)[1] : readTime(`${on} ${clock}`, timeZone));
  return hours
    .filter(({ days }) => days.includes(weekday))
    .map(({ from, to }) => [at(day, from), at(to <= from ? dayAfter(day, 1) : day, to)]);
}
