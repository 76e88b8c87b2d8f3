import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromPlane, planeAt } from '../ground/plane.ts';
import { layArea } from './area.ts';
import { certainlyOutsideM, plainlyFrom, probabilityInside } from './inside.ts';
import { SharedZones } from './shared-zones.ts';
import { violationsOf } from './violations.ts';
import { type Span, ZoneWatch } from './watch.ts';
import type { WatchedFix, WatchedZone } from './watched.ts';

const plane = planeAt(-1.83, 53.09);
const start = Date.UTC(2026, 8, 7, 12);

/** A fix `minute` minutes after the start, in metres east and north of the middle. */
function fix(minute: number, x: number, y = 0, sigma = 6): WatchedFix {
  const [lon, lat] = fromPlane(plane, x, y);
  return { at: start + 60_000 * minute, lon, lat, sigma };
}

function circle(id: string, x: number, y: number, radiusM: number, stayIn = false): WatchedZone {
  const [lon, lat] = fromPlane(plane, x, y);
  return { id, area: layArea({ kind: 'circle', lon, lat, radiusM }), stayIn };
}

const unit = fc.noBias(fc.integer({ min: 1, max: 999_999 })).map((n) => n / 1_000_000);
/** A standard normal draw (Box & Muller 1958). */
const normal = fc.tuple(unit, unit).map(([a, b]) => Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * b));

const always = Float64Array.of(0, Infinity);
const zone = circle('zone', 1000, 0, 150);
const sides = (spans: readonly Span[]) => spans.map(({ side, from, to }) => `${side} ${(from - start) / 60_000}-${(to - start) / 60_000}`);

