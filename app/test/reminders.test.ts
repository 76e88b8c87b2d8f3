import { type RawBuilder, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { speakIn } from '../src/person/texts/speak.ts';
import { verifyAudit } from '../src/platform/audit.ts';
import { withPurpose } from '../src/platform/database.ts';
import { ownActor } from '../src/platform/own-access.ts';
import { declareTag, supervisionAccess } from '../src/supervision/index.ts';
import { dueOutsideQuiet, planReminders } from '../src/supervision/reminders/plan.ts';
import { openWearing } from '../src/supervision/subjects/wearings.ts';
import { officer } from './actors.ts';
import { openMailbox } from './mailbox.ts';
import { startNotify } from './notify-stand-in.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { serveForTest, Visitor } from './serve-for-test.ts';
import { toldInOrder } from './told-in-order.ts';
import { wearerForTest } from './wearer-for-test.ts';

/** What people on tags are reminded of, by GOV.UK Notify's interface and by a mail server, on both databases. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const minute = 60_000;
const hour = 60 * minute;
const textTemplate = '11111111-1111-4111-8111-111111111111';
const at = (text: string) => Date.parse(text);

describe('when to tell, with quiet hours', () => {
  const quiet = { quiet_from: '22:00', quiet_to: '07:00' };
  const when = (due: string, until: string, now: string, own = quiet) => {
    const found = dueOutsideQuiet({ due: at(due), until: at(until) }, own, at(now), 'Europe/London');
    return found === null ? null : new Date(found).toISOString().slice(0, 16);
  };
  test.each([
    ['outside them at the best time', '2026-11-01T18:30Z', '2026-11-01T19:00Z', '2026-11-01T10:00Z', '2026-11-01T18:30'],
    ['what can wait follows them', '2026-11-01T23:00Z', '2026-11-02T09:00Z', '2026-11-01T10:00Z', '2026-11-02T07:00'],
    ['what cannot wait goes before them', '2026-11-01T22:30Z', '2026-11-01T23:00Z', '2026-11-01T10:00Z', '2026-11-01T21:55'],
    ['or not at all, where they have begun', '2026-11-01T22:30Z', '2026-11-01T23:00Z', '2026-11-01T22:10Z', null],
    ['what they put off is not old when they end', '2026-11-01T23:00Z', '2026-11-02T09:00Z', '2026-11-02T02:30Z', '2026-11-02T07:00'],
    ['and may be a little late then too', '2026-11-01T23:00Z', '2026-11-02T09:00Z', '2026-11-02T07:40Z', '2026-11-02T07:40'],
    ['what is old is not told', '2026-11-01T08:00Z', '2026-11-01T20:00Z', '2026-11-01T10:00Z', null],
    ['what is a little late is told now', '2026-11-01T09:30Z', '2026-11-01T20:00Z', '2026-11-01T10:00Z', '2026-11-01T10:00'],
    ['by the clock on the wall, when it changes', '2026-10-25T05:30Z', '2026-10-25T09:00Z', '2026-10-24T10:00Z', '2026-10-25T07:00'],
  ])('%s', (_what, due, until, now, expected) => expect(when(due, until, now)).toBe(expected));
  test('the same hour twice is no quiet at all', () => {
    const none = { quiet_from: '00:00', quiet_to: '00:00' };
    expect(when('2026-11-01T23:00Z', '2026-11-02T09:00Z', '2026-11-01T10:00Z', none)).toBe('2026-11-01T23:00');
  });
});

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'reminders on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    let notify: Awaited<ReturnType<typeof startNotify>>;
    let mail: Awaited<ReturnType<typeof openMailbox>>;
    let subject = 0;
    let wearer: Awaited<ReturnType<typeof wearerForTest>>;
    const visitors = new Map<string, Visitor>();
    const textOf = async (account: string, path = '/me/reminders') => (await (visitors.get(account) as Visitor).follow(path)).text();
    const post = async (account: string, path: string, form: [string, string][]) => {
      const visitor = visitors.get(account) as Visitor;
      const answer = await visitor.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams([...form, ['_csrf', await visitor.csrf('/me')]]),
      });
      return { status: answer.status, text: await answer.text() };
    };
    const wish = (more: Record<string, string> = {}, kinds = ['charge', 'hours', 'appointment', 'answer']): [string, string][] => [
      ...Object.entries({
        channel: 'text message',
        target: '07700 900123',
        quietFrom: '00:00',
        quietTo: '00:00',
        words: 'little',
        ...more,
      }),
      ...kinds.map((kind): [string, string] => ['kinds', kind]),
    ];
    const plan = (now: number) => {
      const { performer, positions, timeZone } = serving.waymark;
      const services = { positions, timeZone, speak: speakIn(timeZone) };
      const system = { id: 'system', name: 'Waymark', role: 'system', purpose: 'monitoring' } as const;
      return performer.perform(system, planReminders, services, { now });
    };
    /** Changes what is on record, as nobody in the product can. */
    const asOwner = (statement: RawBuilder<unknown>) =>
      serving.waymark.database.db.transaction().execute(async (tx) => {
        await sql`SELECT set_config('waymark.purpose', 'monitoring', true)`.execute(tx);
        return (await statement.execute(tx)).rows;
      });
    const reminders = async (kind: string) =>
      (await asOwner(
        sql`SELECT key, text, state, due_at, attempts, problem FROM supervision.reminders WHERE subject_id = ${subject} AND kind = ${kind} ORDER BY due_at, id`,
      )) as { key: string; text: string; state: string; due_at: Date; attempts: number; problem: string | null }[];
    const send = (now = Date.now()) => serving.reminders.deliverDue(new Date(now));
    const code = () => /\d{6}/.exec(notify.sent.at(-1)?.personalisation.text ?? '')?.[0] ?? '';

    beforeAll(async () => {
      notify = await startNotify();
      mail = await openMailbox();
      serving = await serveForTest({
        ...(server ? { DATABASE_URL: server.url } : {}),
        SMTP_URL: mail.url,
        WAYMARK_NOTIFY_KEY: notify.key,
        WAYMARK_NOTIFY_URL: notify.url,
        WAYMARK_NOTIFY_TEXT: textTemplate,
      });
      // From here on it sends when it is told to.
      await serving.reminders.close();
      wearer = await wearerForTest(serving.waymark, 'RM-1');
      const other = await wearerForTest(serving.waymark, 'RM-2');
      subject = wearer.subjectId;
      for (const [account, id] of [
        ['pe-1', subject],
        ['pe-2', other.subjectId],
      ] as const) {
        const visitor = new Visitor(serving.url);
        await visitor.signIn(account);
        visitors.set(account, visitor);
        const { code: invitation } = await serving.waymark.performer.perform(officer, supervisionAccess.invite, null, { id });
        await post(account, '/me/code', [['code', invitation]]);
      }
    });
    afterAll(async () => {
      await serving?.end();
      notify?.close();
      await mail.close();
    });

    test('what cannot be chosen is told beside its field', async () => {
      for (const [form, told] of [
        [wish({ channel: 'pigeon' }), 'Choose how to remind you.'],
        [wish({ target: '12' }), 'Type your number'],
        [wish({ channel: 'e-mail', target: 'sam' }), 'Type one e-mail address'],
        [wish({ quietFrom: 'late' }), 'Type a time like 22:00.'],
        [wish({}, []), 'Choose at least one thing'],
      ] as const) {
        const { status, text } = await post('pe-1', '/me/reminders', form);
        expect([status, text.includes(told)], told).toEqual([400, true]);
      }
      expect(await asOwner(sql`SELECT * FROM supervision.reminder_choices`)).toEqual([]);
    });

    test('a number is proven by a code that is sent there; until then nothing else goes to it, and five guesses are all', async () => {
      await wearer.fix({ battery: 0.2 });
      expect((await post('pe-1', '/me/reminders', wish())).status).toBe(302);
      await plan(Date.now());
      expect(await reminders('charge')).toEqual([]);
      await send();
      expect(notify.sent).toHaveLength(1);
      expect(notify.sent[0]).toMatchObject({ to: '+447700900123', template: textTemplate });
      expect(await reminders('code')).toMatchObject([{ state: 'sent', text: '' }]);
      // The person's own copy has everything but that: it goes to the number that it proves, and nowhere else.
      await post('pe-1', '/me/reminders', wish({ target: '07700 900999' }));
      const waiting = (await asOwner(sql`SELECT text FROM supervision.reminders WHERE kind = 'code' AND state = 'waiting'`)) as {
        text: string;
      }[];
      expect(waiting[0]?.text).toMatch(/\d{6}/);
      expect(await textOf('pe-1', '/me/copy')).not.toMatch(/Your code is/);
      expect((await post('pe-1', '/me/reminders', wish({ target: '+1 900 555 0100' }))).text).toContain('Type a mobile number');
      await post('pe-1', '/me/reminders', wish());
      await send();
      const right = code();
      for (let i = 0; i < 5; i++) {
        const { status, text } = await post('pe-1', '/me/reminders/code', [['code', right === '000000' ? '111111' : '000000']]);
        expect([status, text.includes('This code is not right')]).toEqual([400, true]);
      }
      expect((await post('pe-1', '/me/reminders/code', [['code', right]])).status).toBe(400);
      // Another one is asked for by saving again.
      await post('pe-1', '/me/reminders', wish());
      await send();
      expect(code()).not.toBe(right);
      expect((await post('pe-1', '/me/reminders/code', [['code', code()]])).status).toBe(302);
      expect(await textOf('pe-1')).toContain('We send reminders to +447700900123.');
    });

    test('an empty battery is told once in six hours, in words that say little; the page has them in full, and whether it arrived', async () => {
      await plan(Date.now());
      await plan(Date.now());
      await send();
      const charge = await reminders('charge');
      expect(charge).toMatchObject([{ state: 'sent', text: 'Your tag: the battery is at 20%. Charge it now.' }]);
      const { id = '', personalisation } = notify.sent.at(-1) ?? {};
      expect(personalisation).toEqual({ text: 'You have a reminder. Sign in to read it.' });
      expect(await textOf('pe-1')).toMatch(/battery is at 20%[\s\S]*Sent on/);
      notify.states.set(id, 'delivered');
      await serving.reminders.askReceipts(new Date(Date.now() + 2 * minute));
      expect(await textOf('pe-1')).toMatch(/battery is at 20%[\s\S]*It arrived on/);
      await plan(Date.now() + 5 * hour);
      expect(await reminders('charge')).toHaveLength(1);
    });

    test('hours that begin are told half an hour before; an absence takes that out, and brings it back when it ends', async () => {
      // Somebody who must be home from 19:00, at noon.
      const noon = at(`${new Date(Date.now() + 24 * hour).toISOString().slice(0, 10)}T12:00:00Z`);
      await plan(noon);
      const [first] = (await reminders('hours')).slice(-1);
      const clock = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', timeStyle: 'short' });
      expect([first?.state, clock.format(first?.due_at), first?.text]).toEqual(['waiting', '18:30', 'Be there by 19:00: Home of RM-1.']);
      const [absence] = (await asOwner(sql`
        INSERT INTO supervision.absences (order_id, from_at, to_at, reason, by_name)
        VALUES (${wearer.orderId}, ${new Date(noon)}, ${new Date(noon + 24 * hour)}, 'a funeral', 'Maya') RETURNING id`)) as {
        id: number;
      }[];
      await plan(noon);
      expect((await reminders('hours')).filter(({ key }) => key === first?.key)).toMatchObject([{ state: 'not needed' }]);
      await asOwner(sql`UPDATE supervision.absences SET to_at = from_at + interval '1 minute' WHERE id = ${absence?.id}`);
      await plan(noon);
      expect((await reminders('hours')).filter(({ key }) => key === first?.key)).toMatchObject([{ state: 'waiting' }]);
      await send(noon + 6.5 * hour + minute);
      expect((await reminders('hours')).filter(({ key }) => key === first?.key)).toMatchObject([{ state: 'sent' }]);
    });

    test('an appointment is told a day and two hours before, and not once it is called off; an answer is told when it is there', async () => {
      const starts = Date.now() + 30 * hour;
      const [made] = (await asOwner(sql`
        INSERT INTO supervision.appointments (subject_id, kind, starts_at, ends_at, place, officer, officer_name, made_by)
        VALUES (${subject}, 'attend', ${new Date(starts)}, ${new Date(starts + hour)}, 'Tarn House', 'mo-1', 'Maya', 'Maya') RETURNING id`)) as {
        id: number;
      }[];
      await plan(Date.now());
      expect((await reminders('appointment')).map(({ due_at, state }) => [starts - due_at.getTime(), state])).toEqual([
        [24 * hour, 'waiting'],
        [2 * hour, 'waiting'],
      ]);
      await asOwner(
        sql`UPDATE supervision.appointments SET state = 'called off', settled_by = 'Maya', settled_at = now() WHERE id = ${made?.id}`,
      );
      await plan(Date.now());
      expect((await reminders('appointment')).map(({ state }) => state)).toEqual(['not needed', 'not needed']);
      await asOwner(sql`
        INSERT INTO supervision.own_cases (subject_id, kind, about, said, due_on, reply, replied_by, replied_at)
        VALUES (${subject}, 'talk to a human', '', 'Please ring', current_date, 'We will ring you on Monday.', 'Maya', now())`);
      await plan(Date.now());
      await send();
      expect(await reminders('answer')).toMatchObject([{ state: 'sent', text: 'We have answered you. Sign in to read it.' }]);
    });

    test('what is tried again within quiet hours waits until they end, and is not sent where it is of no use then; a code is', async () => {
      const put = async (kind: string, key: string, untilMs: number) =>
        asOwner(sql`INSERT INTO supervision.reminders (subject_id, kind, key, text, channel, target, due_at, until, attempts)
          SELECT subject_id, ${kind}, ${key}, 'Words', channel, target, now() - interval '1 minute', ${new Date(Date.now() + untilMs)}, 1
            FROM supervision.reminder_choices WHERE subject_id = ${subject}`);
      const clock = (ms: number) =>
        new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', timeStyle: 'short' }).format(Date.now() + ms);
      await put('appointment', 'again:long', 9 * hour);
      await put('appointment', 'again:short', hour);
      await put('code', 'again:code', hour);
      await asOwner(sql`UPDATE supervision.reminder_choices SET quiet_from = ${clock(-hour)}, quiet_to = ${clock(2 * hour)}`);
      const before = notify.sent.length;
      await send();
      const [long, short] = (await reminders('appointment'))
        .filter(({ key }) => key.startsWith('again:'))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
      expect([long?.state, short?.state]).toEqual(['waiting', 'not needed']);
      const waitsMs = (long?.due_at.getTime() ?? 0) - Date.now();
      expect(waitsMs).toBeGreaterThan(1.9 * hour);
      expect(waitsMs).toBeLessThanOrEqual(2 * hour);
      expect(notify.sent.slice(before).map(({ personalisation }) => personalisation.text)).toEqual(['Words']);
      expect((await reminders('code')).find(({ key }) => key === 'again:code')?.state).toBe('sent');
      await asOwner(sql`UPDATE supervision.reminder_choices SET quiet_from = '00:00', quiet_to = '00:00'`);
      await asOwner(sql`UPDATE supervision.reminders SET state = 'not needed' WHERE key = 'again:long'`);
    });

    test('a battery that was charged before anybody was told is told nobody; two tags and a rule under two orders are told once', async () => {
      await asOwner(sql`UPDATE supervision.reminders SET created_at = now() - interval '7 hours' WHERE kind = 'charge'`);
      const clock = (ms: number) =>
        new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', timeStyle: 'short' }).format(Date.now() + ms);
      const [from, to] = [clock(-hour), clock(2 * hour)];
      await asOwner(sql`UPDATE supervision.reminder_choices SET quiet_from = ${from}, quiet_to = ${to}`);
      await plan(Date.now());
      await asOwner(sql`UPDATE supervision.reminder_choices SET quiet_from = '00:00', quiet_to = '00:00'`);
      await plan(Date.now());
      const told = (await reminders('charge')).filter(({ state }) => state === 'waiting').length;
      await wearer.fix({ battery: 0.95, at: Date.now() });
      await plan(Date.now());
      expect([told, (await reminders('charge')).filter(({ state }) => state === 'waiting').length]).toEqual([1, 0]);
      await wearer.fix({ battery: 0.2, at: Date.now() });
      const { performer, intake } = serving.waymark;
      await performer.perform(officer, declareTag, { intake } as never, { serial: 'T-SECOND', model: 'Test' });
      await performer.perform(officer, openWearing, null, {
        subjectId: subject,
        orderId: wearer.orderId,
        serial: 'T-SECOND',
        startsAt: new Date(Date.now() - hour),
      });
      const noon = at(`${new Date(Date.now() + 48 * hour).toISOString().slice(0, 10)}T12:00:00Z`);
      await plan(noon);
      const hours = (await reminders('hours')).filter(({ due_at }) => due_at.getTime() > noon);
      expect(new Set(hours.map(({ key }) => key)).size).toBe(hours.length);
      expect(hours.length).toBeGreaterThan(0);
    });

    test('what fails is tried again, given up in the end, and the person reads that it did not go', async () => {
      notify.failures.push(...Array.from({ length: 20 }, () => 500));
      await asOwner(sql`UPDATE supervision.reminders SET created_at = now() - interval '7 hours' WHERE kind = 'charge'`);
      await plan(Date.now() + minute);
      let now = Date.now() + minute;
      for (let i = 0; i < 8; i++) {
        await send(now);
        now += 41 * minute;
      }
      const [last] = (await reminders('charge')).slice(-1);
      expect([last?.state, last?.attempts]).toEqual(['given up', 7]);
      expect(last?.problem).toBe('Notify answered with 500: Internal server error');
      const { values } = await serving.server.metrics.messages.get();
      const ofReminders = values.filter(({ labels }) => labels.sender === 'reminders').map(({ labels, value }) => [labels.result, value]);
      // In the evening, the hours that begin meanwhile are tried as well.
      const counted = Object.fromEntries(ofReminders);
      expect([counted['given up'], counted.sent > 0, counted.waiting >= 6]).toEqual([1, true, true]);
      expect(await textOf('pe-1')).toContain('It could not be sent. Check the number or address.');
      notify.failures.length = 0;
    });

    test('who stops is told nothing more; by e-mail, a code comes first as well, and words may be in full', async () => {
      await asOwner(sql`UPDATE supervision.reminders SET created_at = now() - interval '7 hours' WHERE kind = 'charge'`);
      await plan(Date.now() + 2 * minute);
      const before = notify.sent.length;
      expect((await post('pe-1', '/me/reminders/stop', [])).status).toBe(302);
      await send(Date.now() + 3 * minute);
      expect(notify.sent).toHaveLength(before);
      expect((await post('pe-1', '/me/reminders', wish({ channel: 'e-mail', target: 'sam@example.com', words: 'all' }))).status).toBe(302);
      await send();
      expect(mail.mails).toHaveLength(1);
      const own = /Your code is (\d{6})/.exec(mail.mails[0] ?? '')?.[1] ?? '';
      expect((await post('pe-1', '/me/reminders/code', [['code', own]])).status).toBe(302);
      await asOwner(sql`UPDATE supervision.reminders SET created_at = now() - interval '7 hours' WHERE kind = 'charge'`);
      await plan(Date.now() + 4 * minute);
      await send(Date.now() + 5 * minute);
      expect(mail.mails[1]).toContain('Your tag: the battery is at 20%. Charge it now.');
    });

    test('whoever loses the access to their page chose for nobody any more', async () => {
      const { performer } = serving.waymark;
      await asOwner(sql`UPDATE supervision.reminders SET state = 'waiting', text = 'Your code is 123456', until = now() + interval '1 day'
        WHERE id = (SELECT max(id) FROM supervision.reminders WHERE kind = 'code')`);
      await performer.perform(officer, supervisionAccess.end, null, { id: subject });
      // A code that was never sent is nobody's to read either.
      expect((await reminders('code')).filter(({ text }) => text !== '')).toEqual([]);
      expect(await asOwner(sql`SELECT target, confirmed_at FROM supervision.reminder_choices WHERE subject_id = ${subject}`)).toEqual([
        { target: '', confirmed_at: null },
      ]);
      expect(await asOwner(sql`SELECT id FROM supervision.reminders WHERE subject_id = ${subject} AND state = 'waiting'`)).toEqual([]);
      const before = mail.mails.length + notify.sent.length;
      await plan(Date.now() + 10 * minute);
      await send(Date.now() + 11 * minute);
      expect(mail.mails.length + notify.sent.length).toBe(before);
    });

    test('nobody reads or makes another’s, and the person themselves can have nothing sent but a code', async () => {
      expect(await textOf('pe-2')).not.toContain('sam@example.com');
      const self = ownActor(serving.waymark.folder.secret('own'), 'pe-2', 'supervision').self ?? '';
      const asOther = (statement: RawBuilder<unknown>) =>
        withPurpose(serving.waymark.database.db, 'supervision', 'self', async (tx) => (await statement.execute(tx)).rows, { self });
      expect(await asOther(sql`SELECT * FROM supervision.reminder_choices`)).toEqual([]);
      expect(await asOther(sql`SELECT * FROM supervision.reminders`)).toEqual([]);
      const made = (
        kind: string,
        whose: number,
      ) => sql`INSERT INTO supervision.reminders (subject_id, kind, key, text, channel, target, due_at, until)
        VALUES (${whose}, ${kind}, 'x', 'x', 'e-mail', 'x@example.com', now(), now())`;
      await expect(asOther(made('code', subject))).rejects.toThrow('row-level security');
      await expect(asOther(made('answer', wearer.subjectId + 1))).rejects.toThrow('row-level security');
      expect((await verifyAudit(serving.waymark.database.db)).problems).toEqual([]);
    });
  },
);
