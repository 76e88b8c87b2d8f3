import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromPlane, planeAt, toPlane } from '../ground/plane.ts';
import { type Area, depthM, faultsOf, layArea, plainDepth, pointsAtMost } from './area.ts';

const home = planeAt(-1.83, 53.09);

/** A star-shaped ring of `corners` corners around the town's middle. */
function ring(reach: number[], plane = home): [number, number][] {
  const points = reach.map((r, i) => {
    const turn = (2 * Math.PI * i) / reach.length;
    return fromPlane(plane, r * Math.cos(turn), r * Math.sin(turn));
  });
  return [...points, points[0] as [number, number]];
}

describe('depth in an area', () => {
  test('of a circle, inside and outside', () => {
    const circle = layArea({ kind: 'circle', lon: home.lon, lat: home.lat, radiusM: 100 });
    expect(depthM(circle, ...fromPlane(home, 60, 0))).toBeCloseTo(40, 6);
    expect(depthM(circle, ...fromPlane(home, 0, -250))).toBeCloseTo(-150, 6);
  });

  test('a hole is outside', () => {
    const holed = layArea({ kind: 'polygon', rings: [ring([400, 400, 400, 400]), ring([50, 50, 50, 50])] });
    expect(depthM(holed, home.lon, home.lat)).toBeLessThan(0);
    expect(depthM(holed, ...fromPlane(home, 120, 0))).toBeGreaterThan(0);
  });

  test('by an index of many sides as by each in turn', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 80, max: 900, noNaN: true }), { minLength: 60, maxLength: 200 }),
        fc.double({ min: -1500, max: 1500, noNaN: true }),
        fc.double({ min: -1500, max: 1500, noNaN: true }),
        (reach, x, y) => {
          const area = layArea({ kind: 'polygon', rings: [ring(reach)] });
          expect(area.sides).not.toBeNull();
          const [lon, lat] = fromPlane(home, x, y);
          expect(depthM(area, lon, lat)).toBeCloseTo(plainDepth(area.edges, ...toPlane(area.plane, lon, lat)), 6);
        },
      ),
      { seed: 4, numRuns: 300 },
    );
  });

  test('over the date line', () => {
    const fiji = planeAt(179.9995, -17);
    const area = layArea({
      kind: 'polygon',
      rings: [ring([300, 300, 300, 300], fiji).map(([lon, lat]) => [lon > 180 ? lon - 360 : lon, lat])],
    });
    expect(depthM(area, -179.9995, -17)).toBeGreaterThan(0);
    expect(depthM(area, 179.99, -17)).toBeLessThan(0);
  });
});

describe('holes', () => {
  const outline = ring([800, 800, 800, 800]);
  const at = (x: number, y: number, size = 50) => {
    const [lon, lat] = fromPlane(home, x, y);
    return ring([size, size, size, size], planeAt(lon, lat));
  };
  test('within the outline and apart they are used', () => {
    expect(faultsOf({ kind: 'polygon', rings: [outline, at(0, 0), at(200, 0)] })).toEqual([]);
  });
  test.each([
    ['outside', [at(3000, 0)], /Hole 1 does not lie within the outline/],
    ['over the edge', [at(780, 0)], /Hole 1 does not lie within/],
    ['around the outline', [at(0, 0, 5000)], /Hole 1 does not lie within/],
    ['over another', [at(0, 0), at(30, 0)], /Hole 1 overlaps/],
    ['within another', [at(0, 0, 300), at(0, 0, 40)], /overlaps another hole/],
  ])('%s they are refused', (_name, holes, message) => {
    expect(faultsOf({ kind: 'polygon', rings: [outline, ...holes] }).join()).toMatch(message);
  });
});

describe('an area that cannot be used is told why', () => {
  const square = ring([200, 200, 200, 200]);
  const [a, b, c, d] = square as [[number, number], [number, number], [number, number], [number, number]];
  test.each<[string, Area, RegExp]>([
    ['crosses itself', { kind: 'polygon', rings: [[a, c, b, d, a]] }, /crosses itself/],
    ['is not closed', { kind: 'polygon', rings: [[a, b, c, d]] }, /not closed/],
    ['has no area', { kind: 'polygon', rings: [[a, b, b, a]] }, /covers less than 100 m²/],
    ['has too few points', { kind: 'polygon', rings: [[a, b, a]] }, /at least 4/],
    ['has no outline', { kind: 'polygon', rings: [] }, /no outline/],
    ['lies nowhere', { kind: 'polygon', rings: [[a, [190, 53], c, a]] }, /Point 2 of the outline is at longitude 190/],
    ['has 50,000 points', { kind: 'polygon', rings: [ring(new Array(50_000).fill(500))] }, /50,001 points; simplify it to at most 5,000/],
    ['is half a country', { kind: 'polygon', rings: [ring([300_000, 300_000, 300_000])] }, /more than 200 km across/],
    ['is a circle without radius', { kind: 'circle', lon: -1.8, lat: 53, radiusM: 0 }, /radius is 0 m/],
    ['is a circle nowhere', { kind: 'circle', lon: Number.NaN, lat: 53, radiusM: 50 }, /The centre is at longitude NaN/],
  ])('%s', (_, area, message) => {
    expect(faultsOf(area).join('\n')).toMatch(message);
  });

  test('a good one has no faults, up to the most points', () => {
    expect(faultsOf({ kind: 'polygon', rings: [square] })).toEqual([]);
    expect(faultsOf({ kind: 'polygon', rings: [ring(new Array(pointsAtMost - 1).fill(500))] })).toEqual([]);
  });
});
