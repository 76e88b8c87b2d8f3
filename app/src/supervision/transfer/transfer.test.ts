import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { officer } from '../../../test/actors.ts';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import { withPurpose } from '../../platform/database.ts';
import { decideAlert } from '../alerts/decide-alert.ts';
import { keepContact } from '../contacts/index.ts';
import { rawFix } from '../fixes/decode/raw-fix.ts';
import { declareOrder, declareSubject } from '../subjects/subjects.ts';
import { openWearing } from '../subjects/wearings.ts';
import { declareTag } from '../tags/tags.ts';
import { declareZone } from '../zones/declare-zone.ts';
import { gatherRecord } from './gather-record.ts';
import { readRecord } from './read-record.ts';
import { fileOf, piecesOf } from './record-file.ts';
import { takeRecord } from './take-record.ts';
import type { TrackingRecord } from './tracking-record.ts';
import { writeRecord } from './write-record.ts';

const minute = 60_000;
const head = { made: new Date('2026-11-01T10:00:00Z'), marking: 'Personal data.' };

describe('a record from one system to another', toldInOrder, () => {
  let from: Awaited<ReturnType<typeof serveForTest>>;
  let to: typeof from;
  let subjectId = 0;
  let record: TrackingRecord;
  let file = '';
  const gather = (serving: typeof from, id: number, why = 'To the next contractor.') =>
    serving.waymark.performer.perform(officer, gatherRecord, { fixes: serving.waymark.fixes }, { subjectId: id, why });
  const take = async (text: string | Uint8Array) =>
    takeRecord(to.waymark.performer, officer, to.waymark, await readRecord(piecesOf(Buffer.from(text))));
  beforeAll(async () => {
    [from, to] = [await serveForTest(), await serveForTest()];
    const { performer, intake, live, database } = from.waymark;
    // Three days ago at noon: hours at home each night, and once away until late.
    const began = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 3 * 86_400_000 + 12 * 60 * minute;
    ({ id: subjectId } = await performer.perform(officer, declareSubject, null, { reference: 'X/1', name: 'Zoë “Z” <Example> & Co' }));
    const order = { subjectId, kind: 'community order', authority: 'Tarn Court', startsAt: new Date(began), endsAt: null };
    const { id: orderId } = await performer.perform(officer, declareOrder, null, order);
    await performer.perform(officer, keepContact, null, {
      subjectId,
      who: 'self',
      name: 'Zoë',
      phone: '07700 900123',
      contactNote: 'After six.',
    });
    await performer.perform(officer, declareTag, null, { serial: 'X-1', model: 'Anklet 3' });
    await performer.perform(officer, openWearing, null, { subjectId, orderId, serial: 'X-1', startsAt: new Date(began) });
    await performer.perform(officer, declareZone, null, {
      orderId,
      name: 'Home',
      kind: 'curfew',
      area: { kind: 'circle', lon: -1.815, lat: 53.09, radiusM: 100 },
      hours: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '19:00', to: '07:00' }],
      effectiveAt: new Date(began),
    });
    for (let hour = 0; hour < 36; hour++) {
      const at = began + hour * 60 * minute;
      const isAway = hour < 11;
      const fixes = Array.from({ length: 60 }, (_, i) => ({
        ...rawFix('X-1', at + i * minute, isAway ? -1.78 : -1.815, 53.09),
        accuracyM: 8,
        seq: hour * 60 + i,
      }));
      await intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial: 'X-1' }, at + 61 * minute);
    }
    await live.settled();
    const alerts = await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
      tx.selectFrom('supervision.alerts').select(['id', 'kind']).where('kind', '<>', 'no signal').orderBy('id').execute(),
    );
    expect(alerts.length).toBeGreaterThan(0);
    const decision = { id: alerts[0]?.id ?? 0, step: 'closed', outcome: 'breach', note: 'Said that they missed the bus.' };
    await performer.perform(officer, decideAlert, null, decision as never);
    record = await gather(from, subjectId);
    file = [...writeRecord(record, head)].join('');
  }, 60_000);
  afterAll(async () => {
    await from?.end();
    await to?.end();
  });

  test('is written and read again as it is, whatever stands in its words', async () => {
    expect(record.fixes).toHaveLength(36 * 60);
    expect(record.alerts.some(({ outcome, steps }) => outcome === 'breach' && steps.length > 0)).toBe(true);
    expect(await readRecord([file])).toEqual(record);
    // Another system gives other prefixes to the same names.
    expect(
      await readRecord(
        file.replaceAll('ot:', 'x:').replaceAll('xmlns:ot', 'xmlns:x').replaceAll('nc:', 'y:').replaceAll('xmlns:nc', 'xmlns:y'),
      ),
    ).toEqual(record);
  });

  test('a long record leaves packed, and is the same', async () => {
    const long = { ...record, fixes: Array.from({ length: 10 }, () => record.fixes).flat() };
    const { name, type, bytes } = fileOf(long, head);
    expect([name, type]).toEqual(['tracking-record-X-1.xml.gz', 'application/gzip']);
    const packed = Buffer.concat(await bytes.toArray());
    expect(gunzipSync(packed).length).toBeGreaterThan(5 * packed.length);
    expect(await readRecord(piecesOf(packed))).toEqual(long);
  });

  test('what is no record is told by its place, and nobody is on record for it', async () => {
    const packed = gzipSync(file);
    const broken: [string | Uint8Array, string][] = [
      [packed.subarray(0, 2000), 'does not unpack'],
      [Buffer.from([0x3c, 0xff, 0xfe, 0x61]), 'no text in UTF-8'],
      ['', 'Choose a file'],
      [' ', 'no whole XML'],
      ['<a/>', 'outermost element'],
      [file.slice(0, -30), 'no whole XML'],
      [file.replace('?>', '?><!DOCTYPE a [<!ENTITY b "c">]>'), 'entities of its own'],
      [file.replace('<ot:OrderReference>1<', '<ot:OrderReference>9<'), 'speaks of order 9'],
      [file.replace(/<nc:StartDate>[^<]*</, '<nc:StartDate>yesterday<'), '“yesterday” is no time'],
      [file.replace(/<nc:ActivityCategoryText>community order</, '<nc:ActivityCategoryText>banishment<'), 'cannot stand here'],
      [file.replace('>breach<', '>guilt<'), 'the outcome “guilt”'],
      [file.replace('>curfew<', '>prison<'), ''],
      [file.replace('<nc:PersonFullName>', '<a>'.repeat(50_000)), 'nested deeper'],
      [file.replace(/<ot:AreaText>[^<]*</, '<ot:AreaText>{<'), 'no JSON'],
      [file.replace(/<ot:AreaText>[^<]*</, '<ot:AreaText>null<'), 'area or hours in another form'],
      [file.replace(/<ot:AreaText>[^<]*</, '<ot:AreaText>{"kind":"polygon","rings":[[["a",1]]]}<'), 'area or hours in another form'],
      [file.replace(/<ot:HoursText>[^<]*</, '<ot:HoursText>"always"<'), 'area or hours in another form'],
      [file.replace(/<ot:HoursText>[^<]*</, '<ot:HoursText>[{"days":[1],"from":"25:99","to":"07:00"}]<'), ''],
      [file.replace(/<ot:MethodCode>\d+</, '<ot:MethodCode>-1<'), 'the method -1'],
      [file.replace(/(<ot:SupervisionOrder>.*<\/ot:SupervisionOrder>\n)/, '$1$1'), 'order 1 twice'],
      [file.replace(/<ot:ZoneAssignment>.*?<\/ot:ZoneAssignment>/, ''), 'no order or no version'],
      [file.replace(/(<nc:Person>.*<\/nc:Person>\n)/, '$1$1'), 'several elements nc:Person'],
      [file.replace(/(<nc:Person>.*<\/nc:Person>\n)/, ''), 'no element nc:Person'],
      [file.replace(/<nc:StartDate>[^<]*</, '<nc:StartDate>9999-99-99T00:00:00Z<'), 'is no time'],
    ];
    for (const [text, words] of broken)
      await expect(
        take(text).then((taken) => Promise.reject(new Error(`taken, which should be told: ${words} ${JSON.stringify(taken)}`))),
        words,
      ).rejects.toMatchObject({
        field: expect.any(String),
        message: expect.stringContaining(words),
      });
    const there = await withPurpose(to.waymark.database.db, 'supervision', 'monitoring', (tx) =>
      tx.selectFrom('supervision.subjects').select('id').execute(),
    );
    expect(there).toEqual([]);
  });

  test('is there as it was here: the same alerts with how they were decided, the same positions with when they came', async () => {
    // Packed, as a long one leaves.
    const taken = await take(gzipSync(file));
    expect(taken).toMatchObject({ reference: 'X/1', positions: 36 * 60, notTaken: 0, others: [] });
    expect(taken.alerts).toBe(record.alerts.length);
    expect(await gather(to, taken.subjectId)).toEqual(record);
    await expect(take(file)).rejects.toThrow('on record here already');
    await expect(take(file.replace('>X/1<', '>X/2<'))).rejects.toThrow('worn by somebody else');
    await expect(gather(to, taken.subjectId, 'why')).rejects.toThrow('at least 10 characters');
  });

  test('from page to page: taken as a file with a reason, which the person sees, and put in', async () => {
    const visitor = new Visitor(from.url);
    await visitor.signIn('mo-1');
    const csrf = await visitor.csrf(`/subjects/${subjectId}/transfer`);
    const answer = await visitor.request(`/subjects/${subjectId}/transfer`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ _csrf: csrf, why: 'To the next contractor.' }),
    });
    expect(answer.headers.get('content-disposition')).toContain('tracking-record-X-1.xml');
    const text = await answer.text();
    expect((await readRecord([text])).fixes).toHaveLength(36 * 60);
    const form = new FormData();
    form.set('_csrf', csrf);
    form.set('file', new Blob([text], { type: 'application/xml' }), 'record.xml');
    const again = await visitor.request('/subjects/transfer', { method: 'POST', body: form });
    expect([again.status, await again.text()]).toEqual([400, expect.stringContaining('is on record here already')]);
  });
});
