import { expect, test } from 'vitest';
import { inThread, partsFromThread, ThreadLimitError } from './in-thread.ts';

const counting = new URL('../../test/threads/counting-worker.ts', import.meta.url);
const limits = { seconds: 300, memoryMb: 256 };

test('a thread does one task after the other; one that failed, was left or took too long is not used again', async () => {
  const partsOf = async (parts: number) => {
    const all: number[] = [];
    for await (const part of partsFromThread<number>(counting, { parts }, limits)) all.push(part);
    return all;
  };
  expect(await partsOf(3)).toEqual([1, 1, 1]);
  expect(await partsOf(0)).toEqual([]);
  expect(await inThread<number>(counting, { parts: 2 }, limits)).toBe(3);
  // Two at once are two threads, of which one is kept.
  const together = await Promise.all([partsOf(1), partsOf(1)]);
  expect(together.flat().sort()).toEqual([1, 4]);
  await expect(inThread(counting, { parts: 1, fails: true }, limits)).rejects.toThrow('as told');
  expect(await partsOf(1)).toEqual([1]);
  for await (const part of partsFromThread<number>(counting, { parts: 5 }, limits)) {
    expect(part).toBe(2);
    break;
  }
  expect(await partsOf(1)).toEqual([1]);
  await expect(inThread(counting, { parts: 1, hangs: true }, { ...limits, seconds: 0.3 })).rejects.toThrow(ThreadLimitError);
  expect(await partsOf(1)).toEqual([1]);
});
