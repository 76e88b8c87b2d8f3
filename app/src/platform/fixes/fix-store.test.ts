import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/serve-for-test.ts';
import type { FixBatch } from './fix.ts';
import { fixColumns } from './fix-columns.ts';
import { FixStore } from './fix-store.ts';

let folder: ReturnType<typeof temporaryFolder>;
let store: FixStore;
const open = () => FixStore.open(join(folder.path, 'fixes.duckdb'), 256);

beforeEach(async () => {
  folder = temporaryFolder();
  store = await open();
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

function batch(rows: [tag: number, at: number][]): FixBatch {
  const columns = fixColumns(rows.length);
  rows.forEach(([tag, at], i) => {
    columns.tag[i] = tag;
    columns.wearing[i] = tag;
    columns.at[i] = at;
    columns.receivedAt[i] = at;
    columns.lon[i] = -1.8;
    columns.lat[i] = 53;
  });
  for (const name of ['accuracyM', 'speedMps', 'headingDeg', 'battery', 'seq'] as const) columns[name].fill(Number.NaN);
  return { source: 'test', receivedAt: 1, count: rows.length, columns, quarantined: [] };
}

describe('fix store', () => {
  test('of a backup comes back what was stored, and nothing of an audit that the records of the backup do not have', async () => {
    store.noteRecords(50);
    await store.append(batch([[900, 5000]]));
    const kept = join(folder.path, 'kept');
    mkdirSync(kept);
    const held = await store.backUp(kept, store.lastReceipt, null, undefined);
    for (const [audited, known] of [
      [30, 30],
      [80, 50],
    ] as const) {
      const path = join(folder.path, `restored-${audited}.duckdb`);
      expect(await FixStore.restore(path, 256, kept, held, audited)).toMatchObject({ fixes: 1, receipts: 1 });
      const restored = await FixStore.open(path, 256);
      expect(restored.recordsMark).toBe(known);
      await restored.close();
    }
  });

  test('what is written beside fixes that come in waits its turn', async () => {
    const rounds = Array.from({ length: 40 }, (_, i) => [
      store.append(batch([[900, 5000 + i]])),
      store.markReleased([1, 2, 3], 1),
      store.forgetBelowZero(0),
    ]).flat();
    expect((await Promise.allSettled(rounds)).filter(({ status }) => status === 'rejected')).toEqual([]);
  });

  test('what was acknowledged is there after opening it again, with what was not reported left open', async () => {
    const receipt = await store.append(
      batch([
        [1, 1000],
        [1, 2000],
      ]),
    );
    expect(receipt).toMatchObject({ receipt: 1, accepted: 2, duplicates: 0, quarantined: 0 });
    await store.close();
    store = await open();
    const { count, columns } = await store.track(1, 0, 5000);
    expect(count).toBe(2);
    expect([...columns.at]).toEqual([1000, 2000]);
    expect(columns.accuracyM[0]).toBeNaN();
    expect(columns.events[0]).toBeNull();
    expect(store.lastReceipt).toBe(1);
  });

  test('100,000 duplicates change nothing', async () => {
    const rows = Array.from({ length: 100_000 }, (_, i): [number, number] => [1 + (i % 50), 1000 * (i % 1000)]);
    const first = await store.append(batch(rows));
    const distinct = new Set(rows.map(String)).size;
    expect(first.accepted).toBe(distinct);
    const again = await store.append(batch(rows));
    expect(again.accepted).toBe(0);
    expect(again.duplicates).toBe(100_000);
    expect((await store.summary()).fixes).toBe(distinct);
  });

  test('a batch handed over the moment another is acknowledged is not left waiting', async () => {
    for (let n = 0; n < 300; n++) expect((await store.append(batch([[1, 1000 * n]]))).receipt).toBe(n + 1);
  });

  test('any order, any split, any repetition: each tag and time is one fix', async () => {
    const rows = fc.array(
      fc.tuple(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 40 }).map((n) => n * 1000),
      ),
      { maxLength: 30 },
    );
    let base = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(rows, { minLength: 1, maxLength: 8 }), async (batches) => {
        // A stretch of tags of its own for each try, so that one store serves all.
        base += 10;
        const moved = batches.map((list) => list.map(([tag, at]): [number, number] => [base + tag, at]));
        const receipts = await Promise.all(moved.map((list) => store.append(batch(list))));
        const distinct = new Set(moved.flat().map(String)).size;
        expect(receipts.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(distinct);
        const stored = await store.query(
          `SELECT count(*)::INTEGER AS n, count(DISTINCT (tag, at_ms))::INTEGER AS d FROM fixes WHERE tag BETWEEN ${base} AND ${base + 9}`,
          { n: 'i32', d: 'i32' },
        );
        expect([stored.columns.n[0], stored.columns.d[0]]).toEqual([distinct, distinct]);
      }),
      { seed: 8, numRuns: 60 },
    );
  });
});
