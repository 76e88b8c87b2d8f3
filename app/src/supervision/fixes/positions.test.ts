import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/serve-for-test.ts';
import { fixColumns } from '../../platform/fixes/fix-columns.ts';
import { FixStore } from '../../platform/fixes/fix-store.ts';
import { type Position, Positions } from './positions.ts';

test('while positions are learnt anew, what was known stands, who moves is told, and what was removed is not', async () => {
  const folder = temporaryFolder();
  const store = await FixStore.open(`${folder.path}/fixes.duckdb`, 128);
  const append = (wearing: number, at: number) => {
    const columns = fixColumns(1);
    columns.tag[0] = wearing;
    columns.wearing[0] = wearing;
    columns.at[0] = at;
    columns.lon[0] = -1;
    columns.lat[0] = 53;
    return store.append({ source: 'test', receivedAt: at, count: 1, columns, quarantined: [] });
  };
  await append(1, 1000);
  const positions = new Positions(store);
  await positions.start();
  const told: Position[][] = [];
  const stop = positions.listen((moved) => told.push(moved));
  // As after a break: it is learnt anew while fixes come and are told.
  const learning = positions.learn();
  await append(1, 2000);
  expect(positions.of(1)).not.toBeNull();
  await learning;
  await expect.poll(() => positions.of(1)?.at).toBe(2000);
  await append(2, 3000);
  await expect.poll(() => positions.of(2)?.at).toBe(3000);
  await store.forgetWearings([2]);
  await positions.learn();
  expect(positions.of(2)).toBeNull();
  await expect.poll(() => told.length, { timeout: 5000 }).toBeGreaterThan(0);
  expect(told.flat().map(({ wearing }) => wearing)).not.toContain(2);
  stop();
  positions.close();
  await store.close();
  folder.remove();
});
