import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

/** The short form of `npm run fuzz`. */
test('hostile text, bytes and fields in every route, file and message: no 5xx, nothing uncaught, nothing acknowledged and lost', async () => {
  const { faults, requests, routes, fields } = await fuzz({ seed: 3, atMost: 600 });
  expect(faults).toEqual([]);
  expect(requests).toBeGreaterThanOrEqual(600);
  expect(routes).toBeGreaterThan(150);
  expect(fields).toBeGreaterThan(100);
});
