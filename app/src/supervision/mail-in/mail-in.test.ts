import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasDovecot, type ImapServer, startImap } from '../../../test/imap-server.ts';
import { openMailbox } from '../../../test/mailbox.ts';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import type { Actor } from '../../platform/access.ts';
import { Channels } from '../delivery/index.ts';
import { listMessages } from './list-messages.ts';
import { readMailbox } from './read-mailbox.ts';
import { addSender, endSender, listSenders } from './senders.ts';
import { takeMessage } from './take-message.ts';

if (!hasDovecot && process.env.WAYMARK_NEEDS_DOVECOT === 'yes') throw new Error('Dovecot is not there: install dovecot-imapd.');

const administrator: Actor = { id: 'ad-1', name: 'Ines Duarte', role: 'administrator', purpose: 'administration' };
const analyst: Actor = { id: 'ca-1', name: 'Callum Reid', role: 'crime-analyst', purpose: 'crime-matching' };

const crimes = `Crime Ref,Offence,Date From,Time From,Date To,Time To,Latitude,Longitude
M/1,Burglary dwelling,07/09/2026,23:02,07/09/2026,23:14,53.09,-1.815
M/2,Burglary dwelling,08/09/2026,01:00,08/09/2026,01:30,53.09,-1.815
M/3,Burglary dwelling,31/09/2026,01:00,08/09/2026,01:30,53.09,-1.815
`;

interface Parts {
  from?: string;
  id?: string;
  headers?: string[];
  files?: [name: string, type: string, content: string][];
}

/** A message with files, as a mail program writes it. */
function message({
  from = 'Crime desk <crimes@tarn.example>',
  id = `<${Math.random()}@tarn.example>`,
  headers = [],
  files = [],
}: Parts): string {
  const line = 'line-between-parts';
  const attached = files.map(
    ([name, type, content]) =>
      `--${line}\nContent-Type: ${type}; name="${name}"\nContent-Disposition: attachment; filename="${name}"\nContent-Transfer-Encoding: base64\n\n${Buffer.from(content).toString('base64')}\n`,
  );
  return [
    `From: ${from}`,
    'To: waymark@agency.example',
    'Subject: Crimes of the night',
    `Message-ID: ${id}`,
    'Date: Tue, 08 Sep 2026 06:00:00 +0100',
    ...headers,
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="${line}"`,
    '',
    `--${line}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    'Last night.',
    '',
    ...attached,
    `--${line}--`,
    '',
  ].join('\n');
}

const csv: [string, string, string] = ['night.csv', 'text/csv', crimes];

