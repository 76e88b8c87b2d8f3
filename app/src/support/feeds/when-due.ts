import { dayIn } from '../../platform/days.ts';

/** When a feed is read: each day, or each week on a day (0 is Sunday), at a time of the place's own clock, `HH:MM`. */
export interface FeedTimes {
  atTime: string;
  weekday: number | null;
}

const dayMs = 86_400_000;

function clockIn(timeZone: string, moment: Date): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(moment);
}

/** A moment on the place's own clock, so that texts sort as moments do: `2026-11-22 06:30`. */
function onClock(timeZone: string, moment: Date): string {
  return `${dayIn(timeZone, moment)} ${clockIn(timeZone, moment)}`;
}

/**
 * Has a time at which the feed was to be read come since it last was, or since it was set up? An hour that the clock leaves out
 * counts as come when it is over, and one that comes twice counts once.
 */
export function isDue({ atTime, weekday }: FeedTimes, since: Date, now: Date, timeZone: string): boolean {
  const clock = onClock(timeZone, now);
  for (let back = 0; back <= 7; back++) {
    const day = new Date(Date.parse(`${clock.slice(0, 10)}T00:00:00Z`) - back * dayMs);
    if (weekday !== null && day.getUTCDay() !== weekday) continue;
    const time = `${day.toISOString().slice(0, 10)} ${atTime}`;
    if (time <= clock) return onClock(timeZone, since) < time;
  }
  return false;
}
