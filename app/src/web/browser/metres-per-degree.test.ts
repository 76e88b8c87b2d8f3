import { expect, test } from 'vitest';
import { metresPerDegree } from './metres-per-degree.ts';

test('a degree has as many metres as tables of WGS84 say', () => {
  for (const [lat, north, east] of [
    [0, 110_574.3, 111_319.5],
    [45, 111_131.7, 78_846.8],
    [-60, 111_412.3, 55_800],
  ] as const) {
    const { perLon, perLat } = metresPerDegree(lat);
    expect(Math.abs(perLat - north)).toBeLessThan(0.2);
    expect(Math.abs(perLon - east)).toBeLessThan(0.2);
  }
});