describe('watching a zone', () => {
  test('somebody who walks in and out again', () => {
    const watch = new ZoneWatch([zone]);
    for (let m = 0; m <= 30; m++) watch.take([fix(m, 80 * m)]);
    expect(sides(watch.spans('zone'))).toEqual(['out 0-11', 'in 11-15', 'out 15-30']);
    const [violation] = violationsOf(watch.spans('zone'), 'in', always);
    expect(violation).toMatchObject({ lasts: false, fixes: 4, signalLost: false, confirmedAt: start + 12 * 60_000 });
    expect(violation?.farthestM).toBeGreaterThan(100);
  });

  test('drift beside the border stays silent', () => {
    const watch = new ZoneWatch([zone]);
    const errors = fc.sample(fc.tuple(normal, normal), { seed: 4, numRuns: 600 });
    errors.forEach(([x, y], m) => {
      watch.take([fix(m, 835 + 7 * x, 7 * y, 7)]);
    });
    expect(violationsOf(watch.spans('zone'), 'in', always)).toEqual([]);
  });

  test('one fix far in is no entry, however deep; two in a row are', () => {
    const watch = new ZoneWatch([zone, circle('region', 3000, 0, 2500)]);
    for (const m of [0, 1, 2]) watch.take([fix(m, 0)]);
    watch.take([fix(3, 1000)]);
    watch.take([fix(4, 0)]);
    expect(sides(watch.spans('zone'))).toEqual(['out 0-4']);
    watch.take([fix(5, 1200), fix(6, 0), fix(7, 0)]);
    expect(sides(watch.spans('region'))).toEqual(['out 0-7']);
    watch.take([fix(8, 1200), fix(9, 1200), fix(10, 0), fix(11, 0)]);
    expect(sides(watch.spans('region'))).toEqual(['out 0-8', 'in 8-10', 'out 10-11']);
  });

  test('fixes that are each doubtful settle it together, unless one on the known side comes between', () => {
    // 10 m within the edge at a spread of 10 m each says some 84 %.
    const watch = (...x: number[]) => {
      const own = new ZoneWatch([zone]);
      own.take([fix(0, 0), fix(1, 0), ...x.map((metres, m) => fix(2 + m, metres, 0, 10))]);
      return sides(own.spans('zone'));
    };
    expect(watch(860, 860)).toEqual(['out 0-3']);
    expect(watch(860, 860, 860, 860)).toEqual(['out 0-2', 'in 2-5']);
    expect(watch(860, 860, 820, 860, 860)).toEqual(['out 0-6']);
  });

  test('a receiver that jumps away from rest and back is not believed; one that stays away is, from its first fix on', () => {
    const home = circle('home', 0, 0, 60, true);
    const jump = (minutes: number) => {
      const watch = new ZoneWatch([home]);
      for (let m = 0; m < 20; m++) watch.take([fix(m, 0)]);
      for (let m = 20; m < 20 + minutes; m++) watch.take([fix(m, 140)]);
      for (let m = 20 + minutes; m < 60; m++) watch.take([fix(m, 0)]);
      return sides(watch.spans('home'));
    };
    expect(jump(6)).toEqual(['in 0-59']);
    expect(jump(15)).toEqual(['in 0-20', 'out 20-35', 'in 35-59']);
  });

  test('somebody who leaves home on foot is seen at the second fix outside', () => {
    const watch = new ZoneWatch([circle('home', 0, 0, 60, true)]);
    for (let m = 0; m < 20; m++) watch.take([fix(m, 0)]);
    for (let m = 20; m < 30; m++) watch.take([fix(m, 75 * (m - 18))]);
    const spans = watch.spans('home');
    expect(sides(spans)).toEqual(['in 0-20', 'out 20-29']);
    expect((spans[1] as Span).confirmedAt).toBe(start + 21 * 60_000);
  });

  test('somebody who drives through is seen by two fixes on the way; by one they are not told from a receiver that is out', () => {
    const through = (pace: number) => {
      const watch = new ZoneWatch([zone]);
      for (let m = 0; m <= 6; m++) watch.take([fix(m, 1000 + pace * (m - 3) + pace / 2)]);
      return sides(watch.spans('zone'));
    };
    expect(through(200)).toEqual(['out 0-2', 'in 2-4', 'out 4-6']);
    expect(through(280)).toEqual(['out 0-6']);
  });

  test('lost signal is unknown, and never a violation', () => {
    const home = circle('home', 0, 0, 60, true);
    const watch = new ZoneWatch([home]);
    watch.take([fix(0, 0), fix(1, 0), fix(90, 0), fix(91, 0)]);
    expect(sides(watch.spans('home'))).toEqual(['in 0-1', 'in 90-91']);
    expect(watch.spans('home')[0]?.ended).toBe('lost');
    expect(violationsOf(watch.spans('home'), 'out', always)).toEqual([]);
  });

  test('a violation goes on over lost signal if nobody was seen on the right side in between', () => {
    const watch = new ZoneWatch([zone]);
    watch.take([fix(0, 1000), fix(1, 1010), fix(40, 990), fix(41, 1000), fix(42, 400), fix(43, 300)]);
    const found = violationsOf(watch.spans('zone'), 'in', always);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ from: start, to: start + 42 * 60_000, signalLost: true, lasts: false });
  });

  test('of who has fallen silent it is not known whether a violation lasts', () => {
    const watch = new ZoneWatch([zone]);
    watch.take([fix(0, 1000), fix(1, 1000)]);
    expect(violationsOf(watch.spans('zone'), 'in', always)).toMatchObject([{ lasts: true, signalLost: false }]);
    const silent = violationsOf(watch.spans('zone'), 'in', always, { silent: true });
    expect(silent).toMatchObject([{ lasts: false, signalLost: true, to: start + 60_000 }]);
  });

  test('who is out before the hours begin breaks them only with a fix during them', () => {
    const watch = new ZoneWatch([circle('home', 0, 0, 60, true)]);
    for (let m = 0; m < 10; m++) watch.take([fix(m, 900 - 90 * m)]);
    const from = (minute: number) => Float64Array.of(start + 60_000 * minute, start + 60_000 * 60);
    expect(violationsOf(watch.spans('home'), 'out', from(9.5))).toEqual([]);
    expect(violationsOf(watch.spans('home'), 'out', from(5))).toMatchObject([
      { from: start + 5 * 60_000, fromBeginning: true, lasts: true },
    ]);
  });

  test('evidence is of the hours alone', () => {
    const holds = Float64Array.of(start + 10 * 60_000, start + 20 * 60_000, start + 40 * 60_000, start + 50 * 60_000);
    const home = { ...circle('home', 0, 0, 60, true), holds };
    const watch = new ZoneWatch([home]);
    // Far off in the afternoon, nearer when the hours begin, home, and far off again after them.
    for (let m = 0; m < 30; m++) watch.take([fix(m, m < 10 ? 9000 - 800 * m : m < 16 ? 700 : m < 22 ? 0 : 8000)]);
    const [violation, ...more] = violationsOf(watch.spans('home'), 'out', holds);
    expect(more).toEqual([]);
    expect(violation).toMatchObject({ from: start + 10 * 60_000, to: start + 16 * 60_000, fixes: 6, seenToEnd: true, seenMs: 360_000 });
    expect(violation?.farthestM).toBeCloseTo(640, 0);
  });

  test('P(inside) is 1 deep inside, 0 far outside, and even at a straight edge', () => {
    expect(probabilityInside(zone.area, 150, 5).least).toBeGreaterThan(0.98);
    expect(probabilityInside(zone.area, -certainlyOutsideM(5), 5).most).toBeLessThan(0.001);
    const wide = circle('wide', 0, 0, 90_000).area;
    expect(probabilityInside(wide, 0, 5).least).toBeCloseTo(0.5, 3);
    const spreads = plainlyFrom(0.95);
    expect(probabilityInside(zone.area, 5 * spreads, 5).least).toBeGreaterThanOrEqual(0.95);
    expect(probabilityInside(zone.area, -5 * spreads, 5).most).toBeLessThanOrEqual(0.05);
  });

  test('a fix decides nothing that it cannot carry: larger than the zone, one step out, one jump, or no position at all', () => {
    const home = circle('home', 0, 0, 100, true);
    const quiet = Array.from({ length: 20 }, (_, m) => fix(m, 20 * Math.sin(m), 20 * Math.cos(m)));
    const sides = (...odd: WatchedFix[]) => {
      const watch = new ZoneWatch([home]);
      watch.take([...quiet, ...odd, ...Array.from({ length: 5 }, (_, m) => fix(23 + m, 10))]);
      return watch.spans('home').map(({ side }) => side);
    };
    expect(sides({ ...fix(20, 0), sigma: 13_000 })).toEqual(['in']);
    expect(sides({ ...fix(20, 99), sigma: 13_000 }, { ...fix(21, 99), sigma: 13_000 })).toEqual(['in']);
    expect(sides(fix(20, 140))).toEqual(['in']);
    expect(sides(fix(20, 4_790_000))).toEqual(['in']);
    expect(sides(fix(20, 4_790_000), fix(21, 4_790_010))).toEqual(['in']);
    expect(sides({ ...fix(20, 5000), sigma: Infinity }, { ...fix(21, 5000), sigma: Infinity })).toEqual(['in']);
    // Whoever truly leaves is seen to.
    expect(sides(fix(20, 500), fix(21, 1500), fix(22, 2500))).toEqual(['in', 'out', 'in']);
    // And a circle to keep out of is not entered by a fix that may be anywhere.
    const away = new ZoneWatch([circle('away', 0, 0, 100)]);
    away.take([fix(0, 3000), fix(1, 3000), { ...fix(2, 0), sigma: 13_000 }, { ...fix(3, 0), sigma: 13_000 }, fix(4, 3000)]);
    expect(away.spans('away').map(({ side }) => side)).toEqual(['out']);
  });

  test('what counts as outside lies outside, and as inside inside: the farthest fix is never told on the wrong side', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ x: fc.integer({ min: -900, max: 900 }), sigma: fc.constantFrom(3, 30, 300, 3000, 30_000) }), {
          minLength: 2,
          maxLength: 40,
        }),
        (draws) => {
          const own = circle('own', 0, 0, 100, true);
          for (const { x, sigma } of draws) {
            const depth = 100 - Math.abs(x);
            const { least, most } = probabilityInside(own.area, depth, sigma);
            if (least >= 0.95) expect(depth).toBeGreaterThan(0);
            if (most <= 0.05) expect(depth).toBeLessThan(0);
            expect(least).toBeLessThanOrEqual(most + 1e-9);
          }
        },
      ),
    );
  });
});

