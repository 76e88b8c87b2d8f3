import { writeFileSync } from 'node:fs';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withPurpose } from '../src/platform/database.ts';
import { notValid } from '../src/platform/fixes/fix.ts';
import { importFixes } from '../src/supervision/index.ts';
import { declareGateway, issueTagCredential } from '../src/supervision/tags/tags.ts';
import { serveForTest } from './serve-for-test.ts';

type Serving = Awaited<ReturnType<typeof serveForTest>>;

const operator = { id: 'test', name: 'Test', role: 'operator' as const };
const at = (minute: number) => new Date(Date.UTC(2026, 5, 9, 10, minute)).toISOString();
const fix = (minute: number, more: object = {}) => ({ tag: 'T1', at: at(minute), lat: 53.09, lon: -1.83, accuracy: 5, ...more });

describe('what is acknowledged is kept', () => {
  let serving: Serving;
  let gateway: string;
  let tagSecret: string;

  beforeAll(async () => {
    serving = await serveForTest();
    const { waymark } = serving;
    const seed = waymark.folder.file('seed.ndjson');
    writeFileSync(seed, `${JSON.stringify(fix(0))}\n`);
    await importFixes(waymark.performer, waymark.intake, { ...operator, purpose: 'ingest' }, { path: seed, register: true });
    const administrator = { ...operator, purpose: 'administration' } as const;
    gateway = (await waymark.performer.perform(administrator, declareGateway, null, { name: 'test' })).secret;
    tagSecret = (await waymark.performer.perform(administrator, issueTagCredential, null, { serial: 'T1' })).secret;
  });
  afterAll(() => serving.end());

  const post = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
    fetch(`${serving.url}${path}`, { method: 'POST', body, headers: { authorization: `Bearer ${gateway}`, ...headers } });
  const alerts = async () => {
    await serving.waymark.live.settled();
    return withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', (tx) =>
      tx.selectFrom('supervision.alerts').select(['kind', 'from_at']).execute(),
    );
  };
  const kinds = async (minute: number) =>
    (await alerts()).filter(({ kind, from_at }) => kind !== 'no signal' && from_at.toISOString() === at(minute)).map(({ kind }) => kind);

  test('an event that comes with a position that is known already raises its alert; sent again it raises no second', async () => {
    expect(await (await post('/ingest/waymark', JSON.stringify(fix(1)))).json()).toMatchObject({ accepted: 1 });
    const repeat = JSON.stringify(fix(1, { events: ['strap-cut'] }));
    expect(await (await post('/ingest/waymark', repeat)).json()).toMatchObject({ accepted: 0, duplicates: 1, eventsAdded: 1 });
    expect(await kinds(1)).toEqual(['strap cut']);
    expect(await (await post('/ingest/waymark', repeat)).json()).toMatchObject({ duplicates: 1, eventsAdded: 0 });
    expect(await kinds(1)).toEqual(['strap cut']);
  });

  test('the same over MQTT', async () => {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${(serving.broker as { port: number }).port}`, {
      username: 'T1',
      password: tagSecret,
    });
    const { tag: _, ...own } = fix(3);
    await client.publishAsync('waymark/tags/T1/fixes', JSON.stringify(own), { qos: 1 });
    await client.publishAsync('waymark/tags/T1/fixes', JSON.stringify({ ...own, events: 'CASE_OPEN' }), { qos: 1 });
    // A list, and packed.
    const more = [4, 5, 6].map((minute) => ({ ...fix(minute), tag: undefined }));
    await client.publishAsync('waymark/tags/T1/fixes', gzipSync(JSON.stringify(more)), { qos: 1 });
    await client.endAsync();
    expect(await kinds(3)).toEqual(['case opened']);
    expect((await (await post('/ingest/waymark', JSON.stringify([fix(4), fix(5), fix(6)]))).json()) as object).toMatchObject({
      duplicates: 3,
    });
  });

  test.each([
    ['Traccar’s list in one text', 'lowBattery,tampering', ['battery low', 'strap cut']],
    ['one name in one text', 'strap-cut', ['strap cut']],
    ['another case', ['STRAP_CUT'], ['strap cut']],
    ['words', 'Strap cut; Case open', ['case opened', 'strap cut']],
    ['objects', [{ type: 'jamming' }], ['jamming suspected']],
  ])('events in any spelling raise their alerts: %s', async (name, events, expected) => {
    const minute = 100 + 40 * (name.length % 40);
    expect(await (await post('/ingest/waymark', JSON.stringify(fix(minute, { events })))).json()).toMatchObject({
      accepted: 1,
      notUnderstood: [],
    });
    expect((await kinds(minute)).sort()).toEqual(expected);
  });

  test('what is not understood is kept, told on the receipt, and listed', async () => {
    const sent = JSON.stringify(fix(7, { events: ['strap-fried'], altitude: 5, battery: 'full' }));
    const receipt = (await (await post('/ingest/waymark', sent)).json()) as { accepted: number; notUnderstood: { what: string }[] };
    expect(receipt.accepted).toBe(1);
    expect(receipt.notUnderstood.map(({ what }) => what).join('\n')).toMatch(/strap-fried[\s\S]*altitude|altitude[\s\S]*strap-fried/);
    expect(receipt.notUnderstood.some(({ what }) => what.startsWith('battery "full"'))).toBe(true);
    expect(serving.waymark.fixes.notUnderstood.some(({ what }) => what.includes('strap-fried'))).toBe(true);
  });

  const three = (minute: number) => JSON.stringify([fix(minute), fix(minute + 1), fix(minute + 2)]);
  test.each<[string, (text: string) => Buffer | string, Record<string, string>]>([
    ['a JSON list', (text) => text, { 'content-type': 'application/json' }],
    ['the content type of curl', (text) => text, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['GZIP in capitals', (text) => gzipSync(text), { 'content-encoding': 'GZIP' }],
    ['x-gzip', (text) => gzipSync(text), { 'content-encoding': 'x-gzip' }],
    ['deflate', (text) => deflateSync(text), { 'content-encoding': 'deflate' }],
    ['bare deflate', (text) => deflateRawSync(text), { 'content-encoding': 'deflate' }],
    ['br', (text) => brotliCompressSync(text), { 'content-encoding': 'br' }],
    ['zstd', (text) => zstdCompressSync(text), { 'content-encoding': 'zstd' }],
    ['twice packed', (text) => gzipSync(deflateSync(text)), { 'content-encoding': 'deflate, gzip' }],
    ['UTF-16', (text) => Buffer.from(`\uFEFF${text}`, 'utf16le'), {}],
    ['a named charset', (text) => Buffer.from(text, 'utf16le'), { 'content-type': 'application/json; charset=utf-16le' }],
    ['several lines', (text) => JSON.stringify(JSON.parse(text), null, 2), {}],
    ['in an object', (text) => `{"fixes":${text}}`, {}],
    ['an unknown content type', (text) => text, { 'content-type': 'application/vnd.maker+json' }],
  ])('all fixes are read: %s', async (name, write, headers) => {
    const minute = 2000 + ([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 20_000);
    const answer = await post('/ingest/waymark', write(three(minute)), headers);
    expect([answer.status, await answer.json()]).toMatchObject([200, { accepted: 3, quarantined: 0 }]);
  });

  test.each([
    ['an unknown packing', { 'content-encoding': 'rot13' }, 415, /content encoding "rot13"/],
    ['bytes that are not packed so', { 'content-encoding': 'gzip' }, 400, /not packed as "gzip"/],
    ['an unknown charset', { 'content-type': 'application/json; charset=klingon' }, 415, /charset "klingon"/],
  ])('what cannot be read is refused with the remedy: %s', async (_name, headers, status, message) => {
    const answer = await post('/ingest/waymark', three(1), headers as never);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { error: string }).error).toMatch(message);
  });

  const kept = async () => (await serving.waymark.fixes.quarantine({ limit: 1, offset: 0, whole: true })).rows[0]?.raw ?? '';
  test('what is not a fix is kept whole, however long', async () => {
    const long = `this is no fix ${'and goes on '.repeat(500)}end`;
    expect(await (await post('/ingest/waymark', long)).json()).toMatchObject({ accepted: 0, quarantined: 1 });
    expect(await kept()).toContain(long);
  });

  test('OwnTracks is always kept: encrypted, as a form, unreadable', async () => {
    const basic = { authorization: `Basic ${Buffer.from(`T1:${tagSecret}`).toString('base64')}` };
    const send = async (body: string | Buffer, headers: Record<string, string> = {}) => {
      const answer = await post('/ingest/owntracks', body, { ...basic, ...headers });
      expect([answer.status, await answer.json()]).toEqual([200, []]);
    };
    const before = (await serving.waymark.fixes.summary()).fixes;
    const own = { _type: 'location', lat: 53.09, lon: -1.83, tst: Date.UTC(2026, 5, 9, 11, 30, 7) / 1000, acc: 5 };
    await send(new URLSearchParams(Object.entries(own).map(([key, value]): [string, string] => [key, String(value)])).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    });
    await send(JSON.stringify({ ...own, tst: own.tst + 60 }), { 'content-type': 'application/x-www-form-urlencoded' });
    expect((await serving.waymark.fixes.summary()).fixes).toBe(before + 2);
    await send(JSON.stringify({ _type: 'encrypted', data: 'c2VjcmV0'.repeat(100) }));
    expect(await kept()).toContain('c2VjcmV0'.repeat(100));
    await send(Buffer.from([1, 2, 3]), { 'content-encoding': 'gzip' });
    expect(await kept()).toContain('base64 AQID');
  });

  test('two places at one time are both kept, and neither decides anything', async () => {
    expect(await (await post('/ingest/waymark', JSON.stringify(fix(60)))).json()).toMatchObject({ accepted: 1, conflicting: 0 });
    expect(await (await post('/ingest/waymark', JSON.stringify(fix(60, { lat: 53.2 })))).json()).toMatchObject({
      accepted: 1,
      conflicting: 1,
    });
    // As near as the two say they are exact it is one place.
    expect(await (await post('/ingest/waymark', JSON.stringify(fix(60, { lat: 53.090_01 })))).json()).toMatchObject({
      duplicates: 1,
      conflicting: 0,
    });
  });

  test('a fix whose receiver says that it had none is kept, marked, and is nobody’s evidence', async () => {
    const sent = {
      position: { fixTime: at(70), latitude: 53.09, longitude: -1.83, valid: false, attributes: {} },
      device: { uniqueId: 'T1' },
    };
    expect(await (await post('/ingest/traccar', JSON.stringify(sent))).json()).toMatchObject({ accepted: 1 });
    const stored = await serving.waymark.fixes.query(`SELECT method FROM fixes WHERE at_ms = ${Date.parse(at(70))}`, { method: 'u8' });
    expect([...stored.columns.method.subarray(0, stored.count)]).toEqual([notValid]);
  });
});
