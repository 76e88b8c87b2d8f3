import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complianceOf, dateOf, dayOf, weekAt, weeksOf } from './compliance.ts';
import type { Side, Span } from './watch.ts';

const hour = 3_600_000;
const start = Date.UTC(2026, 8, 7);
const span = (side: Side, from: number, to: number): Span => ({
  side,
  from: start + from * hour,
  to: start + to * hour,
  confirmedAt: start + from * hour,
  lastFixAt: start + to * hour,
  ended: 'turned',
  evidence: [],
});
const hours = (...bounds: number[]) => Float64Array.from(bounds, (bound) => start + bound * hour);

describe('compliance', () => {
  test('kept, broken and unknown time within the hours; what is outside them counts for nothing', () => {
    const spans = [span('in', 18, 22), span('out', 22, 23), span('in', 25, 30), span('out', 30, 48)];
    const result = complianceOf(spans, 'in', hours(21, 30), start, start + 48 * hour);
    expect(result).toEqual({ keptMs: 6 * hour, brokenMs: hour, unknownMs: 2 * hour });
  });

  test('signal loss is unknown, never broken', () => {
    expect(complianceOf([], 'in', hours(21, 30), start, start + 48 * hour)).toEqual({ keptMs: 0, brokenMs: 0, unknownMs: 9 * hour });
  });

  test('over any hours and any cut of the period the parts add up', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ side: fc.constantFrom<Side>('in', 'out'), gap: fc.nat({ max: 5 }), length: fc.integer({ min: 1, max: 6 }) }), {
          maxLength: 20,
        }),
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 99 }),
        (draws, lengths, cut) => {
          let at = 0;
          const spans = draws.map(({ side, gap, length }) => {
            at += gap + length;
            return span(side, at - length, at);
          });
          let bound = 0;
          const holds = hours(...lengths.slice(0, 2 * Math.floor(lengths.length / 2)).map((length) => (bound += length)));
          const whole = complianceOf(spans, 'in', holds, start, start + 100 * hour);
          const parts = [
            complianceOf(spans, 'in', holds, start, start + cut * hour),
            complianceOf(spans, 'in', holds, start + cut * hour, start + 100 * hour),
          ];
          for (const key of ['keptMs', 'brokenMs', 'unknownMs'] as const)
            expect((parts[0]?.[key] ?? 0) + (parts[1]?.[key] ?? 0)).toBe(whole[key]);
          let held = 0;
          for (let h = 0; h < holds.length; h += 2) held += (holds[h + 1] as number) - (holds[h] as number);
          expect(whole.keptMs + whole.brokenMs + whole.unknownMs).toBe(held);
        },
      ),
      { seed: 3 },
    );
  });

  test('weeks go from Monday to Monday on the clock, an hour longer when it goes back', () => {
    const weeks = weeksOf(Date.UTC(2026, 9, 22), Date.UTC(2026, 9, 27), 'Europe/London');
    expect(weeks.map((bounds) => bounds.map((at) => new Date(at).toISOString()))).toEqual([
      ['2026-10-18T23:00:00.000Z', '2026-10-26T00:00:00.000Z'],
      ['2026-10-26T00:00:00.000Z', '2026-11-02T00:00:00.000Z'],
    ]);
    expect(weeksOf(5, 5, 'Europe/London').length).toBeLessThanOrEqual(1);
  });

  test('a week so many weeks away is the one of that Monday, over a change of clocks as well', () => {
    const mondays = (at: number) => [0, -1, -2, 1].map((later) => dateOf(weekAt(at, 'Europe/London', later)[0], 'Europe/London'));
    expect(mondays(Date.UTC(2026, 2, 29, 23, 30))).toEqual(['2026-03-30', '2026-03-23', '2026-03-16', '2026-04-06']);
    expect(mondays(Date.UTC(2026, 9, 25, 23, 30))).toEqual(['2026-10-19', '2026-10-12', '2026-10-05', '2026-10-26']);
    const [from, to] = weekAt(Date.UTC(2026, 9, 20), 'Europe/London');
    expect((to - from) / 3_600_000).toBe(7 * 24 + 1);
  });

  test('a day on the clock', () => {
    const [from, to] = dayOf('2026-10-25', 'Europe/London');
    expect(to - from).toBe(25 * hour);
    expect(dateOf(from, 'Europe/London')).toBe('2026-10-25');
    expect(() => dayOf('2026-13-01', 'Europe/London')).toThrow(RangeError);
  });
});
