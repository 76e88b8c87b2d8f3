import { expect, test } from 'vitest';
import type { OwnSupervision, OwnZone } from '../supervision/index.ts';
import { todayOf } from './today.ts';

const now = Date.UTC(2026, 10, 27, 12);
const hour = 3_600_000;

function zone(name: string, kind: OwnZone['kind'], from: number, to: number | null): OwnZone {
  const holdsNow = from <= now;
  return {
    name,
    kind,
    hours: [],
    holdsNow,
    changesAt: holdsNow ? to : from,
    stretch: { from, to },
    last: null,
    feature: {} as OwnZone['feature'],
  };
}

const own = (zones: OwnZone[], battery: number | null = 0.9): OwnSupervision => ({
  name: 'Sam',
  reference: 'S-1',
  orders: [],
  officer: null,
  tag: { serial: 'T-1', since: new Date(now), lastAt: now, battery, place: null },
  zones,
  absences: [],
  lists: [],
  alerts: [],
  verdicts: [],
  cases: [],
});

test('the curfew that comes within a day is told, with how long until then; a later one is not', () => {
  const tonight = zone('Home', 'curfew', now + 7 * hour, now + 19 * hour);
  expect(todayOf(own([tonight]), now).rule).toMatchObject({ name: 'Home', inMinutes: 420, holdsNow: false });
  expect(todayOf(own([zone('Home', 'curfew', now + 30 * hour, now + 40 * hour)]), now).rule).toBeNull();
});

test('a curfew goes before a place to stay in, and what holds now before what comes', () => {
  const always = zone('The town', 'inclusion', now - 1000 * hour, null);
  const later = zone('Home', 'curfew', now + 7 * hour, now + 19 * hour);
  const running = zone('Hostel', 'curfew', now - hour, now + hour);
  expect(todayOf(own([always, later, running]), now).rule).toMatchObject({ name: 'Hostel', inMinutes: 60 });
  expect(todayOf(own([always]), now).rule).toMatchObject({ name: 'The town', inMinutes: 0 });
});

test('places to keep out of are those that hold now; the battery says what to do', () => {
  const out = zone('Mill Lane', 'exclusion', now - hour, null);
  const laterOut = zone('Market', 'exclusion', now + hour, null);
  expect(todayOf(own([out, laterOut]), now)).toMatchObject({ rule: null, keepOut: ['Mill Lane'], charge: null });
  expect([0.6, 0.5, 0.49, 0.3, 0.29, null].map((battery) => todayOf(own([], battery), now).charge)).toEqual([
    null,
    null,
    'today',
    'today',
    'now',
    null,
  ]);
});
