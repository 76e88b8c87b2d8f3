import { expect, test } from 'vitest';
import { killAgainAndAgain } from './kill-test.ts';

test('killed three times under load: every acknowledged fix and every alert is there once', async () => {
  const result = await killAgainAndAgain(3, 1);
  expect(result.acknowledged).toBeGreaterThan(500);
  expect(result.alerts).toBeGreaterThan(20);
  expect(result).toMatchObject({ missing: 0, doubled: 0, auditProblems: 0, alertsLost: 0, alertsDoubled: 0 });
});
