import { depthM, layArea } from '@waymark/presence';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import type { Actor } from '../../platform/access.ts';
import { withPurpose } from '../../platform/database.ts';
import { rawFix } from '../fixes/decode/raw-fix.ts';
import { openWearing } from '../subjects/wearings.ts';
import { declareTag } from '../tags/tags.ts';
import { takeOn } from '../taking-on/take-on.ts';
import { readZones } from '../zones/index.ts';
import { judgeRule } from './judge-rule.ts';
import { type Rule, readRule, ruleInWords } from './read-rule.ts';
import { boundsOf } from './rule-bounds.ts';

const officer: Actor = { id: 'mo', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
const circle = { lat: '53.09', lon: '-1.83' };
const minute = 60_000;
/** A kilometre east, then one north. */
const way = JSON.stringify({
  type: 'LineString',
  coordinates: [
    [-1.83, 53.09],
    [-1.815, 53.09],
    [-1.815, 53.099],
  ],
});

describe('a rule in three answers', () => {
  test('what is left open is what is usual: nights at home, out of a place at all times, 150 m', () => {
    expect(readRule({ what: 'curfew', ...circle })).toEqual({
      name: 'Home',
      kind: 'curfew',
      area: { kind: 'circle', lat: 53.09, lon: -1.83, radiusM: 150 },
      hours: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '19:00', to: '07:00' }],
      firstDay: null,
      lastDay: null,
    });
    expect(readRule({ what: 'exclusion', name: 'Mill Lane', radiusM: '200', ...circle })).toMatchObject({ name: 'Mill Lane', hours: [] });
    expect(readRule({ what: 'curfew', days: ['6', '7'], from: '20:00', to: '06:00', ...circle }).hours).toEqual([
      { days: [6, 7], from: '20:00', to: '06:00' },
    ]);
  });

  test.each([
    [{}, 'what', 'Choose what'],
    [{ what: 'constructor', ...circle }, 'what', 'Choose what'],
    [{ what: 'curfew' }, 'lat', 'click on the map'],
    [{ what: 'curfew', when: 'always', ...circle }, 'when', 'needs hours'],
    [{ what: 'curfew', when: 'own hours', ...circle }, 'from', 'Choose the days'],
    [{ what: 'exclusion', ...circle, radiusM: 'far' }, 'radiusM', 'you entered "far"'],
    [{ what: 'exclusion', area: '{' }, 'area', 'not JSON'],
    [{ what: 'attend', from: '10:00', to: '11:00', ...circle }, 'firstDay', 'Enter the day'],
    [{ what: 'attend', firstDay: '2026-12-07', ...circle }, 'from', 'from when to when'],
    [{ what: 'curfew', firstDay: 'Monday', ...circle }, 'firstDay', 'year, month and day'],
    [{ what: 'curfew', firstDay: '2026-12-07', lastDay: '2026-12-06', ...circle }, 'lastDay', 'before the first'],
    [{ what: 'travel', when: 'own hours', ...circle }, 'area', 'Draw the way'],
    [{ what: 'travel', area: way }, 'when', 'at set hours'],
    [{ what: 'travel', area: way, radiusM: '5', days: ['1'], from: '07:00', to: '09:00' }, 'radiusM', 'from 20 to 1,000'],
    [{ what: 'travel', area: '{"type":"LineString","coordinates":[[0,0]]}', radiusM: '50' }, 'area', 'no way of 2'],
  ])('%j is refused at its question', (body, field, message) => {
    expect(() => readRule(body)).toThrow(expect.objectContaining({ field, message: expect.stringContaining(message) }));
  });

  test('it is said in a sentence', () => {
    const say = (body: object) => ruleInWords(readRule({ ...circle, ...body }), 'Leo', 'the order ends', (day) => `day ${day}`);
    expect(say({ what: 'curfew', name: '12 Mill Lane' })).toBe(
      'Leo must be within 150 m of “12 Mill Lane” every day from 19:00 to 07:00, from now until the order ends.',
    );
    expect(say({ what: 'exclusion', name: 'Mill Lane', radiusM: '80', when: 'weekday nights' })).toBe(
      'Leo must keep 80 m away from “Mill Lane” on weekdays from 19:00 to 07:00, from now until the order ends.',
    );
    const shapes = JSON.stringify({
      type: 'Polygon',
      coordinates: [
        [
          [0, 0],
          [0.01, 0],
          [0.01, 0.01],
          [0, 0],
        ],
      ],
    });
    expect(say({ what: 'inclusion', name: 'The town', area: shapes })).toBe(
      'Leo must stay in “The town” at all times, from now until the order ends.',
    );
    expect(say({ what: 'attend', name: 'Tarn House', firstDay: '2026-12-07', from: '10:00', to: '11:00' })).toBe(
      'Leo must be within 150 m of “Tarn House” on day 2026-12-07 from 10:00 to 11:00.',
    );
    const hours = { days: ['1', '2', '3', '4', '5'], from: '07:00', to: '09:00' };
    expect(say({ what: 'travel', area: way, radiusM: '60', firstDay: '2026-12-07', lastDay: '2026-12-18', ...hours })).toBe(
      'Leo must stay in “Way to keep to” on weekdays from 07:00 to 09:00, from day 2026-12-07 until day 2026-12-18, that day included.',
    );
  });

  test('from a first to a last day: the night before is not of it, and the last night goes over midnight', () => {
    const nights = [{ days: [1, 2, 3, 4, 5, 6, 7], from: '22:00', to: '02:00' }];
    const bounds = (rule: Pick<Rule, 'firstDay' | 'lastDay' | 'hours'>, now = '2026-12-01T12:00:00Z') => {
      const { effectiveAt, until } = boundsOf(rule, 'Europe/London', Date.parse(now));
      return [effectiveAt.toISOString().slice(0, 16), until?.toISOString().slice(0, 16) ?? null];
    };
    expect(bounds({ firstDay: '2026-12-07', lastDay: '2026-12-07', hours: nights })).toEqual(['2026-12-07T22:00', '2026-12-08T02:00']);
    expect(bounds({ firstDay: '2026-12-07', lastDay: null, hours: nights })).toEqual(['2026-12-07T22:00', null]);
    expect(bounds({ firstDay: null, lastDay: '2026-12-09', hours: nights })).toEqual(['2026-12-01T12:00', '2026-12-10T02:00']);
    expect(bounds({ firstDay: '2026-12-07', lastDay: '2026-12-08', hours: [] })).toEqual(['2026-12-07T00:00', '2026-12-09T00:00']);
    const two = [...nights, { days: [1], from: '23:00', to: '05:00' }];
    expect(bounds({ firstDay: '2026-12-07', lastDay: '2026-12-07', hours: two })[1]).toBe('2026-12-08T05:00');
    const today = { firstDay: '2026-12-01', lastDay: '2026-12-01', hours: [{ days: [2], from: '10:00', to: '11:00' }] };
    expect(bounds(today, '2026-12-01T10:30:00Z')).toEqual(['2026-12-01T10:30', '2026-12-01T11:00']);
    expect(() => bounds(today, '2026-12-01T11:30:00Z')).toThrow('over already');
    // In the night in which clocks go back, by the clock on the wall.
    expect(bounds({ firstDay: '2026-10-24', lastDay: '2026-10-24', hours: nights }, '2026-10-01T12:00:00Z')).toEqual([
      '2026-10-24T21:00',
      '2026-10-25T02:00',
    ]);
  });

  test('a way is all that is within so many metres of it, round its corners too', () => {
    const { area } = readRule({ what: 'travel', area: way, radiusM: '60', days: ['1'], from: '07:00', to: '09:00' });
    const laid = layArea(area);
    const [northM, eastM] = [1 / 111_200, 1 / (111_320 * Math.cos((53.09 * Math.PI) / 180))];
    const depth = (east: number, north: number) => Math.round(depthM(laid, -1.83 + east * eastM, 53.09 + north * northM));
    // On the way, 50 and 70 m beside it, before its beginning, and inside its corner.
    expect([depth(500, 0), depth(500, 50), depth(500, 70), depth(-50, 0), depth(-70, 0)].map((own) => Math.sign(own))).toEqual([
      1, 1, -1, 1, -1,
    ]);
    expect(Math.abs(depth(500, 0) - 60)).toBeLessThan(3);
    expect(Math.sign(depth(900, 500))).toBe(-1);
  });
});

