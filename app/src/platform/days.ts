import { isCalendarDate } from '@waymark/linkage';

/** A moment as a field of a form has it, to the minute: `2027-03-07 09:00`. */
export function inputTime(at: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(at);
}

/** Is this a day that the calendar has, as `YYYY-MM-DD`, from 1900 on? */
export function isDay(text: string): boolean {
  return /^(19|2\d)\d\d-\d\d-\d\d$/.test(text) && isCalendarDate(text);
}

/** Where it is which day: the zone in which people live, and a clock that tests can set. */
export interface Calendar {
  timeZone: string;
  now?: () => Date;
}

/** The day it is, `YYYY-MM-DD`. */
export function todayOf({ timeZone, now = () => new Date() }: Calendar): string {
  return dayIn(timeZone, now());
}

/** The day on which people in a time zone live at a moment, `YYYY-MM-DD`. */
export function dayIn(timeZone: string, moment: Date = new Date()): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(moment);
}

/** The day so many days after another, or before it: `YYYY-MM-DD` both. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}