const step = fc.record({
  silent: unit,
  pause: unit,
  goes: unit,
  jumps: unit,
  jump: unit,
  spread: unit,
  x: normal,
  y: normal,
  ex: normal,
  ey: normal,
});

/** A wearer who wanders about among zones, with errors, jumps and gaps. */
function wander(seed: number, count: number): WatchedFix[] {
  const fixes: WatchedFix[] = [];
  let [x, y, minute] = [0, 0, 0];
  let held = 0;
  for (const draw of fc.sample(step, { seed, numRuns: count })) {
    minute += draw.silent < 0.03 ? 4 + 26 * draw.pause : 0.8 + 0.4 * draw.pause;
    if (draw.goes < 0.4) {
      x += 90 * draw.x - 0.05 * x;
      y += 90 * draw.y - 0.05 * y;
    }
    held = held > 0 ? held - 1 : draw.jumps < 0.02 ? Math.ceil(8 * draw.jump) : 0;
    const sigma = 3 + 22 * draw.spread;
    fixes.push({
      ...fix(minute, x + sigma * draw.ex + (held > 0 ? 120 : 0), y + sigma * draw.ey, sigma),
      at: start + Math.round(60_000 * minute),
    });
  }
  return fixes;
}

const zones = [circle('home', 0, 0, 80, true), circle('near', 200, 0, 90), circle('far', -300, 250, 150)];
const shared = new SharedZones([circle('s1', 150, 300, 120), circle('s2', -400, -200, 200), circle('s3', 90_000, 0, 200)]);