describe('somebody new', () => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  beforeAll(async () => {
    serving = await serveForTest();
  });
  afterAll(() => serving?.end());

  const all = {
    reference: 'N-1',
    name: 'Nell Ash',
    phone: '07700 900123',
    address: '12 Mill Lane',
    kind: 'court bail',
    authority: 'Tarn Court',
    startsAt: new Date(Date.now() - 40 * 86_400_000),
    endsAt: null,
    officerName: 'Sol Reed',
    officerPhone: '020 7946 0000',
    today: '2026-11-27',
  };

  test('all goes in, or nothing; a rule is judged over what they did before it holds', async () => {
    const { performer, intake, live } = serving.waymark;
    await expect(performer.perform(officer, takeOn, null, { ...all, officerPhone: 'none' })).rejects.toThrow('3 to 15 digits');
    // Nothing of it is there: the reference is free.
    const { id: subjectId } = await performer.perform(officer, takeOn, null, all);
    const { orders } = await performer.perform(officer, readZones, null, { subjectId });
    expect(orders).toMatchObject([{ kind: 'court bail', authority: 'Tarn Court' }]);
    const rule = (body: object): Rule => readRule({ ...circle, ...body });
    const judged = (own: Rule) => performer.perform(officer, judgeRule, serving.waymark, { subjectId, rule: own, now: Date.now() });
    expect(await judged(rule({ what: 'exclusion' }))).toEqual({ alerts: [], fixes: 0 });

    await performer.perform(officer, declareTag, null, { serial: 'N-TAG', model: '' });
    const worn = { subjectId, orderId: orders[0]?.id as number, serial: 'N-TAG', startsAt: all.startsAt };
    await performer.perform(officer, openWearing, null, worn);
    const start = Date.now() - 3 * 3_600_000;
    const fixes = Array.from({ length: 60 }, (_, i) => ({
      ...rawFix('N-TAG', start + i * minute, i >= 20 && i < 32 ? -1.83 : -1.85, 53.09),
      accuracyM: 8,
    }));
    await intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial: 'N-TAG' });
    await live.settled();
    expect(await judged(rule({ what: 'exclusion' }))).toEqual({ alerts: [{ from: start + 20 * minute, lastedS: 720 }], fixes: 60 });
    expect((await judged(rule({ what: 'exclusion', lat: '53.2' }))).alerts).toEqual([]);
  });

  test('on the pages: one form, then question, sentence and rule', async () => {
    const visitor = new Visitor(serving.url);
    await visitor.signIn('mo-1');
    const send = async (path: string, fields: Record<string, string>) => {
      const body = new URLSearchParams({ _csrf: await visitor.csrf('/subjects/new'), ...fields });
      return visitor.request(path, { method: 'POST', body });
    };
    const form = { ...all, reference: 'N-2', name: 'Ned Low', startsOn: '2026-11-01', endsOn: '2027-03-12' };
    const { startsAt: _startsAt, endsAt: _endsAt, today: _today, ...fields } = form;
    const wrong = await send('/subjects/new', { ...fields, endsOn: '12/3/27' });
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toMatch(/<title>[^<]*Error: New subject.*for example 2026-09-07/s);
    const made = await send('/subjects/new', fields);
    expect(made.status).toBe(302);
    const rules = made.headers.get('location') as string;
    expect(rules).toMatch(/^\/subjects\/\d+\/rules\/new$/);
    const path = rules.replace('/new', '');
    const refused = await send(path, { step: 'look', what: 'curfew' });
    expect(refused.status).toBe(400);
    const asked = await (await send(path, { step: 'look', what: 'curfew', name: '12 Mill Lane', ...circle })).text();
    expect(asked).toContain(
      'Ned Low must be within 150 m of “12 Mill Lane” every day from 19:00 to 07:00, from now until the order ends on 12 March 2027.',
    );
    expect(asked).toContain('There are no positions of the last 30 days');
    const more = await send(path, { step: 'save-more', what: 'curfew', name: '12 Mill Lane', ...circle });
    expect(more.headers.get('location')).toBe(rules);
    const saved = await send(path, { step: 'save', what: 'exclusion', ...circle });
    expect(saved.headers.get('location')).toBe(path.replace('/rules', '/zones'));
    const subjectId = Number(/\d+/.exec(rules)?.[0]);
    const { zones } = await serving.waymark.performer.perform(officer, readZones, null, { subjectId });
    expect(zones.map(({ inForce }) => [inForce?.name, inForce?.kind])).toEqual([
      ['12 Mill Lane', 'curfew'],
      ['Place to keep out of', 'exclusion'],
    ]);
    const order = zones[0]?.orderId;
    expect(order).toBe(zones[1]?.orderId);
    // Once: it holds on its day alone, and is not in force after it.
    const day = '2099-12-07';
    const once = { what: 'attend', name: 'Tarn House', firstDay: day, from: '10:00', to: '11:00', ...circle };
    expect((await send(path, { step: 'save', ...once, firstDay: '2026-10-01' })).status).toBe(400);
    expect((await send(path, { step: 'save', ...once })).status).toBe(302);
    const bounds = await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', (tx) =>
      tx
        .selectFrom('supervision.zone_versions as v')
        .innerJoin('supervision.zone_orders as o', 'o.zone_id', 'v.zone_id')
        .select(['v.effective_at', 'o.removed_at'])
        .where('v.name', '=', 'Tarn House')
        .executeTakeFirstOrThrow(),
    );
    expect(bounds).toEqual({ effective_at: new Date('2099-12-07T10:00:00Z'), removed_at: new Date('2099-12-07T11:00:00Z') });
    const after = await serving.waymark.performer.perform(officer, readZones, null, { subjectId });
    expect(after.zones.map(({ inForce }) => inForce?.name)).toContain('Tarn House');
  });
});
