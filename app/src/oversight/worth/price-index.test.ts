import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveForTest } from '../../../test/serve-for-test.ts';
import type { Actor } from '../../platform/access.ts';
import { enterPrices, priceIndices } from './price-index.ts';

const auditor: Actor = { id: 'au-1', name: 'Aled Price', role: 'auditor', purpose: 'oversight' };
const source = 'A made-up series of the town of Tarn, June 2026';
let serving: Awaited<ReturnType<typeof serveForTest>>;
beforeAll(async () => {
  serving = await serveForTest();
});
afterAll(() => serving?.end());

test('prices are entered by line, and what is no price is told by its line and goes nowhere, so that the public page stays up', async () => {
  const enter = (lines: string) => serving.waymark.performer.perform(auditor, enterPrices, null, { lines, source });
  for (const wrong of ['9'.repeat(400), '9'.repeat(200_000), '0', '-3', '1e9', '1000000', `80.${'1'.repeat(400)}`])
    await expect(enter(`2016 80.9\n2017 ${wrong}`)).rejects.toThrow('Line 2');
  expect(await priceIndices(serving.waymark.database.db)).toEqual([]);
  await enter('2016 80.9\n2017 82.5');
  await enter('2017 83.0\n2018 84.1');
  expect((await priceIndices(serving.waymark.database.db)).map(({ year, index }) => [year, index])).toEqual([
    [2016, 80.9],
    [2017, 83],
    [2018, 84.1],
  ]);
  expect((await fetch(`${serving.url}/transparency/costs?prices=2018`)).status).toBe(200);
});
