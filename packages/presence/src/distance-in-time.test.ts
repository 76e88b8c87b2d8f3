import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distanceInTime } from './distance-in-time.ts';
import { defaultParameters } from './ground/parameters.ts';
import { layPlace } from './ground/place.ts';
import { fromPlane, planeAt } from './ground/plane.ts';
import { emptyJudgement, Judge } from './judge.ts';
import { apartMsOf, prepareTrack } from './prepared-track.ts';
import { reasonBit, strengthOf } from './reasons.ts';

const start = Date.UTC(2026, 5, 1, 12);
const minute = 60_000;
const place = layPlace({ kind: 'point', lon: -1.8, lat: 53.1, uncertaintyM: 0 });
const plane = planeAt(-1.8, 53.1);

/** Fixes at [minute, metres east, metres north] of the place. */
function trackOf(fixes: readonly (readonly [number, number, number])[], worn = { from: Number.NEGATIVE_INFINITY, to: Infinity }) {
  const places = fixes.map(([, x, y]) => fromPlane(plane, x, y));
  return {
    at: Float64Array.from(fixes, ([m]) => start + m * minute),
    lon: Float64Array.from(places, ([lon]) => lon),
    lat: Float64Array.from(places, ([, lat]) => lat),
    sigma: Float32Array.from(fixes, () => 5),
    ...worn,
  };
}

const within = (from: number, to: number) => ({ from: start + from * minute, to: start + to * minute });

describe('distance in time', () => {
  test('at its fixes it is the distance observed, between them what the gap allows, and where it is open it widens', () => {
    const track = trackOf([
      [0, 1000, 0],
      [1, 1000, 0],
      [21, 0, 4000],
    ]);
    const told = distanceInTime(track, place, { window: within(0, 10), shown: within(-5, 30) }, defaultParameters);
    expect(told.fixes.map(({ metres }) => Math.round(metres))).toEqual([1000, 1000, 4000]);
    expect(told.reachM).toBe(100);
    expect(told.gaps).toEqual([within(-5, 0), within(1, 21), within(21, 30)]);
    const at = (m: number) => told.band.find((own) => own.at === start + m * minute);
    // Each end is widened by what receivers have been seen to hold, and by nothing less.
    expect(at(0)).toMatchObject({ nearest: expect.closeTo(750, 3), farthest: expect.closeTo(1250, 3) });
    expect(at(11)?.nearest).toBe(0);
    expect(told.fixes[0]?.errorM).toBeCloseTo(5 * 2.4477);
    const middle = at(11)?.likely as { near: number; far: number };
    expect(middle.far - middle.near).toBeGreaterThan(200);
    expect(at(30)?.likely).toBeNull();
    const moments = told.band.map((own) => own.at);
    expect(moments).toEqual([...moments].sort((a, b) => a - b));
    expect(Math.min(...moments)).toBe(start - 5 * minute);
    expect(Math.max(...moments)).toBe(start + 30 * minute);
    for (const own of told.band) {
      expect(own.nearest).toBeLessThanOrEqual(own.likely?.near ?? own.farthest);
      expect(own.likely?.near ?? 0).toBeLessThanOrEqual(own.likely?.far ?? 0);
      expect(own.likely?.far ?? own.nearest).toBeLessThanOrEqual(own.farthest);
    }
  });

  test('nothing is told of the time in which the tag was not worn', () => {
    const worn = { from: start - minute, to: start + 3 * minute };
    const told = distanceInTime(trackOf([[0, 1000, 0]], worn), place, { window: within(0, 10), shown: within(-5, 30) }, defaultParameters);
    expect(told.band[0]?.at).toBe(worn.from);
    expect(told.band.at(-1)?.at).toBe(worn.to);
  });

  test('fixes that decide nothing are marked as that', () => {
    const told = distanceInTime(
      trackOf([
        [0, 1000, 0],
        [1, 1010, 0],
        [1, 5000, 0],
        [2, 1020, 0],
      ]),
      place,
      { window: within(0, 2), shown: within(0, 2) },
      defaultParameters,
    );
    expect(told.fixes.map(({ isSetAside }) => isSetAside)).toEqual([false, true, true, false]);
  });

  test('whoever is excluded as impossible is nowhere within reach, and whoever is nowhere within reach is excluded as impossible', () => {
    const judge = new Judge(defaultParameters);
    const steps = fc.array(fc.record({ minutes: fc.double({ min: 0.2, max: 30, noNaN: true }), x: step(), y: step() }), {
      minLength: 2,
      maxLength: 20,
    });
    let impossible = 0;
    fc.assert(
      fc.property(steps, fc.integer({ min: -5, max: 60 }), fc.integer({ min: 0, max: 40 }), (all, begins, lasts) => {
        let [m, x, y] = [0, 6000, 0];
        const track = trackOf(
          all.map((own) => {
            m += own.minutes;
            x += own.x;
            y += own.y;
            return [m, x, y] as const;
          }),
        );
        const window = within(begins, begins + lasts);
        const judged = emptyJudgement();
        const prepared = prepareTrack(track, defaultParameters);
        judge.judge(prepared, place, window.from, window.to, judged);
        const apartMs = apartMsOf(window.from, window.to, defaultParameters);
        const shown = { from: window.from - apartMs, to: window.to + apartMs };
        const { band, reachM } = distanceInTime(track, place, { window, shown }, defaultParameters);
        const least = Math.min(...band.map(({ nearest }) => nearest));
        if (strengthOf(judged.verdict) === 'impossible') {
          impossible++;
          expect(least).toBeGreaterThan(reachM);
          return;
        }
        // A window wholly before the first fix or after the last one is not judged.
        if (judged.reasons & (reasonBit.beforeFirstFix | reasonBit.afterLastFix)) return;
        // Between two moments that are worked out nobody gets farther than this.
        expect(least).toBeLessThanOrEqual(reachM + 30 * Math.max(...prepared.provenMps));
      }),
      { seed: 18, numRuns: 2000 },
    );
    expect(impossible).toBeGreaterThan(50);
  });
});

function step() {
  return fc.oneof(fc.double({ min: -60, max: 60, noNaN: true }), fc.double({ min: -3000, max: 3000, noNaN: true }));
}
