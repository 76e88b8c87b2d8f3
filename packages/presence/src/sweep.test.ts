import { expect, test } from 'vitest';
import {
  beginThreads,
  crimesPerPart,
  defaultParameters,
  GatheredParts,
  type SweepInput,
  type SweepPart,
  sigmaOf,
  sweep,
  toldOfParts,
  verdictCode,
} from './index.ts';

/** Three wearers for two hours at three places 2 km apart, and crimes at the first. */
function input(): SweepInput {
  const minutes = 120;
  const start = Int32Array.from([0, minutes, 2 * minutes, 3 * minutes]);
  const at = new Float64Array(3 * minutes);
  const lon = new Float64Array(3 * minutes);
  const lat = new Float64Array(3 * minutes);
  for (let w = 0; w < 3; w++) {
    for (let m = 0; m < minutes; m++) {
      at[w * minutes + m] = Date.UTC(2026, 8, 7, 12, m);
      lon[w * minutes + m] = -1.83;
      lat[w * minutes + m] = 53.09 + w * 0.018;
    }
  }
  const day = 86_400_000;
  return {
    fleet: {
      at,
      lon,
      lat,
      sigma: new Float32Array(3 * minutes).fill(sigmaOf(10, defaultParameters)),
      start,
      from: new Float64Array(3),
      to: new Float64Array(3).fill(Infinity),
    },
    crimes: Array.from({ length: 50 }, (_, c) => ({
      from: Date.UTC(2026, 8, 7, 12, 10 + c),
      to: Date.UTC(2026, 8, 7, 12, 20 + c),
      place: { kind: 'point' as const, lon: -1.83, lat: 53.09, uncertaintyM: 0 },
      habitShifts: [-7 * day],
      coincidenceShifts: [0],
    })),
    parameters: defaultParameters,
  };
}

test('every crime gets a verdict on every wearer, and the digest repeats', async () => {
  const rows: [number, number, number][] = [];
  const first = await sweep(input(), async ({ weighed: { rows: n, columns }, ruledOut }) => {
    for (let i = 0; i < n; i++) rows.push([columns.crime[i] as number, columns.wearing[i] as number, columns.verdict[i] as number]);
    for (let i = 0; i < ruledOut.rows; i++) {
      rows.push([ruledOut.columns.crime[i] as number, ruledOut.columns.wearing[i] as number, verdictCode.impossible]);
    }
  });
  expect(rows).toHaveLength(150);
  expect(rows.filter(([, wearing, verdict]) => wearing === 0 && verdict === 0)).toHaveLength(50);
  expect(rows.filter(([, wearing, verdict]) => wearing !== 0 && (verdict === 1 || verdict === 2))).toHaveLength(100);
  const again = await sweep(input(), async () => undefined);
  expect(again.digest).toBe(first.digest);
  // The one wearer at the place is called present: that they are there at shift nothing too is no chance.
  expect([...first.coincidence]).toEqual(new Array(50).fill(0));
});

test.each([0, 2, 5])('by chance others are near, not those who are called present (%i threads)', async (threads) => {
  const given = input();
  // The second and the third wearer walk to the place on the hour before, when they are asked for as on another day.
  const { fleet, crimes } = given;
  for (let m = 0; m < 8; m++) for (const w of [0, 1, 2]) fleet.lat[w * 120 + m] = 53.09;
  for (const crime of crimes) crime.coincidenceShifts = [Date.UTC(2026, 8, 7, 12, 0) - crime.from, 0];
  for (const many of [1, crimes.length]) {
    // Few crimes are counted without an index, many with one.
    const { coincidence } = await sweep({ ...given, crimes: crimes.slice(0, many) }, async () => undefined, { threads });
    expect(coincidence[0]).toBe(1);
  }
});

test('another fix gives another digest', async () => {
  const changed = input();
  changed.fleet.lat[5] = 53.0901;
  changed.fleet.lat[20] = 53.0905;
  const before = await sweep(input(), async () => undefined);
  const after = await sweep(changed, async () => undefined);
  expect(after.digest).not.toBe(before.digest);
});

test('however many threads, the parts and the digest are the same', async () => {
  const digests = new Set<string>();
  for (const threads of [0, 1, 2, 5]) {
    const parts: number[] = [];
    const { digest } = await sweep(input(), async ({ part }) => void parts.push(part), { threads, rowsPerPart: 10 });
    digests.add(`${digest} ${parts.sort((a, b) => a - b).join()}`);
    expect(parts.length).toBeGreaterThan(10);
  }
  expect([...digests]).toHaveLength(1);
});

