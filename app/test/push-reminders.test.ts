import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { speakIn } from '../src/person/texts/speak.ts';
import { planReminders, supervisionAccess } from '../src/supervision/index.ts';
import { officer } from './actors.ts';
import { startPushService } from './push-stand-in.ts';
import { serveForTest, Visitor } from './serve-for-test.ts';
import { wearerForTest } from './wearer-for-test.ts';

/** Reminders on somebody's own phone or computer, from the page to what the browser would show. */
let service: Awaited<ReturnType<typeof startPushService>>;
let serving: Awaited<ReturnType<typeof serveForTest>>;
let visitor: Visitor;
let wearer: Awaited<ReturnType<typeof wearerForTest>>;
let publicKey = '';

const pageOf = async () => (await visitor.follow('/me/reminders')).text();
const post = async (path: string, form: [string, string][]) => {
  const answer = await visitor.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams([...form, ['_csrf', await visitor.csrf('/me')]]),
  });
  return { status: answer.status, text: await answer.text() };
};
const wish = (target: string, words = 'little'): [string, string][] => [
  ['channel', 'push message'],
  ['device', target],
  ['quietFrom', '00:00'],
  ['quietTo', '00:00'],
  ['words', words],
  ['kinds', 'charge'],
];
const send = (now = Date.now()) => serving.reminders.deliverDue(new Date(now));
const latest = async () =>
  serving.waymark.database.db.transaction().execute(async (tx) => {
    await sql`SELECT set_config('waymark.purpose', 'monitoring', true)`.execute(tx);
    const { rows } = await sql<{ state: string; problem: string | null }>`
      SELECT state, problem FROM supervision.reminders ORDER BY id DESC LIMIT 1`.execute(tx);
    return rows[0];
  });

beforeAll(async () => {
  service = await startPushService();
  serving = await serveForTest({ WAYMARK_PUSH_CONTACT: 'mailto:duty@agency.example', WAYMARK_PUSH_HOSTS: `push.example, ${service.host}` });
  await serving.reminders.close();
  wearer = await wearerForTest(serving.waymark, 'PU-1');
  visitor = new Visitor(serving.url);
  await visitor.signIn('pe-1');
  const { code } = await serving.waymark.performer.perform(officer, supervisionAccess.invite, null, { id: wearer.subjectId });
  await post('/me/code', [['code', code]]);
  publicKey = /data-push-key="([\w-]+)"/.exec(await pageOf())?.[1] ?? '';
});
afterAll(async () => {
  await serving?.end();
  service?.close();
});

test.each([
  ['nothing', ''],
  ['no subscription', '{"endpoint":"https://push.example/1"}'],
  ['another address', 'https://push.example/1'],
  [
    'a place that is no push service',
    '{"endpoint":"https://elsewhere.example/1","keys":{"p256dh":"BBBBBBBBBBBBBBBBBBBB","auth":"AAAAAAAAAAAAAAAAAAAA"}}',
  ],
  [
    'one that is not encrypted',
    '{"endpoint":"http://push.example/1","keys":{"p256dh":"BBBBBBBBBBBBBBBBBBBB","auth":"AAAAAAAAAAAAAAAAAAAA"}}',
  ],
  ['another port of it', '{"endpoint":"https://push.example:22/1","keys":{"p256dh":"BBBBBBBBBBBBBBBBBBBB","auth":"AAAAAAAAAAAAAAAAAAAA"}}'],
  [
    'one with a password',
    '{"endpoint":"https://a:b@push.example/1","keys":{"p256dh":"BBBBBBBBBBBBBBBBBBBB","auth":"AAAAAAAAAAAAAAAAAAAA"}}',
  ],
])('%s is not taken for a browser', async (_what, target) => {
  const { status, text } = await post('/me/reminders', wish(target));
  expect([status, text.includes('We could not set this up on this phone or computer.')]).toEqual([400, true]);
});

test('a code comes to the device, and when it was typed reminders do; on its screen they say little', async () => {
  expect(publicKey.length).toBeGreaterThan(80);
  const device = service.subscribe(publicKey);
  expect((await post('/me/reminders', wish(device))).status).toBe(302);
  expect(await pageOf()).toContain('We have sent a code to your phone or computer.');
  await send();
  const [first] = service.pushed;
  expect(first).toMatchObject({ contact: 'mailto:duty@agency.example', message: { title: 'Reminder' } });
  const code = /\d{6}/.exec(first?.message.text ?? '')?.[0] ?? '';
  await post('/me/reminders/code', [['code', code]]);
  const page = await pageOf();
  expect(page).toContain('We send reminders to the phone or computer where you chose this.');
  // What the browser gave is not for the eye.
  expect(page).not.toContain('p256dh');
  await wearer.fix({ battery: 0.1 });
  const { performer, positions, timeZone } = serving.waymark;
  const system = { id: 'system', name: 'Waymark', role: 'system', purpose: 'monitoring' } as const;
  await performer.perform(system, planReminders, { positions, timeZone, speak: speakIn(timeZone) }, { now: Date.now() });
  service.failures.push(500);
  await send();
  expect(await latest()).toEqual({ state: 'waiting', problem: 'The push service answered with 500' });
  await send(Date.now() + 120_000);
  expect(service.pushed).toHaveLength(2);
  expect(service.pushed[1]?.message.text).toBe('You have a reminder. Sign in to read it.');
  expect(service.pushed[1]?.topic).toBe(service.pushed[1]?.message.tag);
  expect(await latest()).toMatchObject({ state: 'sent' });
  // Of no use after six hours, it is kept for a device that is off for four at most.
  expect(service.pushed[1]?.ttl).toBe(4 * 3600);
  expect(first?.ttl).toBeLessThanOrEqual(15 * 60);
  // Quiet hours may be changed from anywhere: the device stays.
  await post('/me/reminders', [...wish('').filter(([name]) => name !== 'quietTo'), ['quietTo', '06:00']]);
  expect(await pageOf()).toContain('We send reminders to the phone or computer where you chose this. Not from 00:00 to 06:00.');
});

test('one that takes no messages any more is chosen no longer, and whoever stops gets nothing', async () => {
  const before = service.pushed.length;
  await post('/me/reminders/stop', []);
  const device = service.subscribe(publicKey);
  await post('/me/reminders', wish(device, 'all'));
  service.failures.push(410);
  await send();
  expect(await latest()).toEqual({ state: 'given up', problem: 'The browser takes no messages any more' });
  expect(await pageOf()).not.toContain('Stop all reminders');
  await post('/me/reminders', wish(service.subscribe(publicKey)));
  await post('/me/reminders/stop', []);
  await send(Date.now() + 120_000);
  expect(service.pushed).toHaveLength(before);
});

test('a push service that is out of order for as long as it is tried ends no choice', async () => {
  await post('/me/reminders', wish(service.subscribe(publicKey)));
  await serving.waymark.database.db.transaction().execute(async (tx) => {
    await sql`SELECT set_config('waymark.purpose', 'monitoring', true)`.execute(tx);
    await sql`UPDATE supervision.reminders SET attempts = 100 WHERE state = 'waiting'`.execute(tx);
  });
  service.failures.push(503);
  await send();
  expect(await latest()).toEqual({ state: 'given up', problem: 'The push service answered with 503' });
  expect(await pageOf()).toContain('We have sent a code to your phone or computer.');
  await post('/me/reminders/stop', []);
});

test('a browser that asked with another key refuses what is sent', async () => {
  await post('/me/reminders', wish(service.subscribe('another')));
  await send();
  expect((await latest())?.problem).toBe('The push service answered with 403');
});
