import { describe, expect, test } from 'vitest';
import { layPlace } from './ground/place.ts';
import { planeAt } from './ground/plane.ts';
import { countNear, NearIndex } from './near-index.ts';

const hour = 3_600_000;
const trackAt = (lon: number, lat: number, count: number) => ({
  at: Float64Array.from({ length: count }, (_, i) => i * 60_000),
  lon: new Float64Array(count).fill(lon),
  lat: new Float64Array(count).fill(lat),
  sigma: new Float32Array(count).fill(5),
  from: 0,
  to: Infinity,
});

describe('who was near', () => {
  test('a place across longitude 180 is two kilometres wide, and both its sides are looked at', () => {
    const place = layPlace({
      kind: 'polygon',
      rings: [
        [
          [179.99, -17],
          [-179.99, -17],
          [-179.99, -16.98],
          [179.99, -16.98],
          [179.99, -17],
        ],
      ],
      uncertaintyM: 0,
    });
    expect(place.extentM).toBeLessThan(2000);
    const index = new NearIndex([trackAt(179.995, -16.99, 60), trackAt(-179.995, -16.99, 60), trackAt(0, -16.99, 60)]);
    expect(index.countNear(place, 0, hour, 100)).toBe(2);
    expect(countNear([trackAt(179.995, -16.99, 60), trackAt(-179.995, -16.99, 60), trackAt(0, -16.99, 60)], place, 0, hour, 100)).toBe(2);
  });

  test('with an index and without one, as many are found', () => {
    let state = 5;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 4_294_967_296;
    };
    const tracks = Array.from({ length: 200 }, () => trackAt(-1.83 + random() / 50, 53.09 + random() / 50, 30 + Math.floor(60 * random())));
    const index = new NearIndex(tracks);
    const counts = new Set<number>();
    for (let i = 0; i < 60; i++) {
      const place = layPlace({ kind: 'point', lon: -1.83 + random() / 50, lat: 53.09 + random() / 50, uncertaintyM: 0 });
      const [from, reach] = [Math.floor(random() * 1.5 * hour), 50 + 500 * random()];
      const found = index.countNear(place, from, from + hour / 4, reach);
      expect(countNear(tracks, place, from, from + hour / 4, reach)).toBe(found);
      counts.add(found);
    }
    expect(counts.size).toBeGreaterThan(5);
  });

  test('a huge place over many hours is answered from the fixes, not cell by cell', () => {
    const tracks = Array.from({ length: 50 }, (_, i) => trackAt(-1.83 + i / 100, 53.09, 60));
    const index = new NearIndex(tracks);
    const plane = planeAt(-1.83, 53.09);
    const place = { plane, edges: new Float64Array(0), filled: false, extentM: 5_000_000, uncertaintyM: 0 };
    // Some 10^10 cells a day, for a year: nobody would see the end of it.
    expect(index.countNear(place, 0, 365 * 24 * hour, 100)).toBe(50);
  });
});
