import { expect, test } from 'vitest';
import { fillTheDisk, limitedFiles } from './full-disk.ts';
import { killAgainAndAgain } from './kill-test.ts';

test('killed three times under load: every acknowledged fix and every alert is there once', async () => {
  const result = await killAgainAndAgain(3, 1);
  expect(result.acknowledged).toBeGreaterThan(500);
  expect(result.alerts).toBeGreaterThan(20);
  expect(result).toMatchObject({ missing: 0, doubled: 0, auditProblems: 0, alertsLost: 0, alertsDoubled: 0 });
});

test('without room on its disk it says so and stores nothing by halves; with room again it goes on, and numbers nothing twice', async () => {
  const result = await fillTheDisk(limitedFiles(20_480));
  expect(result.acknowledged).toBeGreaterThan(10_000);
  for (const { status, text } of result.refusals) {
    expect(status).toBe(507);
    expect(text).toContain('no room left on the server’s disk');
  }
  expect(result).toMatchObject({ ready: 503, missing: 0, doubled: 0, receiptsTwice: 0, auditProblems: 0 });
});
