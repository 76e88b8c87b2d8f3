import { distanceM, planeAt } from '@waymark/presence';
import { expect, test } from 'vitest';
import { geometryOf } from '../../supervision/zones/index.ts';
import { metresPerDegree } from './metres-per-degree.ts';

test('what is drawn and exported lies on the plane on which distances are measured', () => {
  for (const lat of [-60, 0, 36.8, 53.09, 71]) {
    const { perLon, perLat } = planeAt(-1.8, lat);
    expect(metresPerDegree(lat).perLon).toBeCloseTo(perLon, 3);
    expect(metresPerDegree(lat).perLat).toBeCloseTo(perLat, 3);
    const { coordinates } = geometryOf({ kind: 'circle', lon: -1.8, lat, radiusM: 10_000 });
    // A plane of so many kilometres is right within half a percent; the sphere that was drawn before was 33 m off east and west.
    for (const [lon, y] of coordinates[0] as [number, number][]) expect(Math.abs(distanceM(-1.8, lat, lon, y) - 10_000)).toBeLessThan(1);
  }
});
