import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import type { Actor } from '../../platform/access.ts';
import { rawFix } from '../fixes/decode/raw-fix.ts';
import { openWearing } from '../subjects/wearings.ts';
import { declareTag } from '../tags/tags.ts';
import { takeOn } from '../taking-on/take-on.ts';
import { readZones } from '../zones/index.ts';
import { judgeRule } from './judge-rule.ts';
import { type Rule, readRule, ruleInWords } from './read-rule.ts';

const officer: Actor = { id: 'mo', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
const circle = { lat: '53.09', lon: '-1.83' };
const minute = 60_000;

describe('a rule in three answers', () => {
  test('what is left open is what is usual: nights at home, out of a place at all times, 150 m', () => {
    expect(readRule({ what: 'curfew', ...circle })).toEqual({
      name: 'Home',
      kind: 'curfew',
      area: { kind: 'circle', lat: 53.09, lon: -1.83, radiusM: 150 },
      hours: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '19:00', to: '07:00' }],
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
  ])('%j is refused at its question', (body, field, message) => {
    expect(() => readRule(body)).toThrow(expect.objectContaining({ field, message: expect.stringContaining(message) }));
  });

  test('it is said in a sentence', () => {
    const say = (body: object) => ruleInWords(readRule({ ...circle, ...body }), 'Leo', 'the order ends');
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
  });
});
