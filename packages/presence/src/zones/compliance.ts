import { Temporal } from 'temporal-polyfill';
import type { Intervals } from './schedule.ts';
import type { Side, Span } from './watch.ts';

/** How a condition was kept over some time, ms. The three make up the time in which it held. */
export interface Compliance {
  /** Seen on the right side. */
  keptMs: number;
  /** Seen on the wrong side. */
  brokenMs: number;
  /** Without signal, or too near the edge to tell: neither kept nor broken. */
  unknownMs: number;
}

/**
 * Time on the right side, on the wrong side, and time of which nothing is known, within the hours that hold.
 *
 * @param right the side that is allowed
 * @param from,to the period looked at, ms since 1970
 */
export function complianceOf(spans: readonly Span[], right: Side, holds: Intervals, from: number, to: number): Compliance {
  let held = 0;
  let keptMs = 0;
  let brokenMs = 0;
  let first = 0;
  for (let h = 0; h < holds.length; h += 2) {
    const begin = Math.max(from, holds[h] as number);
    const end = Math.min(to, holds[h + 1] as number);
    if (begin >= end) continue;
    held += end - begin;
    while (first < spans.length && (spans[first] as Span).to <= begin) first++;
    for (let s = first; s < spans.length && (spans[s] as Span).from < end; s++) {
      const span = spans[s] as Span;
      const shared = Math.max(0, Math.min(end, span.to) - Math.max(begin, span.from));
      if (span.side === right) keptMs += shared;
      else brokenMs += shared;
    }
  }
  return { keptMs, brokenMs, unknownMs: Math.max(0, held - keptMs - brokenMs) };
}

/** The week from Monday to Monday, on the clock of the zone, that holds a moment, or one so many weeks later: ms since 1970. */
export function weekAt(moment: number, timeZone: string, weeksLater = 0): [from: number, to: number] {
  const day = Temporal.Instant.fromEpochMilliseconds(Math.floor(moment)).toZonedDateTimeISO(timeZone).toPlainDate();
  const monday = day.subtract({ days: day.dayOfWeek - 1 }).add({ days: 7 * weeksLater });
  return [monday, monday.add({ days: 7 })].map((own) => own.toZonedDateTime(timeZone).epochMilliseconds) as [number, number];
}

/** Weeks from Monday to Monday in local time that touch a period, oldest first: `[from, to)` in ms since 1970. */
export function weeksOf(from: number, to: number, timeZone: string): [from: number, to: number][] {
  const day = Temporal.Instant.fromEpochMilliseconds(Math.floor(from)).toZonedDateTimeISO(timeZone).toPlainDate();
  let monday = day.subtract({ days: day.dayOfWeek - 1 });
  const weeks: [number, number][] = [];
  for (;;) {
    const begin = monday.toZonedDateTime(timeZone).epochMilliseconds;
    if (begin >= to) return weeks;
    monday = monday.add({ days: 7 });
    weeks.push([begin, monday.toZonedDateTime(timeZone).epochMilliseconds]);
  }
}

/** One day in local time, ms since 1970. @throws RangeError when the date is none */
export function dayOf(date: string, timeZone: string): [from: number, to: number] {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw new RangeError(`“${date}” is no date`);
  const day = Temporal.PlainDate.from(date);
  return [day.toZonedDateTime(timeZone).epochMilliseconds, day.add({ days: 1 }).toZonedDateTime(timeZone).epochMilliseconds];
}

/** The date of a moment in local time, `YYYY-MM-DD`. */
export function dateOf(at: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(at)).toZonedDateTimeISO(timeZone).toPlainDate().toString();
}
