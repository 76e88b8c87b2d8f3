import { expect, test } from 'vitest';
import type { Cost } from './figures.ts';
import { reckonWorth } from './reckon.ts';

const cost = (key: string, low: number, high: number, priceYear = 2022): Cost => ({
  key,
  name: key,
  note: null,
  figure: { low, high, priceYear, source: 'A source' },
  entered: null,
});
const caseload = { tagDays: 3652.5, wearersNow: 10, wearers: 20 };
const none = { people: 0, months: 0 };

test('what a caseload costs is days times the range, in the prices of its own year', () => {
  const worth = reckonWorth([cost('tag', 3000, 6000, 2016), cost('prison-later', 50_000, 50_000)], caseload, none);
  expect(worth.tags).toEqual({ low: 30_000, high: 60_000 });
  expect(worth.prisonOnAverage).toEqual({ low: 500_000, high: 500_000 });
  expect(worth.priceYears).toEqual([2016, 2022]);
});

test('an average cost of prison never becomes cash, whatever it is', () => {
  for (const average of [0, 26_645, 51_724, 1_000_000]) {
    const worth = reckonWorth(
      [cost('tag', 3000, 6000), cost('prison-later', average, average), cost('prison', average, average)],
      caseload,
      none,
    );
    expect(worth.cash).toBeNull();
  }
  const [low, high] = [2000, 5000];
  const known = reckonWorth([cost('prison-later', 50_000, 50_000), cost('prison-one-fewer', low, high)], caseload, none);
  expect(known.cash).toEqual({ low: 10 * low, high: 10 * high });
});

test('support is worked out for as many people and months as are said, and not at all without a figure', () => {
  const two = { people: 2, months: 6 };
  expect(reckonWorth([cost('support', 1200, 2400)], caseload, two).support).toEqual({ low: 1200, high: 2400 });
  expect(reckonWorth([{ ...cost('support', 0, 0), figure: null }], caseload, two).support).toBeNull();
  expect(reckonWorth([cost('support', 1200, 2400)], caseload, none).support).toBeNull();
});
