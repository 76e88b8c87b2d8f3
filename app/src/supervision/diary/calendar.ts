import ical, { ICalCalendarMethod, ICalEventStatus } from 'ical-generator';

/** One entry of a calendar. Times in ms since 1970 would not do: calendars show them where their owner is. */
export interface CalendarEntry {
  id: number;
  title: string;
  startsAt: Date;
  endsAt: Date;
  place: string;
  state: string;
  /** Where more is told; empty where it is not. */
  path: string;
}

/**
 * A calendar as calendar programs follow it (RFC 5545). What is called off stays in it, as cancelled, so that it goes from calendars that
 * have it already.
 * @param at where this server is known, for links and lasting names of entries; null where it is not said
 */
export function calendarOf(entries: readonly CalendarEntry[], name: string, at: string | null): string {
  const calendar = ical({ name, method: ICalCalendarMethod.PUBLISH, prodId: { company: 'Waymark', product: 'Waymark', language: 'EN' } });
  const host = at ? new URL(at).host : 'waymark.invalid';
  for (const { id, title, startsAt, endsAt, place, state, path } of entries) {
    const event = calendar.createEvent({ id: `appointment-${id}@${host}`, start: startsAt, end: endsAt, summary: title });
    if (place) event.location(place);
    if (path && at) event.url(new URL(path, at).href);
    event.status(state === 'called off' ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED);
  }
  return calendar.toString();
}
