import { describe, expect, test } from 'vitest';
import { isDue } from './when-due.ts';

const london = 'Europe/London';
const daily = { atTime: '06:30', weekday: null };

describe('when a feed is due', () => {
  test.each([
    ['before its time', '2026-11-01T07:00:00Z', '2026-11-02T06:29:00Z', false],
    ['at its time', '2026-11-01T07:00:00Z', '2026-11-02T06:30:00Z', true],
    ['when it has been read since', '2026-11-02T06:31:00Z', '2026-11-02T22:00:00Z', false],
    ['when the server was down at its time', '2026-11-01T07:00:00Z', '2026-11-02T23:59:00Z', true],
    ['after a week without the server', '2026-10-20T07:00:00Z', '2026-11-02T03:00:00Z', true],
  ])('each day: %s', (_name, since, now, due) => {
    expect(isDue(daily, new Date(since), new Date(now), london)).toBe(due);
  });

  test('the time is of the place, in summer too', () => {
    const since = new Date('2026-07-01T12:00:00Z');
    expect(isDue(daily, since, new Date('2026-07-02T05:29:00Z'), london)).toBe(false);
    expect(isDue(daily, since, new Date('2026-07-02T05:30:00Z'), london)).toBe(true);
  });

  test('each week on its day, and not when it was set up after the last', () => {
    // 2 November 2026 is a Monday.
    const weekly = { atTime: '06:30', weekday: 1 };
    expect(isDue(weekly, new Date('2026-10-27T00:00:00Z'), new Date('2026-11-01T23:00:00Z'), london)).toBe(false);
    expect(isDue(weekly, new Date('2026-10-27T00:00:00Z'), new Date('2026-11-02T06:30:00Z'), london)).toBe(true);
    expect(isDue(weekly, new Date('2026-11-02T06:45:00Z'), new Date('2026-11-08T23:00:00Z'), london)).toBe(false);
    expect(isDue(weekly, new Date('2026-10-25T06:45:00Z'), new Date('2026-11-04T12:00:00Z'), london)).toBe(true);
  });

  test('an hour that the clock leaves out has come when it is over; one that comes twice counts once', () => {
    const atNight = { atTime: '01:30', weekday: null };
    // 29 March 2026: 01:00 becomes 02:00. 25 October 2026: 02:00 becomes 01:00.
    expect(isDue(atNight, new Date('2026-03-28T12:00:00Z'), new Date('2026-03-29T00:59:00Z'), london)).toBe(false);
    expect(isDue(atNight, new Date('2026-03-28T12:00:00Z'), new Date('2026-03-29T01:00:00Z'), london)).toBe(true);
    const first = new Date('2026-10-25T00:31:00Z');
    expect(isDue(atNight, new Date('2026-10-24T12:00:00Z'), first, london)).toBe(true);
    expect(isDue(atNight, first, new Date('2026-10-25T01:45:00Z'), london)).toBe(false);
  });
});
