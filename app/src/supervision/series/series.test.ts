import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyst } from '../../../test/actors.ts';
import { serveForTest, temporaryFolder, Visitor } from '../../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../../test/small-town.ts';
import { readCrime } from '../review/index.ts';
import { amongAll, atLeast, chanceThere } from './by-chance.ts';
import { readSeries } from './read-series.ts';
import { readWearer } from './read-wearer.ts';

describe('the chance', () => {
  test('of at least so many is the sum over every way in which they can happen', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 7 }), fc.integer({ min: 0, max: 8 }), (chances, k) => {
        let sum = 0;
        for (let ways = 0; ways < 2 ** chances.length; ways++) {
          const happened = chances.map((_, i) => ((ways >> i) & 1) === 1);
          if (happened.filter(Boolean).length < k) continue;
          sum += chances.reduce((product, p, i) => product * (happened[i] ? p : 1 - p), 1);
        }
        expect(atLeast(k, chances)).toBeCloseTo(Math.min(1, sum), 9);
      }),
    );
  });

  test('is that of others or of oneself, whichever is more, and never nought', () => {
    expect(chanceThere({ coincidence: 2, wearers: 40, habit: null })).toBe(0.05);
    expect(chanceThere({ coincidence: 0, wearers: 40, habit: { weeks: 8, visits: 4 } })).toBeCloseTo(4.0125 / 9, 6);
    expect(chanceThere({ coincidence: 0, wearers: 40, habit: { weeks: 0, visits: 0 } })).toBe(1 / 80);
    expect(chanceThere({ coincidence: null, wearers: 0, habit: null })).toBe(0.5);
    expect([amongAll(0, 40), amongAll(1, 40)]).toEqual([0, 1]);
    expect(amongAll(0.001, 40)).toBeCloseTo(1 - 0.999 ** 40, 12);
  });
});

describe('a series', () => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  const folder = temporaryFolder();
  beforeAll(async () => {
    serving = await serveForTest({});
    await fillWithSmallTown(serving.waymark, folder.path);
  });
  afterAll(async () => {
    await serving?.end();
    folder.remove();
  });
  const crimes = Array.from({ length: 12 }, (_, i) => i + 1);

  test('lists whoever was present at two or more, as each crime’s own page says, with a chance that allows for all who were looked at', async () => {
    const { performer, verdicts, fixes, timeZone } = serving.waymark;
    const series = await performer.perform(analyst, readSeries, { verdicts }, { crimes });
    expect(series.lookedAt).toBe(8);
    const times = new Map<number, number>();
    for (const id of crimes) {
      const page = await performer.perform(analyst, readCrime, { verdicts, fixes, timeZone, secondReview: false }, { id });
      for (const { verdict, wearing } of page.verdicts) if (verdict === 'present') times.set(wearing, (times.get(wearing) ?? 0) + 1);
    }
    const expected = [...times].filter(([, n]) => n > 1);
    expect(expected.length).toBeGreaterThan(0);
    expect(new Map(series.rows.map(({ wearing, present }) => [wearing, present]))).toEqual(new Map(expected));
    for (const { chance, amongAll: all, present, unknown, excluded } of series.rows) {
      expect(chance).toBeGreaterThan(0);
      expect(all).toBeGreaterThanOrEqual(chance);
      expect(all).toBeLessThanOrEqual(1);
      expect(present + unknown + excluded).toBe(12);
    }
    await expect(performer.perform(analyst, readSeries, { verdicts }, { crimes: [1, 1] })).rejects.toThrow('Tick two crimes or more');
    await expect(
      performer.perform(analyst, readSeries, { verdicts }, { crimes: Array.from({ length: 13 }, (_, i) => i + 1) }),
    ).rejects.toThrow('Tick at most 12');
  });

  test('one wearer over time has every crime with a verdict on them', async () => {
    const { performer, verdicts } = serving.waymark;
    const wearer = await performer.perform(analyst, readWearer, { verdicts }, { wearing: 1, days: 3650, now: Date.now() });
    expect(wearer.counts.present + wearer.counts.excluded + wearer.counts.unknown).toBe(12);
    expect(wearer.rows.map(({ from }) => from.getTime())).toEqual(wearer.rows.map(({ from }) => from.getTime()).sort((a, b) => b - a));
    await expect(performer.perform(analyst, readWearer, { verdicts }, { wearing: 999, days: 30, now: Date.now() })).rejects.toThrow(
      'no such wearer',
    );
  });

  test('the pages: ticked in the list, told together, each row a link; too few is told', async () => {
    const visitor = new Visitor(serving.url);
    await visitor.signIn('ca-1');
    expect(await (await visitor.follow('/crimes')).text()).toContain('Who was at several of those I ticked?');
    const page = await (await visitor.follow(`/series?${crimes.map((id) => `crime=${id}`).join('&')}`)).text();
    expect(page).toContain('12 crimes as one series');
    expect(page).toMatch(/href="\/wearers\/\d+"/);
    const few = await visitor.request('/series?crime=1');
    expect(few.status).toBe(400);
    expect(await few.text()).toContain('Tick two crimes or more');
    expect(await (await visitor.follow('/wearers/1?days=365&show=all')).text()).toContain('Every crime');
  });
});
