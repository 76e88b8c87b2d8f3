import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RawBuilder, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyAudit } from '../src/platform/audit.ts';
import { readFile } from '../src/supervision/documents/read-file.ts';
import { declareTag, identifySubject, supervisionAccess } from '../src/supervision/index.ts';
import { fillIn, letterFields, readTemplates } from '../src/supervision/letters/read-templates.ts';
import { closeWearing, openWearing } from '../src/supervision/subjects/wearings.ts';
import { officer } from './actors.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { serveForTest, Visitor } from './serve-for-test.ts';
import { toldInOrder } from './told-in-order.ts';
import { wearerForTest } from './wearer-for-test.ts';

/** Orders as courts vary them, who somebody was before, and their papers and letters, on both databases. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const segment = (marker: number, text: string) => {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(2 + text.length, 2);
  return Buffer.concat([head, Buffer.from(text, 'latin1')]);
};
const jpeg = Buffer.concat([
  Buffer.from([0xff, 0xd8]),
  segment(0xe0, 'JFIF\0'),
  segment(0xe1, 'Exif\0\0 GPS 53.09 -1.83'),
  segment(0xe2, 'ICC_PROFILE\0 colours'),
  segment(0xe2, 'MPF\0 GPS of another picture'),
  segment(0xfe, 'by Maya'),
  segment(0xdb, 'tables'),
  segment(0xda, 'scan'),
  Buffer.from([1, 2, 0xff, 0x00, 3, 0xff, 0xd0, 4]),
  segment(0xfe, 'Maya again'),
  segment(0xda, 'second scan'),
  Buffer.from([5, 0xff, 0xd9]),
  Buffer.from('a film with GPS, and <html>'),
]);
const chunk = (name: string, text: string) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, Buffer.from(name + text, 'latin1'), Buffer.alloc(4)]);
};
const png = Buffer.concat([
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  chunk('IHDR', 'size'),
  chunk('eXIf', 'GPS 53.09'),
  chunk('tEXt', 'Author Maya'),
  chunk('IDAT', 'pixels'),
  chunk('IEND', ''),
]);
const pdf = Buffer.from('%PDF-1.7\n…', 'utf8');

describe('a file that is kept', () => {
  test('of a picture everything goes that is no picture; whatever its name says, it is what stands in it', () => {
    const kept = readFile(jpeg);
    expect([kept.mediaType, /GPS|Maya/.test(kept.bytes.toString('latin1'))]).toEqual(['image/jpeg', false]);
    for (const stays of ['JFIF', 'ICC_PROFILE', 'tables', 'scan', 'second scan', '\x01\x02\xff\x00\x03\xff\xd0\x04'])
      expect(kept.bytes.toString('latin1')).toContain(stays);
    const other = readFile(png);
    expect([other.mediaType, /GPS|Maya/.test(other.bytes.toString('latin1'))]).toEqual(['image/png', false]);
    expect(other.bytes.toString('latin1')).toContain('pixels');
    expect(readFile(pdf)).toMatchObject({ mediaType: 'application/pdf' });
  });
  test.each([
    ['nothing', Buffer.alloc(0), 'Choose a file.'],
    ['a page with a program in it', Buffer.from('<html><script>alert(1)</script>'), 'This one is neither.'],
    ['a picture that is cut off', jpeg.subarray(0, 30), 'cut off or broken'],
    ['one without its end', jpeg.subarray(0, jpeg.length - 30), 'cut off or broken'],
    ['another one', png.subarray(0, 40), 'cut off or broken'],
    ['too much', Buffer.alloc(11 * 1024 * 1024, 0x25), '10 MB at most'],
  ])('%s is refused in words', (_what, bytes, told) => expect(() => readFile(bytes)).toThrow(told));
});

describe('letters of the agency', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-letters-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'letters.yaml');
  const from = (text: string) => {
    writeFileSync(path, text);
    return readTemplates(path);
  };
  test('are those of its file, and the usual ones where that cannot be used, with why', () => {
    expect(readTemplates(join(folder, 'none.yaml')).templates.map(({ title }) => title)).toEqual(['Warning', 'Thanks for keeping to it']);
    expect(from('- title: Come and see us\n  text: Dear {name}, come by.')).toEqual({
      templates: [{ title: 'Come and see us', text: 'Dear {name}, come by.' }],
      problem: null,
    });
    for (const [text, told] of [
      ['{', 'cannot be used'],
      ['title: x', 'a list of letters'],
      ['- text: Dear {name}, come by.', 'letter 1 needs a title'],
      ['- title: Come\n  text: Dear {nmae}, come by.', '{nmae}, which nothing fills'],
    ] as const) {
      const { templates, problem } = from(text);
      expect([templates.length, problem]).toEqual([2, expect.stringContaining(told)]);
    }
  });
  test('have everything filled in', () => {
    const values = Object.fromEntries(Object.keys(letterFields).map((name) => [name, `[${name}]`])) as Record<
      keyof typeof letterFields,
      string
    >;
    for (const template of readTemplates(join(folder, 'none.yaml')).templates) expect(fillIn(template, values)).not.toMatch(/[{}]/);
  });
});

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'orders and papers on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    let wearer: Awaited<ReturnType<typeof wearerForTest>>;
    const visitors = new Map<string, Visitor>();
    const visitorOf = (account: string) => visitors.get(account) as Visitor;
    const textOf = async (account: string, path: string) => (await visitorOf(account).follow(path)).text();
    const post = async (account: string, path: string, form: Record<string, string>) => {
      const answer = await visitorOf(account).request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ ...form, _csrf: await visitorOf(account).csrf(account.startsWith('pe') ? '/me' : '/start') }),
      });
      return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') };
    };
    const upload = async (kind: string, title: string, bytes: Buffer) => {
      const form = new FormData();
      form.set('_csrf', await visitorOf('mo-1').csrf(`/subjects/${wearer.subjectId}/documents`));
      form.set('kind', kind);
      form.set('title', title);
      form.set('file', new Blob([new Uint8Array(bytes)]), 'file.bin');
      const answer = await visitorOf('mo-1').request(`/subjects/${wearer.subjectId}/documents`, { method: 'POST', body: form });
      return { status: answer.status, text: await answer.text() };
    };
    const asOwner = (statement: RawBuilder<unknown>) =>
      serving.waymark.database.db.transaction().execute(async (tx) => {
        await sql`SELECT set_config('waymark.purpose', 'monitoring', true)`.execute(tx);
        return (await statement.execute(tx)).rows;
      });
    const clock = (ms: number) =>
      new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/London', dateStyle: 'short', timeStyle: 'short' }).format(new Date(ms));

    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      wearer = await wearerForTest(serving.waymark, 'OP-1');
      const other = await wearerForTest(serving.waymark, 'OP-2');
      for (const [account, id] of [
        ['mo-1', null],
        ['pe-1', wearer.subjectId],
        ['pe-2', other.subjectId],
      ] as const) {
        const visitor = new Visitor(serving.url);
        await visitor.signIn(account);
        visitors.set(account, visitor);
        if (id === null) continue;
        const { code } = await serving.waymark.performer.perform(officer, supervisionAccess.invite, null, { id });
        await post(account, '/me/code', { code });
      }
    });
    afterAll(() => serving?.end());

    test('an order that is varied keeps what it was, with who and why; the person reads what the court says', async () => {
      const path = `/orders/${wearer.orderId}`;
      const ends = Date.now() + 60 * 86_400_000;
      const form = {
        authority: 'Tarn Crown Court',
        endsAt: clock(ends),
        conditions: 'Be home at night.\nStay out of Mill Lane.',
        reason: 'Appeal 17/2026',
        version: '1',
      };
      for (const [change, told] of [
        [{ endsAt: '2026-08-01 09:00' }, 'must end after it begins'],
        [{ endsAt: '2026-09-20 09:00' }, 'cannot end in the past'],
        [{ endsAt: 'soon' }, 'Enter when the order ends'],
        [{ authority: 'x' }, 'court or body'],
        [{ reason: '' }, 'Say why'],
      ] as const) {
        const { status, text } = await post('mo-1', path, { ...form, ...change });
        expect([status, text.includes(told)], told).toEqual([400, true]);
      }
      expect((await post('mo-1', path, form)).status).toBe(302);
      // The form that was filled in from the first version does not write over the second.
      expect((await post('mo-1', path, form)).text).toContain('Somebody has varied this order since');
      expect((await post('mo-1', path, { ...form, version: '2' })).text).toContain('Nothing would change');
      // Only the words are changed: the end stays to the second.
      await asOwner(
        sql`UPDATE supervision.orders SET ends_at = date_trunc('minute', ends_at) + interval '59 seconds' WHERE id = ${wearer.orderId}`,
      );
      const words = {
        ...form,
        version: '2',
        conditions: 'Be home at night.\nStay out of Mill Lane. Come on Mondays.',
        reason: 'Letter of the court',
      };
      expect((await post('mo-1', path, words)).status).toBe(302);
      expect(
        await asOwner(sql`SELECT extract(second FROM ends_at)::int AS seconds FROM supervision.orders WHERE id = ${wearer.orderId}`),
      ).toEqual([{ seconds: 59 }]);
      const page = await textOf('mo-1', path);
      expect(page).toMatch(/Appeal 17\/2026[\s\S]*As it was made/);
      expect(await textOf('mo-1', `/subjects/${wearer.subjectId}`)).toContain('varied, version 3');
      expect(await textOf('pe-1', '/me/tag')).toContain('Stay out of Mill Lane.');
      expect(await textOf('pe-2', '/me/tag')).not.toContain('Mill Lane');
      expect(
        await asOwner(sql`SELECT version, authority, reason FROM supervision.order_versions WHERE order_id = ${wearer.orderId} ORDER BY 1`),
      ).toEqual([
        { version: 1, authority: 'Tarn Court', reason: 'As it was made' },
        { version: 2, authority: 'Tarn Crown Court', reason: 'Appeal 17/2026' },
        { version: 3, authority: 'Tarn Crown Court', reason: 'Letter of the court' },
      ]);
    });

    test('an order that is ended now ends the processing of positions with it', async () => {
      const { fixes } = serving.waymark;
      const stored = async () =>
        (await fixes.query('SELECT count(*)::INTEGER AS n FROM fixes WHERE wearing > 0', { n: 'i32' })).columns.n[0];
      await wearer.fix({ at: Date.now() });
      const before = await stored();
      expect(before).toBe(1);
      const path = `/orders/${wearer.orderId}`;
      const form = { authority: 'Tarn Crown Court', conditions: '', reason: 'Quashed', version: '3' };
      expect((await post('mo-1', path, { ...form, endsAt: clock(Date.now()) })).status).toBe(302);
      await wearer.fix({ at: Date.now() });
      expect(await stored()).toBe(before);
      // It is over: it cannot be varied into life again once its end is past.
      await asOwner(sql`UPDATE supervision.orders SET ends_at = now() - interval '1 hour' WHERE id = ${wearer.orderId}`);
      expect((await post('mo-1', path, { ...form, version: '4', endsAt: '' })).text).toContain('This order has ended');
      await asOwner(sql`UPDATE supervision.orders SET ends_at = NULL WHERE id = ${wearer.orderId}`);
    });

    test('who somebody was before is kept when it changes', async () => {
      const { performer } = serving.waymark;
      const own = { bornOn: '1990-01-02', alsoKnownAs: '', pnc: '', crn: '', noms: '', languages: '', atTheDoor: '' };
      await performer.perform(officer, identifySubject, null, { subjectId: wearer.subjectId, name: 'Pat Changed', ...own });
      expect(await asOwner(sql`SELECT was ->> 'name' AS name, by_name FROM supervision.identity_versions`)).toEqual([
        { name: 'Person OP-1', by_name: 'Maya Okonjo' },
      ]);
      expect(await textOf('mo-1', `/subjects/${wearer.subjectId}/details`)).toMatch(/As they were known before[\s\S]*Person OP-1/);
    });

    test('papers are kept, read by the person and nobody else’s, and removed for good', async () => {
      expect((await upload('order', '', pdf)).text).toContain('Say in 2 to 120 characters');
      expect((await upload('photo', '', pdf)).text).toContain('A photo is a JPEG or PNG picture.');
      expect((await upload('order', 'A program', Buffer.from('<html>'))).text).toContain('This one is neither.');
      expect((await upload('photo', '', jpeg)).status).toBe(302);
      expect((await upload('order', 'Order of September', pdf)).status).toBe(302);
      const rows = (await asOwner(sql`SELECT id, kind FROM supervision.documents ORDER BY id`)) as { id: number; kind: string }[];
      expect(rows.map(({ kind }) => kind)).toEqual(['photo', 'order']);
      const [photo, order] = rows.map(({ id }) => id) as [number, number];
      const picture = await visitorOf('mo-1').request(`/documents/${photo}`);
      expect([picture.headers.get('content-type'), picture.headers.get('x-content-type-options')]).toEqual(['image/jpeg', 'nosniff']);
      expect(Buffer.from(await picture.arrayBuffer()).equals(readFile(jpeg).bytes)).toBe(true);
      const paper = await visitorOf('mo-1').request(`/documents/${order}`);
      expect(paper.headers.get('content-disposition')).toBe('attachment; filename="Order of September.pdf"');
      expect(await textOf('pe-1', '/me/tag')).toContain('Order of September');
      expect((await visitorOf('pe-1').request(`/me/documents/${order}`)).status).toBe(200);
      expect((await visitorOf('pe-2').request(`/me/documents/${order}`)).status).toBe(404);
      expect(await textOf('mo-1', `/subjects/${wearer.subjectId}/details`)).toContain(`/documents/${photo}`);
      expect((await post('mo-1', `/documents/${order}/remove`, {})).status).toBe(302);
      expect((await visitorOf('mo-1').request(`/documents/${order}`)).status).toBe(404);
      expect(await textOf('pe-1', '/me/tag')).not.toContain('Order of September');
      expect(await asOwner(sql`SELECT length(bytes) AS left FROM supervision.documents WHERE id = ${order}`)).toEqual([{ left: 0 }]);
    });

    test('a letter is filled in, changed and kept, and the person finds it; so is how they kept to their hours', async () => {
      const path = `/subjects/${wearer.subjectId}/letter`;
      const draft = await textOf('mo-1', `${path}?which=1`);
      expect(draft).toMatch(/Dear Pat Changed,[\s\S]*you kept to your community order for \d+ hours?\./);
      expect((await post('mo-1', path, { which: '1', title: 'Thanks', text: 'Dear {name}, well done.' })).text).toContain(
        'Nothing fills {name}',
      );
      const { location } = await post('mo-1', path, { which: '1', title: 'Thanks', text: 'Dear Pat, well done.\r\nMaya' });
      expect(await textOf('mo-1', location ?? '')).toContain('Dear Pat, well done.\nMaya');
      const link = /\/me\/documents\/\d+(?=">Thanks)/.exec(await textOf('pe-1', '/me/tag'))?.[0] ?? '';
      expect(await textOf('pe-1', link)).toBe('Dear Pat, well done.\nMaya');
      expect(await textOf('pe-1', '/me/tag')).toContain('How I kept to my hours');
      // Another tag begins another wearing, and takes away nothing of what they kept with the one before.
      const weeks = async () => (await textOf('pe-1', '/me/tag')).match(/Week of [^:]+/g) ?? [];
      const before = await weeks();
      const { performer, intake } = serving.waymark;
      const [worn] = (await asOwner(sql`SELECT id FROM supervision.wearings WHERE subject_id = ${wearer.subjectId}`)) as { id: number }[];
      const at = new Date();
      await performer.perform(officer, closeWearing, serving.waymark, { id: worn?.id ?? 0, endsAt: at });
      await performer.perform(officer, declareTag, { intake }, { serial: 'T-OP-NEXT', model: 'Test' });
      const next = { subjectId: wearer.subjectId, orderId: wearer.orderId, serial: 'T-OP-NEXT', startsAt: at };
      await performer.perform(officer, openWearing, { intake }, next);
      expect([before.length, await weeks()]).toEqual([4, before]);
      expect((await verifyAudit(serving.waymark.database.db)).problems).toEqual([]);
    });
  },
);