describe('crimes by e-mail', () => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  beforeAll(async () => {
    serving = await serveForTest();
    await serving.waymark.performer.perform(administrator, addSender, null, {
      address: 'Crimes@Tarn.example',
      who: 'Tarn Police, crime desk',
      timeZone: 'Europe/London',
    });
  });
  afterAll(() => serving?.end());
  const take = (source: string, checkedBy: string | null = null) =>
    takeMessage(serving.waymark.performer, { fixes: serving.waymark.fixes, checkedBy }, Buffer.from(source.replaceAll('\n', '\r\n')));
  const latest = async () => {
    const { rows } = await serving.waymark.performer.perform(analyst, listMessages, null, { limit: 1, offset: 0 });
    return rows[0] as (typeof rows)[number];
  };

  test('of a sender on the register good rows go in, and the answer says what to mend, by row and field', async () => {
    const source = message({ files: [csv] });
    const taken = await take(source);
    expect(taken).toMatchObject({ state: 'read', files: [{ name: 'night.csv', accepted: 2, refused: 1 }] });
    const { answer, answerState, who } = await latest();
    expect([answerState, who]).toEqual(['waiting', 'Tarn Police, crime desk']);
    expect(answer).toContain('3 rows: 2 went in (2 new, 0 changed, 0 known already), 1 did not.');
    expect(answer).toMatch(/To mend, row 4, .*31\/09\/2026/);
    // The same message again, and the same file in another.
    expect((await take(source)).state).toBe('known');
    expect(await take(message({ files: [csv] }))).toMatchObject({ files: [{ accepted: 2 }] });
    expect((await latest()).answer).toContain('0 new, 0 changed, 2 known already');
    // Whose rows they are stands on the page of imports.
    const visitor = new Visitor(serving.url);
    await visitor.signIn('ca-1');
    expect(await (await visitor.follow('/imports')).text()).toContain('Tarn Police, crime desk, by e-mail');
    expect(await (await visitor.follow('/mailbox')).text()).toContain('Crimes of the night');
  });

  test.each([
    ['somebody who is not on the register', { from: 'crimes@elsewhere.example' }, 'not on the register'],
    ['somebody who names another beside them', { from: 'crimes@tarn.example, other@elsewhere.example' }, 'not on the register'],
    ['somebody with a name that looks like the address', { from: '"crimes@tarn.example" <a@elsewhere.example>' }, 'not on the register'],
    ['a machine that answers', { headers: ['Auto-Submitted: auto-replied'] }, 'sent by a machine'],
    ['a list', { headers: ['Precedence: bulk'] }, 'sent by a machine'],
  ] as const)('of %s nothing is read, and nobody is answered', async (_who, parts, why) => {
    const taken = await take(
      message({
        ...parts,
        headers: [...('headers' in parts ? parts.headers : [])],
        files: [['more.csv', 'text/csv', crimes.replaceAll('M/', 'N/')]],
      }),
    );
    expect(taken).toMatchObject({ state: 'not read', files: [] });
    expect(taken.why).toContain(why);
    expect(await latest()).toMatchObject({ answer: '', answerState: 'none' });
  });

  test('where the mail server checks senders, what it does not confirm is not read, whoever else writes that it is', async () => {
    const results = (line: string) => message({ headers: [`Authentication-Results: ${line}`], files: [csv] });
    expect((await take(results('mx.agency.example; dkim=pass header.d=tarn.example'), 'mx.agency.example')).state).toBe('read');
    const why = async (...lines: string[]) =>
      (await take(message({ headers: lines.map((line) => `Authentication-Results: ${line}`), files: [csv] }), 'mx.agency.example')).why;
    for (const said of [
      'mx.agency.example; dkim=fail; dmarc=fail',
      'mx.agency.example; dkim=pass header.d=evil.example; dmarc=fail header.from=tarn.example',
      'mx.agency.example; dkim=pass header.d=evil.example',
      'mx.agency.example; dkim=pass header.d=example',
      'mx.agency.example; dkim=pass header.d=arn.example',
      'mx.agency.example; spf=pass smtp.mailfrom=dkim=pass@evil.example header.d=tarn.example',
      'mx.agency.example; spf=pass (dkim=pass header.d=tarn.example; dmarc=pass header.from=tarn.example) smtp.mailfrom=evil.example',
      'mx.agency.example; spf=pass reason="; dmarc=pass header.from=tarn.example"',
      'mx.agency.example; dkim=pass header.d=tarn.example; dmarc=fail header.from=tarn.example',
      'mx.agency.example; dmarc=pass header.from=evil.example',
      'mx.agency.example; dkim=pass',
    ])
      expect([said, await why(said)]).toEqual([said, expect.stringContaining('could not confirm')]);
    expect(await why('mx.agency.example 1; dmarc=pass (p=reject) header.from=tarn.example')).toBe('');
    expect(await why('mx.agency.example;\n dkim=pass header.i=@tarn.example header.s=one')).toBe('');
    // Of lines that bear its name the first is its own: what stands below came with the message.
    const forged = 'mx.agency.example; dmarc=pass header.from=tarn.example';
    expect(await why('mx.agency.example; dkim=none', forged)).toContain('could not confirm');
    const twice = message({ headers: ['From: a@evil.example', `Authentication-Results: ${forged}`], files: [csv] });
    expect((await take(twice, 'mx.agency.example')).why).toContain('not on the register');
    expect((await take(results('mx.elsewhere.example; dkim=pass; dmarc=pass'), 'mx.agency.example')).why).toContain('did not say');
    expect((await take(message({ files: [csv] }), 'mx.agency.example')).why).toContain('did not say');
  });

  test('a message is known of whoever it was read from: an id that a stranger used before is still read, and mended files under the same id', async () => {
    const id = '<day-2026-09-08@tarn.example>';
    expect((await take(message({ id, from: 'a@elsewhere.example', files: [csv] }))).state).toBe('not read');
    expect((await take(message({ id, files: [csv] }))).state).toBe('read');
    expect((await take(message({ id, files: [csv] }))).state).toBe('known');
    expect((await take(message({ id, files: [['night.csv', 'text/csv', crimes.replace('31/09', '30/08')]] }))).files).toMatchObject([
      { accepted: 3 },
    ]);
  });

  test('a date of no calendar harms nothing; of a message that was cut nothing is read, and its sender is told', async () => {
    for (const date of ['Sat, 13 Sep 275760 00:00:00 +0000', '-100000-01-01T00:00:00Z'])
      expect((await take(message({ files: [csv] }).replace(/^Date: .*$/m, `Date: ${date}`))).state).toBe('read');
    const services = { fixes: serving.waymark.fixes, checkedBy: null };
    const cut = Buffer.from(message({ files: [csv] }));
    expect(await takeMessage(serving.waymark.performer, services, cut, '40 MB')).toMatchObject({ state: 'not read', files: [] });
    expect(await latest()).toMatchObject({ answerState: 'waiting', answer: expect.stringContaining('larger than 40 MB') });
  });

  test('kinds of files that are not read, too many of them, broken ones and none are told', async () => {
    await take(
      message({
        files: [
          ['night.exe', 'application/octet-stream', 'MZ'],
          ['empty.csv', 'text/csv', ''],
          ['night.xlsx', 'application/zip', 'no sheet'],
        ],
      }),
    );
    const { answer, files } = await latest();
    expect(files).toMatchObject([
      { name: 'night.exe', import: null, problem: expect.stringContaining('Files of this kind are not read') },
      { name: 'empty.csv', accepted: 0 },
      { name: 'night.xlsx', accepted: 0 },
    ]);
    expect(answer).toContain('night.exe\n  Not read.');
    await take(message({}));
    expect((await latest()).answer).toContain('There was no file in your message.');
    await take(message({ files: Array.from({ length: 12 }, (_, i) => [`${i}.csv`, 'text/csv', crimes] as [string, string, string]) }));
    expect((await latest()).files.filter(({ problem }) => problem.includes('up to its file number 10'))).toHaveLength(2);
  });

  test('an address is on the register once, until it is taken off', async () => {
    const { performer } = serving.waymark;
    const add = (address: string, zone = 'Europe/London') =>
      performer.perform(administrator, addSender, null, { address, who: 'Tarn Police', timeZone: zone });
    await expect(add('crimes@tarn.example')).rejects.toThrow('already');
    const both = await Promise.allSettled([add('twice@tarn.example'), add('twice@tarn.example')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { field: 'address' } });
    await expect(add('not an address')).rejects.toThrow('one e-mail address');
    await expect(add('b@tarn.example', 'Tarn/Valley')).rejects.toThrow('time zone');
    const [own] = await performer.perform(administrator, listSenders, null, null);
    await performer.perform(administrator, endSender, null, { id: own?.id ?? 0 });
    expect((await take(message({ files: [csv] }))).why).toContain('not on the register');
    await add('crimes@tarn.example');
    expect((await take(message({ files: [csv] }))).state).toBe('read');
  });
});

