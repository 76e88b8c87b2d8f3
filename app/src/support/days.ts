import { isCalendarDate } from '@waymark/linkage';

/** Is this a day that the calendar has, as `YYYY-MM-DD`, from 1900 on? */
export function isDay(text: string): boolean {
  return /^(19|2\d)\d\d-\d\d-\d\d$/.test(text) && isCalendarDate(text);
}

/** The day on which people in a time zone live at a moment, `YYYY-MM-DD`. */
export function dayIn(timeZone: string, moment: Date = new Date()): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(moment);
}
