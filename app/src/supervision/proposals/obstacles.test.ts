import { expect, test } from 'vitest';
import type { ProposedConditions } from '../schema/proposed-conditions.ts';
import { obstaclesOf, type WeekOfCapacity } from './obstacles.ts';

const home = { name: '12 Mill Lane', lat: 53.09, lon: -1.815 };
/** So many metres north of home. */
const north = (m: number) => ({ lat: home.lat + m / 111_290, lon: home.lon });
const conditions = (more: Partial<ProposedConditions> = {}): ProposedConditions => ({
  home,
  signal: 0.97,
  power: true,
  curfew: { from: '19:00', to: '07:00' },
  work: null,
  keepOut: [],
  ...more,
});
const week = (from: string, more: Partial<WeekOfCapacity> = {}): WeekOfCapacity => ({
  from,
  visitsPlanned: 10,
  fittingsPlanned: 2,
  visitsPossible: 40,
  tagsLeft: 5,
  ...more,
});
const weeks = [week('2026-11-23'), week('2026-11-30'), week('2026-12-07')];
const stateOf = (about: string, own: ProposedConditions, releaseOn = '2026-12-02', given = weeks) =>
  obstaclesOf(own, releaseOn, given).find((o) => o.about === about)?.state;

test('signal and power at home: in the way, fine, or not known, and never guessed', () => {
  expect(stateOf('Signal at home', conditions())).toBe('fine');
  expect(stateOf('Signal at home', conditions({ signal: 0.61 }))).toBe('in the way');
  expect(stateOf('Signal at home', conditions({ signal: 0.61, curfew: null }))).toBe('to look at');
  expect(stateOf('Signal at home', conditions({ signal: null }))).toBe('not known');
  expect(stateOf('Charging', conditions({ power: null }))).toBe('not known');
  expect(stateOf('Charging', conditions({ power: false }))).toBe('in the way');
});

test('an area that holds the home, comes near it, or is too small for a tag', () => {
  const area = (at: { lat: number; lon: number }, radiusM: number) => ({ name: 'Market square', ...at, radiusM });
  const about = 'Keep out of Market square';
  expect(stateOf(about, conditions({ keepOut: [area(north(100), 200)] }))).toBe('in the way');
  expect(stateOf(about, conditions({ keepOut: [area(north(320), 200)] }))).toBe('to look at');
  expect(stateOf(about, conditions({ keepOut: [area(north(3000), 30)] }))).toBe('to look at');
  expect(stateOf(about, conditions({ keepOut: [area(north(3000), 200)] }))).toBeUndefined();
  expect(stateOf('Areas to keep out of', conditions({ keepOut: [area(north(3000), 200)] }))).toBe('fine');
});

test('work inside an area, a way across one, and hours that leave no time for it', () => {
  const work = { name: 'Bakery', ...north(6000), from: '08:00', to: '16:30' };
  const area = (m: number) => ({ name: 'Market square', ...north(m), radiusM: 200 });
  expect(stateOf('Work at Bakery', conditions({ work, keepOut: [area(6100)] }))).toBe('in the way');
  expect(stateOf('Way to work', conditions({ work, keepOut: [area(3000)] }))).toBe('to look at');
  expect(stateOf('Way to work', conditions({ work, keepOut: [{ ...area(3000), lon: home.lon + 0.02 }] }))).toBeUndefined();
  expect(stateOf('Hours of work', conditions({ work }))).toBe('fine');
  expect(stateOf('Hours of work', conditions({ work: { ...work, to: '19:30' } }))).toBe('in the way');
  // Six kilometres take longer than a quarter of an hour.
  expect(stateOf('Hours of work', conditions({ work: { ...work, from: '07:15' } }))).toBe('to look at');
  // A night shift falls into hours by day as well as into those over midnight.
  expect(stateOf('Hours of work', conditions({ work: { ...work, from: '22:00', to: '05:00' } }))).toBe('in the way');
});

test('a fitting needs a visit and a tag in the week of the release, and says which week has both', () => {
  expect(stateOf('Fitting the tag', conditions())).toBe('fine');
  const full = [week('2026-11-23'), week('2026-11-30', { visitsPlanned: 40 }), week('2026-12-07')];
  const said = obstaclesOf(conditions(), '2026-12-02', full).find(({ about }) => about === 'Fitting the tag');
  expect(said).toMatchObject({ state: 'in the way', says: expect.stringContaining('2026-12-07') });
  expect(stateOf('Fitting the tag', conditions(), '2026-12-02', [week('2026-11-30', { tagsLeft: 0 })])).toBe('in the way');
  expect(stateOf('Fitting the tag', conditions(), '2026-12-02', [week('2026-11-30', { visitsPossible: 0 })])).toBe('not known');
  expect(stateOf('Fitting the tag', conditions(), '2027-06-01')).toBe('not known');
  expect(stateOf('Fitting the tag', conditions(), '2026-11-01')).toBe('not known');
});