function spansOf(watch: ZoneWatch): Record<string, readonly Span[]> {
  return Object.fromEntries([...watch.all()].filter(([, spans]) => spans.length > 0).sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe('order does not matter', () => {
  /** Gives the fixes in another order, in parts; a watch that has forgotten too much is made anew, as the product does. */
  function takeInParts(fixes: readonly WatchedFix[], key: (fix: WatchedFix) => number, draw: () => number): [ZoneWatch, anew: number] {
    const late = fixes.map((own) => ({ own, key: key(own) })).sort((a, b) => a.key - b.key);
    const shuffled = late.map(({ own }) => own);
    let watch = new ZoneWatch(zones, shared);
    let anew = 0;
    for (let i = 0; i < shuffled.length; ) {
      const size = 1 + (draw() % 9);
      if (watch.take([...shuffled.slice(i, i + size), ...shuffled.slice(0, 1)]) === 'older') {
        anew++;
        watch = new ZoneWatch(zones, shared);
        watch.take(shuffled.slice(0, i + size));
      }
      i += size;
    }
    return [watch, anew];
  }

  test('any order and any splitting of the same fixes ends in the same spans', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 2, max: 230 }),
        fc.infiniteStream(fc.nat({ max: 1_000_000 })),
        (seed, count, draws) => {
          const draw = () => draws.next().value as number;
          const fixes = wander(seed, count);
          const inOrder = new ZoneWatch(zones, shared);
          inOrder.take(fixes);
          expect(spansOf(takeInParts(fixes, draw, draw)[0])).toEqual(spansOf(inOrder));
        },
      ),
      { seed: 8, numRuns: 150 },
    );
  });

  test('fixes up to hours late, over more than a watch keeps, end in the same spans', () => {
    let anew = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.infiniteStream(fc.nat({ max: 1_000_000 })), (seed, draws) => {
        const draw = () => draws.next().value as number;
        const fixes = wander(seed, 700);
        const inOrder = new ZoneWatch(zones, shared);
        for (const own of fixes) inOrder.take([own]);
        // One fix in ten comes up to ten hours late.
        const comes = ({ at }: WatchedFix) => at + (draw() % 10 === 0 ? 36 * draw() : 0);
        const [watch, times] = takeInParts(fixes, comes, draw);
        anew += times;
        expect(spansOf(watch)).toEqual(spansOf(inOrder));
      }),
      { seed: 9, numRuns: 25 },
    );
    // Both ways were gone: late ones taken in, and watches made anew.
    expect(anew).toBeGreaterThan(10);
  });

  test('fixes later than everything kept are refused whole, and a new watch over all of them agrees', () => {
    const fixes = wander(3, 900);
    const watch = new ZoneWatch(zones, shared);
    watch.take([...fixes.slice(0, 10), ...fixes.slice(14)]);
    const before = JSON.stringify(spansOf(watch));
    expect(watch.take(fixes.slice(10, 14))).toBe('older');
    expect(JSON.stringify(spansOf(watch))).toBe(before);
    const again = new ZoneWatch(zones, shared);
    const whole = new ZoneWatch(zones, shared);
    again.take(fixes);
    for (const own of fixes) whole.take([own]);
    expect(spansOf(again)).toEqual(spansOf(whole));
  });

  test('a fix that is there already changes nothing', () => {
    const fixes = wander(5, 50);
    const watch = new ZoneWatch(zones);
    watch.take(fixes);
    const before = JSON.stringify(spansOf(watch));
    expect(watch.take(fixes.slice(20, 30))).toBeNull();
    expect(JSON.stringify(spansOf(watch))).toBe(before);
  });

  test('a shared zone is watched like an own one', () => {
    const fixes = wander(11, 600);
    const asShared = new ZoneWatch([], new SharedZones([circle('s', 100, 0, 150)]));
    const asOwn = new ZoneWatch([circle('s', 100, 0, 150)]);
    asShared.take(fixes);
    asOwn.take(fixes);
    const within = (watch: ZoneWatch) => violationsOf(watch.spans('s'), 'in', always).map(({ from, to, fixes: n }) => [from, to, n]);
    expect(within(asShared).length).toBeGreaterThan(3);
    expect(within(asShared)).toEqual(within(asOwn));
  });
});
