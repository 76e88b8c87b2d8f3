import { expect, test } from 'vitest';
import type { Cost, CostGroup } from './figures.ts';
import { inPricesOf } from './price-index.ts';
import { effectOf, reckonWorth } from './reckon.ts';

const cost = (group: CostGroup, low: number, high: number, priceYear = 2022): Cost => ({
  key: group,
  group,
  name: group,
  note: null,
  figure: { low, high, priceYear, source: 'A source' },
  entered: null,
});
const caseload = { tagDays: 3652.5, personDays: 1826.25, wearersNow: 10, wearers: 20 };
const none = { people: 0, months: 0 };

test('what a caseload costs is days times the range, by each figure in the prices of its own year', () => {
  const worth = reckonWorth(
    [cost('tag', 3000, 6000, 2016), cost('tag', 4000, 4000), cost('prison on average', 50_000, 50_000)],
    caseload,
    none,
  );
  expect(worth.tags).toEqual([
    { by: 'tag', priceYear: 2016, low: 30_000, high: 60_000 },
    { by: 'tag', priceYear: 2022, low: 40_000, high: 40_000 },
  ]);
  // Somebody with two tags would be in prison once.
  expect(worth.prisonOnAverage).toEqual([{ by: 'prison on average', priceYear: 2022, low: 250_000, high: 250_000 }]);
});

test('an average cost of prison never becomes cash, whatever it is', () => {
  for (const average of [0, 26_645, 51_724, 1_000_000])
    expect(reckonWorth([cost('tag', 3000, 6000), cost('prison on average', average, average)], caseload, none).cash).toEqual([]);
  const known = reckonWorth([cost('prison on average', 50_000, 50_000), cost('one prisoner fewer', 2000, 5000)], caseload, none);
  expect(known.cash).toMatchObject([{ low: 10_000, high: 25_000 }]);
});

test('support is worked out for as many people and months as are said, and not at all without a figure', () => {
  const two = { people: 2, months: 6 };
  expect(reckonWorth([cost('support', 1200, 2400)], caseload, two).support).toMatchObject([{ low: 1200, high: 2400 }]);
  expect(reckonWorth([{ ...cost('support', 0, 0), figure: null }], caseload, two).support).toEqual([]);
  expect(reckonWorth([cost('support', 1200, 2400)], caseload, none).support).toEqual([]);
});

test('an effect stands with its interval, which reaches over none where the cases are few', () => {
  const found = effectOf({ without: 33.2, with: 26.2, cases: 3360 });
  expect(found.fewer).toBeCloseTo(7, 6);
  expect([found.low, found.high].map((bound) => Math.round(10 * bound) / 10)).toEqual([3.9, 10.1]);
  expect(effectOf({ without: 33.2, with: 26.2, cases: 100 }).low).toBeLessThan(0);
});

test('costs of several years stand in the prices of one, where prices of both years are known, and not at all otherwise', () => {
  const indices = [
    { year: 2016, index: 80, source: 'A series' },
    { year: 2022, index: 100, source: 'A series' },
  ];
  const [old, now] = [cost('tag', 3000, 6000, 2016), cost('prison on average', 50_000, 50_000)];
  expect(inPricesOf([old, now], 2022, indices).map(({ inYear }) => inYear)).toEqual([
    { low: 3750, high: 7500 },
    { low: 50_000, high: 50_000 },
  ]);
  expect(inPricesOf([cost('tag', 3000, 6000, 2012)], 2022, indices)[0]?.inYear).toBeNull();
  expect(inPricesOf([old], 2025, indices)[0]?.inYear).toBeNull();
  expect(inPricesOf([old], null, indices)[0]?.inYear).toBeNull();
});
