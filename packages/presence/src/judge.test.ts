import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { home, judge, pointAt, trackOf } from '../test/tracks.ts';
import { fromPlane, type Place, type Track, verdictCode } from './index.ts';

const parked = (x: number, y: number, minutes = 60): Track => trackOf(Array.from({ length: minutes + 1 }, (_, i) => [i * 60, x, y]));

describe('judging one wearer and one crime', () => {
  test('parked at the place is present, with near certainty', () => {
    const out = judge(parked(0, 0), pointAt(20, 0), 600, 1800);
    expect(out.verdict).toBe(verdictCode.present);
    expect(out.pWindow).toBeGreaterThan(0.99);
    expect(out.pMoment).toBeGreaterThan(0.99);
    expect(out.coverage).toBe(1);
    expect(out.fixes).toBe(21);
    expect(out.closestM).toBeCloseTo(20, 0);
  });

  test('five kilometres off all the while is impossible', () => {
    expect(judge(parked(0, 0), pointAt(5000, 0), 600, 1800).verdict).toBe(verdictCode.impossible);
  });

  test('parked 900 m off with a fix each minute is excluded, but physics alone would have allowed it', () => {
    const out = judge(parked(0, 0), pointAt(900, 0), 600, 1800);
    expect(out.verdict).toBe(verdictCode.notPlausible);
    expect(out.pWindow).toBeLessThan(0.001);
  });

  test('a gap long enough to get there and back is unknown, and says so', () => {
    const track = trackOf([
      [0, 0, 0],
      [60, 0, 0],
      [1800, 0, 0],
      [1860, 0, 0],
    ]);
    const out = judge(track, pointAt(5000, 0), 300, 1500);
    expect(out.verdict).toBe(verdictCode.unknown);
    expect(out.gapS).toBe(1740);
    expect(out.coverage).toBe(0);
  });

  test('after the last fix nothing is known', () => {
    const out = judge(parked(0, 0), pointAt(0, 0), 7200, 7800);
    expect(out.verdict).toBe(verdictCode.unknown);
    expect(out.pWindow).toBeNaN();
  });

  test('no fixes at all is unknown', () => {
    expect(judge(trackOf([]), pointAt(0, 0), 0, 60).verdict).toBe(verdictCode.unknown);
  });

  test('one fix that jumps to the place and back does not make anyone present', () => {
    const points = Array.from({ length: 61 }, (_, i): [number, number, number] => [i * 60, i === 20 ? 400 : 0, 0]);
    expect(judge(trackOf(points, 5), pointAt(400, 0), 600, 1800).verdict).not.toBe(verdictCode.present);
  });

  test('a whole minute of fixes displaced by 200 m, each claiming 2 m, excludes nobody who was there', () => {
    // The wearer is at the place; the receiver is not to be believed for the whole of a short window.
    const points = Array.from({ length: 40 }, (_, i): [number, number, number] => [i * 15, i >= 10 && i <= 20 ? 200 : 0, 0]);
    const { verdict } = judge(trackOf(points, 2), pointAt(0, 0), 180, 270);
    expect([verdictCode.impossible, verdictCode.notPlausible]).not.toContain(verdict);
  });

  test('a speed above the greatest never empties the prism', () => {
    // 60 m/s, as on a train; the place lies on the way.
    const points = Array.from({ length: 20 }, (_, i): [number, number, number] => [i * 60, i * 3600, 0]);
    const { verdict } = judge(trackOf(points), pointAt(5 * 3600 + 1800, 0), 300, 360);
    expect([verdictCode.impossible, verdictCode.notPlausible]).not.toContain(verdict);
  });

  test('an instant as a window', () => {
    expect(judge(parked(0, 0), pointAt(0, 0), 600, 600).verdict).toBe(verdictCode.present);
    expect(judge(parked(0, 0), pointAt(0, 0), 630, 630).verdict).toBe(verdictCode.present);
  });

  test('an area: inside it is present, far from it is not', () => {
    const ring = (
      [
        [-50, -50],
        [50, -50],
        [50, 50],
        [-50, 50],
        [-50, -50],
      ] as const
    ).map(([x, y]) => fromPlane(home, x, y)) as [number, number][];
    const area: Place = { kind: 'polygon', rings: [ring], uncertaintyM: 0 };
    expect(judge(parked(0, 0), area, 600, 1200).verdict).toBe(verdictCode.present);
    expect(judge(parked(3000, 0), area, 600, 1200).verdict).toBe(verdictCode.impossible);
  });
});

/** Walks with stops and gaps, from a seed of numbers. */
const walks = fc
  .array(
    fc.record({
      wait: fc.integer({ min: 5, max: 900 }),
      dx: fc.integer({ min: -1500, max: 1500 }),
      dy: fc.integer({ min: -1500, max: 1500 }),
      still: fc.boolean(),
    }),
    {
      minLength: 1,
      maxLength: 200,
    },
  )
  .map((steps) => {
    let t = 0;
    let x = 0;
    let y = 0;
    return steps.map(({ wait, dx, dy, still }): [number, number, number] => {
      t += wait;
      if (!still) {
        x += dx;
        y += dy;
      }
      return [t, x, y];
    });
  });

describe('properties', () => {
  test('passing over far blocks gives the same answers as reading every fix', () => {
    fc.assert(
      fc.property(
        walks,
        fc.integer({ min: -4000, max: 4000 }),
        fc.integer({ min: -4000, max: 4000 }),
        fc.integer({ min: 0, max: 50_000 }),
        fc.integer({ min: 0, max: 40_000 }),
        (points, x, y, from, length) => {
          const track = trackOf(points);
          const fast = judge(track, pointAt(x, y), from, from + length);
          const slow = judge(track, pointAt(x, y), from, from + length, true);
          expect(fast.verdict).toBe(slow.verdict);
          expect(fast.closestM).toEqual(slow.closestM);
          expect(fast.fixesWithin).toBe(slow.fixesWithin);
          expect(fast.coverage).toBe(slow.coverage);
          if (Number.isFinite(slow.pWindow)) expect(fast.pWindow).toBeCloseTo(slow.pWindow, 4);
        },
      ),
      { seed: 20_261_121, numRuns: 400 },
    );
  });

  test('a wearer whose own fix stands at the place within the window is never excluded', () => {
    fc.assert(
      fc.property(walks, fc.nat(), (points, pick) => {
        const [t, x, y] = points[pick % points.length] as [number, number, number];
        const { verdict } = judge(trackOf(points), pointAt(x, y), t, t);
        expect([verdictCode.impossible, verdictCode.notPlausible]).not.toContain(verdict);
      }),
      { seed: 20_261_122, numRuns: 400 },
    );
  });

  test('probabilities are probabilities, and a moment is never likelier than the window', () => {
    fc.assert(
      fc.property(
        walks,
        fc.integer({ min: -1500, max: 1500 }),
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 0, max: 20_000 }),
        (points, x, from, length) => {
          const { pMoment, pWindow, coverage } = judge(trackOf(points), pointAt(x, 0), from, from + length);
          expect(coverage).toBeGreaterThanOrEqual(0);
          expect(coverage).toBeLessThanOrEqual(1);
          if (Number.isNaN(pWindow)) return;
          expect(pWindow).toBeGreaterThanOrEqual(0);
          expect(pWindow).toBeLessThanOrEqual(1);
          expect(pMoment).toBeLessThanOrEqual(pWindow + 1e-9);
        },
      ),
      { seed: 20_261_123, numRuns: 400 },
    );
  });
});
