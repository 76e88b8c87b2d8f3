import { distanceM } from '@waymark/presence';
import { expect, test } from 'vitest';
import { geometryOf } from './read-zones.ts';

test('a circle is exported on the plane on which distances to it are measured', () => {
  for (const lat of [-60, 0, 36.8, 53.09, 71]) {
    const { coordinates } = geometryOf({ kind: 'circle', lon: -1.8, lat, radiusM: 10_000 });
    // On a sphere, as it was before, it lay 33 m too far in, east and west.
    for (const [lon, y] of coordinates[0] as [number, number][]) expect(Math.abs(distanceM(-1.8, lat, lon, y) - 10_000)).toBeLessThan(1);
  }
});
