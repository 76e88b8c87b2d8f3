import { planeAt } from '@waymark/presence';
import { expect, test } from 'vitest';
import { metresPerDegree } from './metres-per-degree.ts';

test('maps draw on the plane on which distances are measured', () => {
  for (const lat of [-60, 0, 36.8, 53.09, 71]) {
    const { perLon, perLat } = planeAt(-1.8, lat);
    expect(metresPerDegree(lat).perLon).toBeCloseTo(perLon, 3);
    expect(metresPerDegree(lat).perLat).toBeCloseTo(perLat, 3);
  }
});
