import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/serve-for-test.ts';
import { until } from '../../../test/until.ts';
import { known } from './fix.ts';
import { fixColumns } from './fix-columns.ts';
import type { LogPart } from './fix-log.ts';
import { FixStore } from './fix-store.ts';

let folder: ReturnType<typeof temporaryFolder>;
let store: FixStore;
let ended: AbortController;
let following: Promise<void>[] = [];
beforeEach(async () => {
  folder = temporaryFolder();
  store = await FixStore.open(join(folder.path, 'fixes.duckdb'), 256);
  ended = new AbortController();
});
afterEach(async () => {
  ended.abort();
  await Promise.all(following);
  following = [];
  await store.close();
  folder.remove();
});

/** Stores so many fixes of a tag, from a moment on. */
async function put(tag: number, from: number, count = 1): Promise<number> {
  const columns = fixColumns(count);
  for (let i = 0; i < count; i++) {
    columns.tag[i] = tag;
    columns.wearing[i] = tag;
    columns.at[i] = from + i;
    columns.receivedAt[i] = from + i;
  }
  for (const name of ['accuracyM', 'speedMps', 'headingDeg', 'battery', 'seq'] as const) columns[name].fill(Number.NaN);
  return (await store.append({ source: 'test', receivedAt: 1, count, columns, quarantined: [] })).receipt;
}

/** Follows, and notes the moments that were handed over. */
function note(name: string, from: number, more: { take?(part: LogPart): Promise<void>; failed?(error: unknown): void } = {}): number[] {
  const moments: number[] = [];
  const take = async (part: LogPart) => {
    await more.take?.(part);
    for (const { columns, count, news } of part.entries)
      for (let i = 0; i < count; i++) if (news?.[i] !== known) moments.push(columns.at[i] as number);
  };
  following.push(store.follow(name, from, { take, failed: more.failed ?? (() => undefined) }, ended.signal));
  return moments;
}

const counted = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe('the log of fixes', () => {
  test('each follower has everything once and in order, from its own offset on', async () => {
    for (let i = 1; i <= 5; i++) await put(7, i);
    const all = note('all', 0);
    const some = note('some', 3);
    const late = note('late', store.lastReceipt);
    await Promise.all(counted(6, 40).map((at) => put(7, at)));
    await put(7, 6);
    await until(() => late.length === 40 && all.length === 45 && some.length === 42);
    expect([all, some, late].map((moments) => moments.toSorted((a, b) => a - b))).toEqual([counted(1, 45), counted(4, 42), counted(6, 40)]);
    expect(all).toEqual(all.toSorted((a, b) => a - b));
    await until(() => [...store.behind.values()].every((behind) => behind === 0));
  });

  test('a slow follower is kept in memory up to a bound, and then reads back what it missed', async () => {
    let free = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      free = resolve;
    });
    const parts: { readBack: boolean; fixes: number }[] = [];
    const take = async ({ entries }: LogPart) => {
      parts.push({ readBack: entries.some(({ news }) => news === null), fixes: entries.reduce((sum, { count }) => sum + count, 0) });
      if (parts.length === 1) await held;
    };
    const moments = note('slow', 0, { take });
    await put(1, 0);
    await until(() => parts.length === 1);
    for (let i = 0; i < 5; i++) await put(2 + i, 1 + i * 60_000, 60_000);
    expect(store.behind.get('slow')).toBe(6);
    free();
    await until(() => store.behind.get('slow') === 0);
    expect(moments).toEqual(counted(0, 300_001));
    expect(new Set(parts.map(({ readBack }) => readBack))).toEqual(new Set([true, false]));
    expect(Math.max(...parts.map(({ fixes }) => fixes))).toBeLessThanOrEqual(200_000);
  });

  test('what a follower fails at it is handed again, and nothing beyond it before', async () => {
    let left = 1;
    const failures: unknown[] = [];
    const take = async () => {
      if (left-- > 0) throw new Error('the database is away');
    };
    const moments = note('failing', 0, { take, failed: (error) => failures.push(error) });
    await put(1, 0);
    await until(() => failures.length === 1);
    await put(1, 1);
    await until(() => moments.length === 2);
    expect(moments).toEqual([0, 1]);
  });
});