test('a part is as it was judged until it is stored, however slow the store is', async () => {
  const rowsOf = ({ weighed, ruledOut, visits }: SweepPart) =>
    JSON.stringify([weighed, ruledOut].map(({ columns }) => Object.values(columns).map((column) => [...column])).concat([[[...visits]]]));
  const right = new Map<number, string>();
  await sweep(input(), async (part) => void right.set(part.part, rowsOf(part)), { threads: 0, rowsPerPart: 6 });
  expect(right.size).toBeGreaterThan(20);
  for (const threads of [1, 2]) {
    let compared = 0;
    const slow = async (part: SweepPart) => {
      // Meanwhile the threads judge as many more as they may.
      await new Promise((resolve) => setTimeout(resolve, 15));
      expect(rowsOf(part)).toBe(right.get(part.part));
      compared++;
    };
    await sweep(input(), slow, { threads, rowsPerPart: 6 });
    expect(compared).toBe(right.size);
  }
});

test('a store that fails is told once, and nothing of it is left to nobody', async () => {
  const alone: unknown[] = [];
  const hear = (error: unknown) => alone.push(error);
  process.on('unhandledRejection', hear);
  for (const threads of [1, 2, 5]) {
    let stored = 0;
    const full = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (++stored > 2) throw new Error('The disk is full.');
    };
    await expect(sweep(input(), full, { threads, rowsPerPart: 6 })).rejects.toThrow('The disk is full.');
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.off('unhandledRejection', hear);
  expect(alone).toEqual([]);
});

test('whichever wearings are judged elsewhere, what is put together is the same, and so are its chances', async () => {
  const given = input();
  const perPart = crimesPerPart(3, 30);
  const whole: SweepPart[] = [];
  const { digest, coincidence } = await sweep(given, async (part) => void whole.push(part), { threads: 0, rowsPerPart: 30 });
  for (const split of [[1], [2], [1, 2]]) {
    const bounds = [0, ...split, 3];
    const pieces: SweepPart[][] = [];
    for (let p = 0; p + 1 < bounds.length; p++) {
      const [first, end] = [bounds[p] as number, bounds[p + 1] as number];
      const { fleet } = given;
      const [from, to] = [fleet.start[first] as number, fleet.start[end] as number];
      const own = {
        at: fleet.at.slice(from, to),
        lon: fleet.lon.slice(from, to),
        lat: fleet.lat.slice(from, to),
        sigma: fleet.sigma.slice(from, to),
        start: fleet.start.slice(first, end + 1).map((row) => row - from),
        from: fleet.from.slice(first, end),
        to: fleet.to.slice(first, end),
      };
      const parts: SweepPart[] = [];
      await sweep({ ...given, fleet: own, numberedFrom: first }, async (part) => void parts.push(part), {
        threads: 0,
        crimesPerPart: perPart,
      });
      pieces.push(parts);
    }
    const gathered = new GatheredParts(given.crimes.length, whole.length);
    for (const { part } of whole) gathered.take(toldOfParts(pieces.map((parts) => parts[part] as SweepPart)));
    expect(gathered.result()).toEqual({ digest, coincidence });
  }
  expect(whole.length).toBe(5);
});

test('a run of an earlier version is repeated in the halves that its digest is of', async () => {
  const digests = new Set<string>();
  for (const threads of [0, 2, 5]) {
    const parts: number[] = [];
    const options = { threads, rowsPerPart: 10, inHalves: true };
    digests.add((await sweep(input(), async ({ part }) => void parts.push(part), options)).digest);
    expect(parts.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  }
  // As the version before gave it. With another model nobody repeats such runs any more, and halves can go.
  expect([...digests]).toEqual(['a376b266415c7340d89f28b61e1e26ec62e89b7cbbd7f26db44d04d8cbc89d5b']);
  expect([...digests]).not.toContain((await sweep(input(), async () => undefined, { rowsPerPart: 10 })).digest);
});

test('a thread that is gone before it was used is told, and not waited for', async () => {
  const ready = beginThreads(2);
  await Promise.all(ready.map((worker) => worker.terminate()));
  await expect(sweep(input(), async () => undefined, { threads: 2, ready })).rejects.toThrow('ended before its work was done');
});

test('threads that rest judge the next sweep alike, and one that is gone meanwhile is not asked', async () => {
  const plain = await sweep(input(), async () => undefined, { threads: 0 });
  const begun = beginThreads(2);
  const rested = await sweep(input(), async () => undefined, { threads: 2, ready: [...begun], restAfter: true });
  expect(rested.digest).toBe(plain.digest);
  const again = beginThreads(2);
  expect(new Set(again)).toEqual(new Set(begun));
  const changed = input();
  changed.fleet.lat[20] = 53.0905;
  const other = await sweep(changed, async () => undefined, { threads: 0 });
  const restedOther = await sweep(changed, async () => undefined, { threads: 2, ready: [...again], restAfter: true });
  expect(restedOther.digest).toBe(other.digest);
  await begun[0]?.terminate();
  const left = beginThreads(2);
  expect(left).not.toContain(begun[0]);
  expect((await sweep(input(), async () => undefined, { threads: 2, ready: [...left] })).digest).toBe(plain.digest);
  expect(left.every(({ threadId }) => threadId === -1)).toBe(true);
});
