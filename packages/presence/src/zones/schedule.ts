import { Temporal } from 'temporal-polyfill';

/** Hours of the week in local time: from a day's `from` up to `to`, over midnight when `to` is not later. */
export interface WeeklyHours {
  /** 1 Monday to 7 Sunday: the day on which the hours begin. */
  days: number[];
  /** `HH:MM`, clock time. `24:00` as an end is midnight. */
  from: string;
  to: string;
}

/** When a condition holds: hours of the week (always, if there are none) between two dates, less what was authorised. */
export interface Schedule {
  hours: WeeklyHours[];
  /** Ms since 1970; `to` may be Infinity. */
  from: number;
  to: number;
  absences: { from: number; to: number }[];
}

/** Stretches of time, sorted and apart: `[from, to)` in ms since 1970, one after another. */
export type Intervals = Float64Array;

const dayMs = 86_400_000;

/**
 * The stretches in which a schedule holds between two moments.
 *
 * Clock times are read in the zone. A time that clocks skip counts as that much after the skip, one they show twice as its
 * first showing (RFC 5545, 3.3.5), so hours over a clock change are an hour shorter or longer, right to the minute.
 */
export function intervalsOf(schedule: Schedule, from: number, to: number, timeZone: string): Intervals {
  const begin = Math.max(from, schedule.from);
  const end = Math.min(to, schedule.to);
  if (!(begin < end)) return new Float64Array(0);
  const wanted: [number, number][] = schedule.hours.length === 0 ? [[begin, end]] : clockHours(schedule.hours, begin, end, timeZone);
  return Float64Array.from(without(merged(wanted), merged(schedule.absences.map(({ from: a, to: b }) => [a, b]))).flat());
}

function clockHours(hours: WeeklyHours[], begin: number, end: number, timeZone: string): [number, number][] {
  const found: [number, number][] = [];
  // Hours that began the day before may still run.
  let day = Temporal.Instant.fromEpochMilliseconds(Math.floor(begin - dayMs))
    .toZonedDateTimeISO(timeZone)
    .toPlainDate();
  const last = Temporal.Instant.fromEpochMilliseconds(Math.ceil(end)).toZonedDateTimeISO(timeZone).toPlainDate();
  for (; Temporal.PlainDate.compare(day, last) <= 0; day = day.add({ days: 1 })) {
    for (const { days, from, to } of hours) {
      if (!days.includes(day.dayOfWeek)) continue;
      const opens = instantOf(day, from, timeZone);
      const closes = instantOf(minutesOf(to) > minutesOf(from) ? day : day.add({ days: 1 }), to, timeZone);
      const [a, b] = [Math.max(begin, opens), Math.min(end, closes)];
      if (a < b) found.push([a, b]);
    }
  }
  return found;
}

function minutesOf(clock: string): number {
  const match = /^(\d{2}):(\d{2})$/.exec(clock);
  const minutes = match ? Number(match[1]) * 60 + Number(match[2]) : Number.NaN;
  if (!(minutes <= 24 * 60) || Number(match?.[2]) > 59)
    throw new RangeError(`"${clock}" is no time of day; write hours and minutes as 19:00`);
  return minutes;
}

function instantOf(day: Temporal.PlainDate, clock: string, timeZone: string): number {
  const minutes = minutesOf(clock);
  const date = minutes === 24 * 60 ? day.add({ days: 1 }) : day;
  const time = new Temporal.PlainTime(Math.floor(minutes / 60) % 24, minutes % 60);
  return date.toPlainDateTime(time).toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds;
}

/** Sorted, with what overlaps or touches as one. */
function merged(stretches: [number, number][]): [number, number][] {
  const sorted = stretches.filter(([a, b]) => a < b).sort((x, y) => x[0] - y[0]);
  const result: [number, number][] = [];
  for (const [a, b] of sorted) {
    const last = result[result.length - 1];
    if (last && a <= last[1]) last[1] = Math.max(last[1], b);
    else result.push([a, b]);
  }
  return result;
}

function without(stretches: [number, number][], taken: [number, number][]): [number, number][] {
  const result: [number, number][] = [];
  for (const [from, to] of stretches) {
    let begin = from;
    for (const [a, b] of taken) {
      if (b <= begin || a >= to) continue;
      if (a > begin) result.push([begin, a]);
      begin = Math.max(begin, b);
    }
    if (begin < to) result.push([begin, to]);
  }
  return result;
}