describe.runIf(hasDovecot)('a mailbox of an agency', () => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  let imap: ImapServer;
  let smtp: Awaited<ReturnType<typeof openMailbox>>;
  beforeAll(async () => {
    [imap, smtp] = [await startImap(), await openMailbox()];
    serving = await serveForTest({ SMTP_URL: smtp.url, WAYMARK_MAIL_FROM: 'waymark@agency.example' });
    const sender = { address: 'crimes@tarn.example', who: 'Tarn Police, crime desk', timeZone: 'Europe/London' };
    await serving.waymark.performer.perform(administrator, addSender, null, sender);
  }, 60_000);
  afterAll(async () => {
    await serving?.end();
    await smtp?.close();
    await imap?.stop();
  });
  let channels: Channels;
  beforeEach(() => {
    channels = new Channels({ smtpUrl: smtp.url, mailFrom: 'waymark@agency.example', webhookHosts: [] });
  });
  const read = async (more: object = {}) => {
    const { readFileSync } = await import('node:fs');
    const settings = { url: imap.url, ca: readFileSync(imap.certificates, 'utf8'), checkedBy: null, ...more };
    return readMailbox(serving.waymark.performer, serving.waymark, channels, settings);
  };

  test('what is new in it is read once, marked as seen, and answered to whoever sent it, as an answer of a machine', async () => {
    imap.deliver(message({ id: '<one@tarn.example>', files: [csv] }));
    imap.deliver(message({ from: 'spam@elsewhere.example', files: [csv] }));
    expect(await read()).toEqual({ brought: 1, failed: [] });
    expect(imap.unread()).toBe(0);
    expect(smtp.mails).toHaveLength(1);
    const [answer = ''] = smtp.mails;
    expect(answer).toMatch(/^To: crimes@tarn\.example/m);
    expect(answer).toMatch(/^Subject: Re: Crimes of the night/m);
    expect(answer).toMatch(/^In-Reply-To: <one@tarn\.example>/m);
    expect(answer).toMatch(/^Auto-Submitted: auto-replied/m);
    expect((await read()).brought).toBe(0);
    expect(smtp.mails).toHaveLength(1);
  });

  test('one that cannot be read is told, and those after it are read and answered', async () => {
    imap.deliver(message({ id: '<before@tarn.example>', files: [['breaks.csv', 'text/csv', crimes]] }));
    imap.deliver(message({ id: '<after@tarn.example>', files: [csv] }));
    const before = smtp.mails.length;
    // What fails here is what keeps it; no message is known that makes it fail.
    const { performer } = serving.waymark;
    const failing = new Proxy(performer, {
      get: (target, name) =>
        name === 'perform'
          ? (actor: Actor, action: { name: string }, services: unknown, input: { messageId?: string }) =>
              action.name === 'mail.take' && input.messageId === '<before@tarn.example>'
                ? Promise.reject(new Error('it cannot be kept'))
                : performer.perform(actor, action as never, services as never, input as never)
          : (Reflect.get(target, name, target) as { bind?(own: object): unknown }).bind?.(target),
    });
    const { readFileSync } = await import('node:fs');
    const settings = { url: imap.url, ca: readFileSync(imap.certificates, 'utf8'), checkedBy: null };
    // What came beside it is told, so that it is judged.
    expect(await readMailbox(failing, serving.waymark, channels, settings)).toEqual({ brought: 1, failed: ['it cannot be kept'] });
    expect(imap.unread()).toBe(0);
    expect(smtp.mails.slice(before)).toEqual([expect.stringMatching(/^In-Reply-To: <after@tarn\.example>/m)]);
    expect((await read()).brought).toBe(0);
  });

  test('an answer that cannot be sent waits; a mailbox with a certificate of somebody else, or another secret, is not read', async () => {
    imap.deliver(message({ id: '<two@tarn.example>', files: [csv] }));
    const nowhere = new Channels({ smtpUrl: 'smtp://127.0.0.1:1', mailFrom: 'waymark@agency.example', webhookHosts: [] });
    channels = nowhere;
    await read();
    const messages = () => serving.waymark.performer.perform(analyst, listMessages, null, { limit: 1, offset: 0 });
    expect((await messages()).rows[0]).toMatchObject({ answerState: 'waiting' });
    channels = new Channels({ smtpUrl: smtp.url, mailFrom: 'waymark@agency.example', webhookHosts: [] });
    // The mailbox is down, and what waits goes out all the same.
    await expect(read({ ca: null })).rejects.toThrow();
    expect((await messages()).rows[0]).toMatchObject({ answerState: 'sent' });
    await expect(read({ url: imap.url.replace('a-secret', 'a-guess') })).rejects.toThrow();
  });
});
