import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openMailbox } from '../../../test/mailbox.ts';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest } from '../../../test/serve-for-test.ts';
import { until } from '../../../test/until.ts';
import type { Actor } from '../../platform/access.ts';
import { verifyAudit } from '../../platform/audit.ts';
import { withPurpose } from '../../platform/database.ts';
import { decideAlert } from '../alerts/decide-alert.ts';
import { handOver } from '../alerts/hand-over.ts';
import { dueAt } from '../alerts/queue-deliveries.ts';
import { listAlerts, readAlert } from '../alerts/read-alerts.ts';
import { registerWearers } from '../fixes/register-wearers.ts';
import { Channels, signatureOf, standardHeaders } from './channels.ts';
import { Deliverer } from './deliverer.ts';
import { waitsS } from './outbox.ts';
import { addDeliveryRule, endDeliveryRule, listDeliveryRules, type NewDeliveryRule, tryDeliveryRule } from './rules.ts';

/** Telling people of alerts, with a real mail server and real web servers, well and ill behaved. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const officer: Actor = { id: 'mo', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
const administrator: Actor = { id: 'ad', name: 'Administrator', role: 'administrator', purpose: 'administration' };
const system: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'administration' };
const minute = 60_000;

/** A web server that answers as it is told to. */
async function webServer() {
  const heard: { path: string; headers: IncomingMessage['headers']; body: string }[] = [];
  /** What to answer next at a path; 0 is no answer at all. */
  const answers = new Map<string, number[]>();
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const path = request.url ?? '';
      heard.push({ path, headers: request.headers, body });
      const status = answers.get(path)?.shift() ?? 200;
      if (status === 0) return;
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('thanks');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { heard, answers, url: `http://127.0.0.1:${port}`, close };
}

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'telling of alerts on %s',
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    let web: Awaited<ReturnType<typeof webServer>>;
    let mail: Awaited<ReturnType<typeof openMailbox>>;
    let channels: Channels;
    let deliverer: Deliverer;
    let number = 0;
    /** The server's own deliverer looks each second for what is due; ours looks from a clock far ahead of it when told to. */
    let ahead = 0;
    const deliver = () => deliverer.deliverDue(new Date(Date.now() + ahead));

    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      web = await webServer();
      mail = await openMailbox();
      channels = new Channels({
        smtpUrl: mail.url,
        mailFrom: 'waymark@agency.example',
        webhookHosts: ['127.0.0.1'],
        smsUrl: `${web.url}/sms`,
        // Nobody is given up by a clock: who never answers is, once the rule beside it was heard, which shows that nothing waits for it.
        giveUp: (url) => {
          const patience = new AbortController();
          const isHeard = () => web.heard.some(({ path }) => path === '/works');
          if (url.endsWith('/silent')) void until(isHeard).then(() => patience.abort(new DOMException('', 'TimeoutError')));
          return patience.signal;
        },
      });
      deliverer = new Deliverer(serving.waymark.database.db, channels, serving.waymark.access, () => 'https://waymark.agency.example');
      await serving.deliverer.close();
    });
    afterAll(async () => {
      await deliverer?.close();
      web?.close();
      await mail.close();
      await serving?.end();
    });

    const rule = (more: Partial<NewDeliveryRule>): NewDeliveryRule => ({
      name: `Rule ${++number}`,
      severities: ['high'],
      channel: 'webhook',
      target: `${web.url}/hook`,
      unseenAfterMinutes: '',
      quietFrom: '',
      quietTo: '',
      ...more,
    });
    const add = (more: Partial<NewDeliveryRule>) =>
      serving.waymark.performer.perform(administrator, addDeliveryRule, { channels }, rule(more));
    const end = (id: number) => serving.waymark.performer.perform(administrator, endDeliveryRule, null, { id });

    /** A strap is cut just now, or so many minutes ago. */
    async function alert(agoMinutes = 0): Promise<{ id: number; reference: string }> {
      const { performer, intake, live } = serving.waymark;
      const tag = `D-${++number}`;
      const at = Date.now() - agoMinutes * minute;
      await performer.perform(system, registerWearers, null, [{ tag, name: `Nobody At All ${number}`, firstAt: at - 10 * minute }]);
      const none = Number.NaN;
      const more = { tag, lat: 53.09, lon: -1.83, accuracyM: 8, speedMps: none, headingDeg: none, method: 0, battery: none, seq: none };
      const fixes = [
        { ...more, at: at - 3 * minute, events: null },
        { ...more, at: at - 2 * minute, events: 'strap-cut' },
        { ...more, at: at - minute, events: null },
      ];
      await intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial: tag });
      await live.settled();
      const { rows } = await performer.perform(officer, listAlerts, null, { list: 'open', search: tag, limit: 5, offset: 0 });
      expect(rows.map(({ kind }) => kind)).toEqual(['strap cut']);
      return rows[0] as { id: number; reference: string };
    }

    const told = async (id: number) => (await serving.waymark.performer.perform(officer, readAlert, serving.waymark, { id })).deliveries;

    test('a webhook is signed, and tells no name and no place', async () => {
      const { id: ruleId, secret } = await add({});
      const { id, reference } = await alert();
      await deliver();
      const sent = web.heard.find(({ path }) => path === '/hook');
      expect(JSON.parse(sent?.body ?? '{}')).toMatchObject({
        alert: id,
        severity: 'High',
        reference,
        url: `https://waymark.agency.example/alerts/${id}`,
      });
      expect(sent?.body).not.toMatch(/Nobody At All|53\.09|-1\.83/);
      const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(sent?.headers['waymark-signature'])) ?? [];
      expect(signatureOf(secret, Number(seconds), sent?.body ?? '')).toBe(signature);
      // As Standard Webhooks has it, worked out by hand and by its own library; another body or another secret is refused.
      const headers = sent?.headers as Record<string, string>;
      expect([headers['webhook-id'], headers['webhook-timestamp'], secret.slice(0, 6)]).toEqual([
        `delivery-${JSON.parse(sent?.body ?? '{}').delivery}`,
        seconds,
        'whsec_',
      ]);
      const key = Buffer.from(secret.slice(6), 'base64');
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${sent?.body}`;
      expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
      expect(new Webhook(secret).verify(sent?.body ?? '', headers)).toMatchObject({ type: 'alert.raised', alert: id });
      expect(() => new Webhook(secret).verify(`${sent?.body} `, headers)).toThrow();
      expect(() => new Webhook(`whsec_${Buffer.alloc(32).toString('base64')}`).verify(sent?.body ?? '', headers)).toThrow();
      // A rule of before has a secret without the beginning, which is the key as it stands.
      const old = standardHeaders('a-secret-of-before', 'delivery-1', Math.floor(Date.now() / 1000), 'body');
      expect(() =>
        new Webhook(Buffer.from('a-secret-of-before').toString('base64')).verify('body', old, { jsonParse: false }),
      ).not.toThrow();
      expect(await told(id)).toMatchObject([{ state: 'sent', attempts: 1, problem: null }]);
      expect(await deliver()).toBe(0);
      await end(ruleId);
    });

    test('an e-mail and a text message', async () => {
      const rules = [
        await add({ channel: 'e-mail', target: 'duty@agency.example' }),
        await add({ channel: 'text message', target: '+447700900123' }),
      ];
      const { id, reference } = await alert();
      await deliver();
      expect((await told(id)).map(({ state }) => state)).toEqual(['sent', 'sent']);
      expect(mail.mails.join()).toContain('To: duty@agency.example');
      expect(mail.mails.join()).toContain(reference);
      expect(mail.mails.join()).not.toContain('Nobody At All');
      expect(JSON.parse(web.heard.find(({ path }) => path === '/sms')?.body ?? '{}')).toMatchObject({ to: '+447700900123' });
      for (const { id: own } of rules) await end(own);
    });

    test('what fails, redirects or never answers is tried again, later and later, then given up; nothing else waits for it', async () => {
      const silent = await add({ target: `${web.url}/silent` });
      const broken = await add({ target: `${web.url}/broken` });
      const moved = await add({ target: `${web.url}/moved` });
      const works = await add({ target: `${web.url}/works` });
      web.answers.set('/silent', Array(20).fill(0));
      web.answers.set('/broken', [500, 503, 200]);
      web.answers.set('/moved', Array(20).fill(302));
      const { id } = await alert();
      await deliver();
      const states = async () =>
        Object.fromEntries(
          (await told(id)).map(({ state, attempts, problem }, i) => [
            ['silent', 'broken', 'moved', 'works'][i],
            [state, attempts, problem],
          ]),
        );
      expect(await states()).toMatchObject({
        silent: ['waiting', 1, 'No answer within 10 s'],
        broken: ['waiting', 1, 'Answered with 500'],
        works: ['sent', 1, null],
      });
      expect(await deliver()).toBe(0);
      for (const waitS of waitsS) {
        ahead += 1000 * waitS + 1000;
        await deliver();
      }
      expect(await states()).toMatchObject({
        silent: ['given up', waitsS.length + 1, 'No answer within 10 s'],
        broken: ['sent', 3, null],
      });
      expect((await states()).moved?.[0]).toBe('given up');
      expect(web.heard.some(({ path }) => path === '/elsewhere')).toBe(false);
      ahead = 0;
      for (const { id: own } of [silent, broken, moved, works]) await end(own);
    });

    test('one is told only when nobody has seen it, and not when somebody has', async () => {
      const { id: ruleId } = await add({ unseenAfterMinutes: '10', target: `${web.url}/later` });
      const [seen, unseen] = [await alert(), await alert()];
      await serving.waymark.performer.perform(officer, decideAlert, null, { id: seen.id, step: 'seen', note: '' });
      expect(await deliver()).toBe(0);
      ahead = 11 * minute;
      expect(await deliver()).toBe(1);
      ahead = 0;
      expect(await told(seen.id)).toMatchObject([{ state: 'not needed' }]);
      expect(await told(unseen.id)).toMatchObject([{ state: 'sent' }]);
      await end(ruleId);
    });

    test('what was claimed by a server that died is sent by the next', async () => {
      const { id: ruleId } = await add({ target: `${web.url}/claimed` });
      const { id } = await alert();
      // As after a kill between the claim and the sending.
      const { database } = serving.waymark;
      await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        tx
          .updateTable('supervision.deliveries')
          .set({ attempts: 1, due_at: new Date(Date.now() + 60_000) })
          .where('alert_id', '=', id)
          .execute(),
      );
      expect(await deliver()).toBe(0);
      ahead = 61_000;
      expect(await deliver()).toBe(1);
      ahead = 0;
      expect(await told(id)).toMatchObject([{ state: 'sent', attempts: 2 }]);
      await end(ruleId);
    });

    test('an alert that ended long ago is told to nobody: it stands in the list', async () => {
      const { id: ruleId } = await add({ target: `${web.url}/old` });
      const { id } = await alert(13 * 60);
      expect(await told(id)).toEqual([]);
      await end(ruleId);
    });

    test.each([
      [{ target: 'https://elsewhere.example/hook' }, /may not go to elsewhere\.example/],
      [{ target: 'http://user:secret@127.0.0.1/' }, /password/],
      [{ target: 'file:///etc/passwd' }, /https/],
      [{ channel: 'e-mail', target: 'a@b.example, c@d.example' }, /one e-mail address/],
      [{ channel: 'text message', target: '07700 900123' }, /with its country/],
      [{ channel: 'pigeon' }, /Choose how/],
      [{ severities: [] }, /at least one severity/],
      [{ unseenAfterMinutes: '1.5' }, /whole minutes/],
      [{ quietFrom: '22:00' }, /a beginning and an end/],
      [{ quietFrom: '22:00', quietTo: '7' }, /such as 07:00/],
    ])('a rule that cannot work is refused: %j', async (more, message) => {
      await expect(add(more)).rejects.toThrow(message);
    });

    test('a trial is delivered, an ended rule sends nothing, and it is all on record', async () => {
      const { performer, database } = serving.waymark;
      const { id } = await add({ target: `${web.url}/trial` });
      await performer.perform(administrator, tryDeliveryRule, null, { id });
      await deliver();
      expect(JSON.parse(web.heard.find(({ path }) => path === '/trial')?.body ?? '{}')).toMatchObject({ alert: null });
      await performer.perform(administrator, tryDeliveryRule, null, { id });
      await end(id);
      expect(await deliver()).toBe(0);
      await expect(end(id)).rejects.toThrow('no such rule');
      const { rules, deliveries } = await performer.perform(administrator, listDeliveryRules, null, null);
      expect(rules.map((own) => own.id)).not.toContain(id);
      expect(deliveries[0]).toMatchObject({ state: 'not needed', problem: 'The rule was ended' });
      expect((await verifyAudit(database.db)).problems).toEqual([]);
    });

    test('at the end of a shift what is in hand goes to a colleague, and only that', async () => {
      const { performer } = serving.waymark;
      const [mine, other] = [await alert(), await alert()];
      await performer.perform(officer, decideAlert, null, { id: mine.id, step: 'taken in hand', note: '' });
      await expect(performer.perform(officer, handOver, null, { to: officer.name, note: '' })).rejects.toThrow('yours already');
      await expect(performer.perform(officer, handOver, null, { to: 'Sam Rede', note: '' })).rejects.toThrow('Check the spelling');
      const sam = { ...officer, id: 'mo-9', name: 'Sam Reed' };
      await performer.perform(sam, decideAlert, null, { id: other.id, step: 'seen', note: '' });
      await expect(performer.perform(sam, handOver, null, { to: officer.name, note: '' })).rejects.toThrow('nothing in hand');
      expect(await performer.perform(officer, handOver, null, { to: 'Sam Reed', note: 'Will call back at nine' })).toMatchObject({
        count: 1,
      });
      const read = async (id: number) => performer.perform(officer, readAlert, serving.waymark, { id });
      const { alert: handed, steps } = await read(mine.id);
      expect(handed.assigned_to).toBe('Sam Reed');
      expect(steps.at(-1)).toMatchObject({ step: 'handed over', note: 'To Sam Reed. Will call back at nine' });
      expect((await read(other.id)).alert.assigned_to).toBeNull();
    });
  },
);

describe('quiet hours', () => {
  const night = { quiet_from: '22:00', quiet_to: '07:00' };
  const at = (iso: string) => Date.parse(iso);

  test('wait until they end, over midnight and in local time; high alerts do not', () => {
    expect(dueAt(night, 'medium', at('2026-07-01T22:30:00Z'), 'Europe/London')).toBe(at('2026-07-02T06:00:00Z'));
    expect(dueAt(night, 'low', at('2026-12-01T03:00:00Z'), 'Europe/London')).toBe(at('2026-12-01T07:00:00Z'));
    expect(dueAt(night, 'high', at('2026-12-01T03:00:00Z'), 'Europe/London')).toBe(at('2026-12-01T03:00:00Z'));
    expect(dueAt(night, 'medium', at('2026-12-01T07:00:00Z'), 'Europe/London')).toBe(at('2026-12-01T07:00:00Z'));
    // The night in which the clocks go forward.
    expect(dueAt(night, 'medium', at('2027-03-27T23:00:00Z'), 'Europe/London')).toBe(at('2027-03-28T06:00:00Z'));
  });

  test('none are set', () => {
    expect(dueAt({ quiet_from: null, quiet_to: null }, 'low', 5, 'Europe/London')).toBe(5);
  });
});
