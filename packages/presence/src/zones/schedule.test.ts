import { describe, expect, test } from 'vitest';
import { type Intervals, intervalsOf, type Schedule } from './schedule.ts';

const everyDay = [1, 2, 3, 4, 5, 6, 7];
const london = 'Europe/London';

function schedule(more: Partial<Schedule>): Schedule {
  return { hours: [], from: Date.UTC(2026, 0, 1), to: Infinity, absences: [], ...more };
}

function asText(intervals: Intervals): string[] {
  const moment = (ms: number) => new Date(ms).toISOString().slice(0, 16);
  return Array.from(
    { length: intervals.length / 2 },
    (_, i) => `${moment(intervals[2 * i] as number)} ${moment(intervals[2 * i + 1] as number)}`,
  );
}

describe('hours that hold', () => {
  const night = schedule({ hours: [{ days: everyDay, from: '19:00', to: '07:00' }] });

  test('a night curfew in summer time, begun the evening before', () => {
    expect(asText(intervalsOf(night, Date.UTC(2026, 6, 1), Date.UTC(2026, 6, 2), london))).toEqual([
      '2026-07-01T00:00 2026-07-01T06:00',
      '2026-07-01T18:00 2026-07-02T00:00',
    ]);
  });

  test('the night of the last Sunday in March is an hour shorter, to the minute', () => {
    const [stretch] = asText(intervalsOf(night, Date.UTC(2026, 2, 28, 12), Date.UTC(2026, 2, 29, 12), london));
    expect(stretch).toBe('2026-03-28T19:00 2026-03-29T06:00');
  });

  test('the night of the last Sunday in October is an hour longer, to the minute', () => {
    const [stretch] = asText(intervalsOf(night, Date.UTC(2026, 9, 24, 12), Date.UTC(2026, 9, 25, 12), london));
    expect(stretch).toBe('2026-10-24T18:00 2026-10-25T07:00');
  });

  test.each([
    // Clocks go from 01:00 to 02:00: there is no 01:30, and it counts as 02:30.
    ['skipped', Date.UTC(2026, 2, 29), '01:30', '2026-03-29T01:30 2026-03-29T03:00'],
    // Clocks show 01:30 twice: the first counts.
    ['shown twice', Date.UTC(2026, 9, 25), '01:30', '2026-10-25T00:30 2026-10-25T04:00'],
  ])('a clock time that is %s', (_, day, from, expected) => {
    const hours = schedule({ hours: [{ days: [7], from, to: '04:00' }] });
    expect(asText(intervalsOf(hours, day, day + 86_400_000, london))).toEqual([expected]);
  });

  test('only the days named, and the whole day until 24:00', () => {
    const weekend = schedule({ hours: [{ days: [6, 7], from: '00:00', to: '24:00' }] });
    expect(asText(intervalsOf(weekend, Date.UTC(2026, 10, 16), Date.UTC(2026, 10, 30), london))).toEqual([
      '2026-11-21T00:00 2026-11-23T00:00',
      '2026-11-28T00:00 2026-11-30T00:00',
    ]);
  });

  test('hours that overlap are one stretch; what was authorised is taken out; dates bound it', () => {
    const both = schedule({
      hours: [
        { days: everyDay, from: '19:00', to: '23:00' },
        { days: everyDay, from: '22:00', to: '01:00' },
      ],
      from: Date.UTC(2026, 11, 1, 20),
      absences: [{ from: Date.UTC(2026, 11, 1, 21), to: Date.UTC(2026, 11, 1, 21, 30) }],
    });
    expect(asText(intervalsOf(both, Date.UTC(2026, 11, 1), Date.UTC(2026, 11, 2, 12), london))).toEqual([
      '2026-12-01T20:00 2026-12-01T21:00',
      '2026-12-01T21:30 2026-12-02T01:00',
    ]);
  });

  test('without hours it always holds, and outside its dates never', () => {
    const always = schedule({ to: Date.UTC(2026, 5, 1) });
    expect(asText(intervalsOf(always, Date.UTC(2026, 4, 31), Date.UTC(2026, 5, 3), london))).toEqual(['2026-05-31T00:00 2026-06-01T00:00']);
    expect(intervalsOf(always, Date.UTC(2026, 5, 2), Date.UTC(2026, 5, 3), london)).toHaveLength(0);
  });

  test.each(['7pm', '25:00', '12:60', ''])('"%s" is refused as a time of day', (from) => {
    const wrong = schedule({ hours: [{ days: everyDay, from, to: '20:00' }] });
    expect(() => intervalsOf(wrong, Date.UTC(2026, 6, 1), Date.UTC(2026, 6, 2), london)).toThrow(/write hours and minutes as 19:00/);
  });
});
