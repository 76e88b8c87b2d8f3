import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest } from '../../../test/serve-for-test.ts';
import { until } from '../../../test/until.ts';
import type { Actor } from '../../platform/access.ts';
import { Performer } from '../../platform/action.ts';
import { verifyAudit } from '../../platform/audit.ts';
import { Changes } from '../../platform/changes.ts';
import { withPurpose } from '../../platform/database.ts';
import { LiveWatch } from '../index.ts';
import { declareOrder, declareSubject } from '../subjects/subjects.ts';
import { openWearing } from '../subjects/wearings.ts';
import { declareTag } from '../tags/tags.ts';
import { authoriseAbsence } from '../zones/authorise-absence.ts';
import { changeZone } from '../zones/change-zone.ts';
import { declareZone } from '../zones/declare-zone.ts';
import { forgetProtected } from '../zones/forget-protected.ts';
import { endProtection, protectPerson } from '../zones/protect-person.ts';
import { readGeoJsonArea } from '../zones/read-area.ts';
import { addSharedZone, declareSharedZone, listSharedZones, removeSharedZone } from '../zones/share-zone.ts';
import { correctionByCase } from './correct-by-case.ts';
import { decideAlert } from './decide-alert.ts';
import { listAlerts, readAlert } from './read-alerts.ts';

/** From a fix to an alert and back, through the real stores; on PGlite, and on PostgreSQL where it is installed. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const officer: Actor = { id: 'mo', name: 'Monitoring officer', role: 'monitoring-officer', purpose: 'monitoring' };
const start = Date.now() - 6 * 3_600_000;
const minute = 60_000;

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])('watching on %s', (_name, server) => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  let number = 0;
  beforeAll(async () => {
    serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
  });
  afterAll(() => serving?.end());

  /** A subject with an order since yesterday, a tag on, and a zone 1 km east of the middle of town. */
  async function wearer() {
    const { performer } = serving.waymark;
    const serial = `W-${++number}`;
    const began = new Date(start - 86_400_000);
    const { id: subjectId } = await performer.perform(officer, declareSubject, null, {
      reference: `S-${number}`,
      name: `Nobody ${number}`,
    });
    const { id: orderId } = await performer.perform(officer, declareOrder, null, {
      subjectId,
      kind: 'licence condition',
      authority: 'A court',
      startsAt: began,
      endsAt: null,
    });
    await performer.perform(officer, declareTag, null, { serial, model: '' });
    const { id: wearing } = await performer.perform(officer, openWearing, null, { subjectId, orderId, serial, startsAt: began });
    const area = { kind: 'circle' as const, lon: -1.815, lat: 53.09, radiusM: 150 };
    const { zoneId } = await performer.perform(officer, declareZone, null, {
      orderId,
      name: 'A square',
      kind: 'exclusion',
      area,
      hours: [],
      effectiveAt: began,
    });
    return { serial, subjectId, orderId, zoneId, wearing, reference: `S-${number}` };
  }

  /** Sends fixes, minute by minute, inside the zone or 700 m away. */
  async function send(serial: string, minutes: readonly [number, 'in' | 'out'][]) {
    const fixes = minutes.map(([m, side]) => ({
      tag: serial,
      at: start + m * minute,
      lat: 53.09,
      lon: side === 'in' ? -1.815 : -1.8255,
      accuracyM: 8,
      speedMps: Number.NaN,
      headingDeg: Number.NaN,
      method: 0,
      battery: Number.NaN,
      seq: Number.NaN,
      events: null,
    }));
    await serving.waymark.intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial });
    await serving.waymark.live.settled();
  }

  const list = async (which: 'open' | 'closed' | 'retracted', search: string) =>
    (await serving.waymark.performer.perform(officer, listAlerts, null, { list: which, search, limit: 50, offset: 0 })).rows;

  test('somebody enters and leaves: raised, then ended, in words', async () => {
    const { serial, subjectId } = await wearer();
    await send(serial, [
      [0, 'out'],
      [1, 'out'],
      [2, 'in'],
    ]);
    expect(await list('open', `S-${number}`)).toEqual([]);
    await send(serial, [
      [3, 'in'],
      [4, 'in'],
    ]);
    const [lasting] = await list('open', `S-${number}`);
    expect(lasting).toMatchObject({ kind: 'exclusion entered', severity: 'high', state: 'raised', to_at: null, subject_id: subjectId });
    await send(serial, [
      [5, 'out'],
      [6, 'out'],
    ]);
    const [ended] = await list('open', `S-${number}`);
    expect(ended).toMatchObject({ id: lasting?.id, version: 2, to_at: new Date(start + 5 * minute) });
    expect(ended?.explanation).toMatch(/^Up to 150 m inside “A square” for 3 minutes \(accuracy 8 m, 3 fixes\)\.$/);
    const detail = await serving.waymark.performer.perform(officer, readAlert, serving.waymark, { id: ended?.id as number });
    expect(detail.versions.map(({ change }) => change)).toEqual(['raised', 'amended']);
    expect(detail.points).toHaveLength(7);
  });

  test('late fixes correct an alert', async () => {
    const { serial } = await wearer();
    await send(serial, [
      [0, 'out'],
      [1, 'out'],
      [20, 'in'],
      [21, 'in'],
      [22, 'out'],
      [23, 'out'],
    ]);
    const [before] = await list('open', `S-${number}`);
    expect(before?.from_at).toEqual(new Date(start + 20 * minute));
    await send(serial, [
      [17, 'out'],
      [18, 'in'],
      [19, 'in'],
    ]);
    const [after] = await list('open', `S-${number}`);
    expect(after).toMatchObject({ id: before?.id, from_at: new Date(start + 18 * minute), version: 2 });
  });

  test('what is authorised afterwards is taken back; a zone that has ended judges what was before', async () => {
    const { performer } = serving.waymark;
    const { serial, orderId, zoneId } = await wearer();
    await send(serial, [
      [0, 'out'],
      [1, 'out'],
      [2, 'in'],
      [3, 'in'],
      [4, 'in'],
      [5, 'out'],
      [6, 'out'],
    ]);
    expect(await list('open', `S-${number}`)).toHaveLength(1);
    const absence = { orderId, from: new Date(start), to: new Date(start + 5 * minute), reason: 'A court hearing' };
    await performer.perform(officer, authoriseAbsence, null, absence);
    expect(await list('open', `S-${number}`)).toEqual([]);
    expect(await list('retracted', `S-${number}`)).toHaveLength(1);
    await send(serial, [
      [10, 'in'],
      [11, 'in'],
      [12, 'in'],
      [13, 'out'],
      [14, 'out'],
    ]);
    await performer.perform(officer, changeZone, null, { zoneId, draft: null, reason: 'The order was varied' });
    expect(await list('open', `S-${number}`)).toHaveLength(1);
  });

  test('what was changed and not watched again before an end is watched again at the next start', async () => {
    const { database, fixes, access, performer, timeZone } = serving.waymark;
    const { serial, orderId } = await wearer();
    await send(serial, [
      [0, 'out'],
      [1, 'out'],
      [2, 'in'],
      [3, 'in'],
      [4, 'in'],
      [5, 'out'],
      [6, 'out'],
    ]);
    expect(await list('open', `S-${number}`)).toHaveLength(1);
    // From here on nobody watches again, as after a kill between the change and the look.
    await performer.perform(officer, authoriseAbsence, null, {
      orderId,
      from: new Date(start),
      to: new Date(start + 9 * minute),
      reason: 'A court hearing',
    });
    const again = new LiveWatch(database.db, fixes, access, timeZone);
    await again.start();
    await again.close();
    expect(await list('open', `S-${number}`)).toEqual([]);
    const { rows } = await database.executeSql('SELECT count(*)::int AS n FROM supervision.watch_again');
    expect(rows).toEqual([{ n: 0 }]);
  });

  test('what another server changed and was not heard of is watched again when anything may have changed', async () => {
    const { live, changes, database } = serving.waymark;
    const { zoneId, serial, reference } = await wearer();
    await send(serial, [
      [0, 'in'],
      [1, 'in'],
      [2, 'in'],
    ]);
    expect(await list('open', reference)).toHaveLength(1);
    // Another server ends the zone from before, and its message is lost.
    const mute = new Changes({ ...database, kind: 'pglite' });
    const deaf = new Performer(database.db, serving.waymark.access, mute);
    await deaf.perform(officer, changeZone, null, { zoneId, draft: null, reason: 'The order was varied' });
    const left = () =>
      withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        tx.selectFrom('supervision.watch_again').select('wearing_id').execute(),
      );
    expect(await left()).toHaveLength(1);
    await changes.settle([{ topic: 'supervision.rules', ids: [] }]);
    await live.settled();
    expect(await left()).toEqual([]);
  });

  test('a shared zone watches whoever it is added to, from then until it is taken away, beside many others', async () => {
    const { performer, live } = serving.waymark;
    const [one, two] = [await wearer(), await wearer()];
    const square = (lon: number) => ({ kind: 'circle' as const, lon, lat: 53.09, radiusM: 150 });
    const draft = { name: 'School', kind: 'exclusion', hours: [] };
    // The place itself, and many elsewhere, so that they are found by place.
    const zones: number[] = [];
    for (let i = 0; i < 30; i++)
      zones.push(
        (await performer.perform(officer, declareSharedZone, null, { ...draft, area: square(i === 0 ? -1.8 : -1.9 - 0.01 * i) })).zoneId,
      );
    for (const zoneId of zones)
      await performer.perform(officer, addSharedZone, null, { subjectId: one.subjectId, orderId: one.orderId, zoneId });
    await expect(
      performer.perform(officer, addSharedZone, null, { subjectId: one.subjectId, orderId: one.orderId, zoneId: zones[0] as number }),
    ).rejects.toThrow('already');
    await expect(
      performer.perform(officer, addSharedZone, null, { subjectId: one.subjectId, orderId: one.orderId, zoneId: one.zoneId }),
    ).rejects.toThrow('shared zones');
    const first = { subjectId: two.subjectId, orderId: two.orderId, zoneId: zones[0] as number, reason: 'The school moved' };
    await expect(performer.perform(officer, addSharedZone, null, { ...first, subjectId: one.subjectId })).rejects.toThrow('no such order');
    await performer.perform(officer, addSharedZone, null, first);
    const now = Date.now();
    const visit = async (serial: string, from: number) => {
      const none = Number.NaN;
      const more = {
        tag: serial,
        lat: 53.09,
        accuracyM: 8,
        speedMps: none,
        headingDeg: none,
        method: 0,
        battery: none,
        seq: none,
        events: null,
      };
      const fixes = [-1.81, -1.8, -1.8, -1.81].map((lon, i) => ({ ...more, lon, at: from + i * 100 }));
      await serving.waymark.intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial });
      await live.settled();
    };
    const zonesOf = async (reference: string) =>
      (await list('open', reference)).filter(({ zone }) => zone === 'School').map(({ from_at }) => from_at.getTime());
    // Before it was added it held for nobody.
    await visit(one.serial, now - 3_600_000);
    expect(await zonesOf(one.reference)).toEqual([]);
    const soon = Date.now() + 100;
    await visit(one.serial, soon);
    await visit(two.serial, soon);
    expect(await zonesOf(one.reference)).toEqual([soon + 100]);
    expect(await zonesOf(two.reference)).toEqual([soon + 100]);
    // Only what comes after it was taken away is not looked at.
    await until(() => Date.now() > soon + 500);
    await performer.perform(officer, removeSharedZone, null, first);
    expect(await zonesOf(two.reference)).toEqual([soon + 100]);
    const later = Date.now() + 100;
    await visit(one.serial, later);
    await visit(two.serial, later);
    expect(await zonesOf(one.reference)).toHaveLength(2);
    expect(await zonesOf(two.reference)).toHaveLength(1);
    const { rows } = await performer.perform(officer, listSharedZones, null, { search: 'School', limit: 100, offset: 0 });
    expect(rows.filter(({ orders }) => orders > 0)).toHaveLength(30);
    // Ending it ends it for everybody.
    const ended = await performer.perform(officer, changeZone, null, { zoneId: zones[0] as number, draft: null, reason: 'Built over' });
    expect(ended.subjectId).toBeNull();
  });

  test('near somebody with a device of their own: told by distance alone, late fixes too, and forgotten after a week', async () => {
    const { performer, live, intake, fixes, database, access } = serving.waymark;
    const { serial, subjectId, orderId, reference, wearing } = await wearer();
    const device = `PHONE-${number}`;
    await performer.perform(officer, declareTag, null, { serial: device, model: 'Phone' });
    const draft = { subjectId, orderId, name: 'The complainant', serial: device, radiusM: '200' };
    for (const [more, message] of [
      [{ serial }, /on a subject/],
      [{ serial: 'NOBODY-1' }, /No device/],
      [{ radiusM: '10' }, /50 to 5,000/],
      [{ name: '' }, /whom the order protects/],
      [{ subjectId: subjectId + 1000 }, /no such order/],
    ] as const)
      await expect(performer.perform(officer, protectPerson, null, { ...draft, ...more })).rejects.toThrow(message);
    await performer.perform(officer, protectPerson, null, draft);
    await expect(
      performer.perform(officer, openWearing, null, { subjectId, orderId, serial: device, startsAt: new Date() }),
    ).rejects.toThrow('protected person');
    const none = Number.NaN;
    const begin = Date.now() + 1000;
    const sendOf = async (tag: string, seconds: number[], lon: (s: number) => number) => {
      const more = { tag, lat: 53.07, accuracyM: 8, speedMps: none, headingDeg: none, method: 0, battery: none, seq: none, events: null };
      await intake.accept(
        { fixes: seconds.map((s) => ({ ...more, at: begin + s * 1000, lon: lon(s) })), unreadable: [] },
        { kind: 'tag', serial: tag },
      );
      await live.settled();
    };
    const told: { wearing: number; at: number }[] = [];
    const stopFollowing = serving.waymark.positions.listen((moved) => told.push(...moved));
    const seconds = Array.from({ length: 100 }, (_, i) => i);
    // 900 m off, then within 70 m, then away again; the phone's fixes of the middle come last.
    const way = (s: number) => (s < 30 || s >= 60 ? -1.8435 : -1.831);
    await sendOf(serial, seconds, way);
    await sendOf(
      device,
      seconds.filter((s) => s < 20 || s > 80),
      () => -1.83,
    );
    const nearOnes = async () => (await list('open', reference)).filter(({ kind }) => kind === 'near protected person');
    await sendOf(
      device,
      seconds.filter((s) => s >= 20 && s <= 80),
      () => -1.83,
    );
    const [near, ...more] = await nearOnes();
    expect(more).toEqual([]);
    expect(near).toMatchObject({ severity: 'high', zone: null, from_at: new Date(begin + 30_000), to_at: new Date(begin + 60_000) });
    expect(near?.explanation).toMatch(/Within 200 m of a protected person for 30 seconds, about \d+ m at the nearest/);
    const detail = await performer.perform(officer, readAlert, serving.waymark, { id: near?.id ?? 0 });
    expect(JSON.stringify(detail.points)).not.toContain('-1.83,');
    // Neither the list of subjects nor crime matching knows of the phone.
    const stored = await fixes.query('SELECT DISTINCT wearing FROM fixes WHERE wearing < 0', { wearing: 'i32' });
    expect(stored.count).toBeGreaterThan(0);
    await live.rethink([wearing]);
    expect(await nearOnes()).toHaveLength(1);
    // No page that follows the caseload is told of it, and when nobody need know any more not even the quarantine keeps the place.
    const [phone] = stored.columns.wearing;
    expect(serving.waymark.positions.of(phone as number)).toBeNull();
    await sendOf(serial, [101], way);
    await until(() => told.some(({ at }) => at === begin + 101_000));
    stopFollowing();
    expect(told.every(({ wearing: own }) => own > 0)).toBe(true);
    expect(await forgetProtected(database.db, fixes, access, Date.now() + 3 * 86_400_000)).toBe(0);
    expect(await forgetProtected(database.db, fixes, access, Date.now() + 8 * 86_400_000)).toBe(100);
    // A week later nothing of it can be worked out any more, and what was found stays.
    const later = new LiveWatch(database.db, fixes, access, serving.waymark.timeZone, { now: () => Date.now() + 8 * 86_400_000 });
    await later.start();
    await later.rethink([wearing]);
    await later.close();
    expect(await nearOnes()).toHaveLength(1);
    // What comes after the protection ended is nobody's.
    const { rows: protections } = await database.executeSql(
      server ? 'SELECT 1 AS id' : 'SELECT max(id) AS id FROM supervision.protections',
    );
    if (!server) {
      await performer.perform(officer, endProtection, null, { id: (protections[0] as { id: number }).id });
      await sendOf(device, [200], () => -1.83);
      const { rows } = await fixes.quarantine({ tag: device, limit: 5, offset: 0 });
      expect(rows).toMatchObject([{ reason: 'not worn', raw: '' }]);
      expect(JSON.stringify(rows)).not.toMatch(/53\.07|-1\.83/);
    }
  });

  test('a shared zone under two orders of one person, added twice, gives one alert', async () => {
    const { performer, intake, live } = serving.waymark;
    const { serial, subjectId, orderId, reference } = await wearer();
    const order = { subjectId, kind: 'court bail', authority: 'Another court', startsAt: new Date(start - 86_400_000), endsAt: null };
    const { id: second } = await performer.perform(officer, declareOrder, null, order);
    const area = { kind: 'circle' as const, lon: -1.8, lat: 53.09, radiusM: 150 };
    const { zoneId } = await performer.perform(officer, declareSharedZone, null, { name: 'Park', kind: 'exclusion', area, hours: [] });
    for (const id of [orderId, second]) await performer.perform(officer, addSharedZone, null, { subjectId, orderId: id, zoneId });
    await performer.perform(officer, removeSharedZone, null, { orderId, zoneId, reason: 'By mistake' });
    await performer.perform(officer, addSharedZone, null, { subjectId, orderId, zoneId });
    const none = Number.NaN;
    const more = {
      tag: serial,
      lat: 53.09,
      accuracyM: 8,
      speedMps: none,
      headingDeg: none,
      method: 0,
      battery: none,
      seq: none,
      events: null,
    };
    const at = Date.now() + 1000;
    const fixes = [-1.81, -1.8, -1.8, -1.81].map((lon, i) => ({ ...more, lon, at: at + i * 1000 }));
    await intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial });
    await live.settled();
    expect((await list('open', reference)).map(({ zone }) => zone)).toEqual(['Park']);
  });

  test('a zone under another order of the same person is watched, and nobody else can be given it', async () => {
    const { performer } = serving.waymark;
    const { serial, subjectId } = await wearer();
    const { id: second } = await performer.perform(officer, declareOrder, null, {
      subjectId,
      kind: 'court bail',
      authority: 'Another court',
      startsAt: new Date(start - 86_400_000),
      endsAt: null,
    });
    const draft = {
      name: 'A street',
      kind: 'exclusion',
      area: { kind: 'circle' as const, lon: -1.8255, lat: 53.09, radiusM: 100 },
      hours: [],
      effectiveAt: new Date(start - 86_400_000),
    };
    await expect(performer.perform(officer, declareZone, null, { ...draft, subjectId: subjectId - 1, orderId: second })).rejects.toThrow(
      'no such order',
    );
    await performer.perform(officer, declareZone, null, { ...draft, subjectId, orderId: second });
    await send(serial, [
      [0, 'out'],
      [1, 'out'],
      [2, 'out'],
    ]);
    expect((await list('open', `S-${number}`)).map(({ zone }) => zone)).toEqual(['A street']);
  });

  test('one person, one decision, with a reason; and it cannot be made twice', async () => {
    const { performer } = serving.waymark;
    const { serial } = await wearer();
    await send(serial, [
      [2, 'in'],
      [3, 'in'],
      [4, 'out'],
      [5, 'out'],
    ]);
    const [alert] = await list('open', `S-${number}`);
    const decide = (input: { step: string; outcome?: string; note?: string }) =>
      performer.perform(officer, decideAlert, null, { id: alert?.id as number, note: '', ...input });
    await expect(decide({ step: 'closed', outcome: 'breach' })).rejects.toThrow('Give the reason');
    await expect(decide({ step: 'closed', outcome: 'guilty', note: 'He was there' })).rejects.toThrow('Choose an outcome');
    await decide({ step: 'taken in hand' });
    expect((await list('open', `S-${number}`))[0]).toMatchObject({ state: 'in hand', assigned_to: officer.name });
    await decide({ step: 'closed', outcome: 'reasonable excuse', note: 'At the doctor’s, letter seen' });
    await expect(decide({ step: 'seen' })).rejects.toThrow('This alert is closed');
    expect((await list('closed', `S-${number}`))[0]).toMatchObject({ outcome: 'reasonable excuse' });
  });

  test('a decision made by a slip is reopened or corrected with a reason, and both stay on record', async () => {
    const { performer } = serving.waymark;
    const { serial } = await wearer();
    await send(serial, [
      [2, 'in'],
      [3, 'in'],
      [4, 'out'],
      [5, 'out'],
    ]);
    const [alert] = await list('open', `S-${number}`);
    const id = alert?.id as number;
    const decide = (input: { step: string; outcome?: string; note?: string }) =>
      performer.perform(officer, decideAlert, null, { id, note: '', ...input });
    await decide({ step: 'closed', outcome: 'breach', note: 'Inside for two minutes' });
    await expect(decide({ step: 'corrected', outcome: 'breach', note: 'No change' })).rejects.toThrow('already');
    await expect(decide({ step: 'corrected', outcome: 'authorised' })).rejects.toThrow('Give the reason');
    await decide({ step: 'corrected', outcome: 'authorised', note: 'The absence was agreed by telephone' });
    expect((await list('closed', `S-${number}`))[0]).toMatchObject({ outcome: 'authorised', state: 'closed' });
    await expect(decide({ step: 'reopened' })).rejects.toThrow('Give the reason');
    await decide({ step: 'reopened', note: 'The wrong alert was closed' });
    expect((await list('open', `S-${number}`))[0]).toMatchObject({ outcome: null, state: 'in hand' });
    await decide({ step: 'closed', outcome: 'breach', note: 'Seen again: a breach' });
    // What a person's objection, once upheld, changes.
    const correction = correctionByCase(performer);
    expect(correction.choices(`Alert ${id}`)).toHaveProperty('reasonable excuse');
    expect(correction.choices('Something else')).toBeNull();
    await correction.correct(officer, `Alert ${id}`, 'reasonable excuse', 'The letter of the hospital shows it.');
    expect((await list('closed', `S-${number}`))[0]).toMatchObject({ outcome: 'reasonable excuse' });
    const { steps } = await performer.perform(officer, readAlert, serving.waymark, { id });
    expect(steps.map(({ step, outcome }) => `${step} ${outcome ?? ''}`.trim())).toEqual([
      'closed breach',
      'corrected authorised',
      'reopened',
      'closed breach',
      'corrected reasonable excuse',
    ]);
    expect(steps.at(-1)?.note).toContain('The person objected, and is right.');
  });

  test('a place of several areas is one zone: inside any of them is inside, and outside all is outside', async () => {
    const { performer, live } = serving.waymark;
    const { serial, subjectId, orderId } = await wearer();
    const square = (lon: number, lat: number) => [
      [
        [lon - 0.004, lat - 0.004],
        [lon + 0.004, lat - 0.004],
        [lon + 0.004, lat + 0.004],
        [lon - 0.004, lat + 0.004],
        [lon - 0.004, lat - 0.004],
      ],
    ];
    const drawn = {
      type: 'Feature',
      properties: {},
      geometry: { type: 'MultiPolygon', coordinates: [square(-1.815, 53.19), square(-1.7, 53.2)] },
    };
    await performer.perform(officer, declareZone, null, {
      subjectId,
      orderId,
      name: 'Where they may be',
      kind: 'inclusion',
      area: readGeoJsonArea(JSON.stringify(drawn)),
      hours: [],
      effectiveAt: new Date(start - 86_400_000),
    });
    const at = async (m: number, lon: number, lat: number) => {
      const own = { speedMps: Number.NaN, headingDeg: Number.NaN, method: 0, battery: Number.NaN, seq: Number.NaN, events: null };
      const fixes = [{ tag: serial, at: start + m * minute, lat, lon, accuracyM: 8, ...own }];
      await serving.waymark.intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial });
      await live.settled();
    };
    const left = async () => (await list('open', `S-${number}`)).filter(({ kind }) => kind === 'inclusion left').length;
    for (let m = 0; m < 5; m++) await at(m, -1.815, 53.19);
    for (let m = 60; m < 65; m++) await at(m, -1.7, 53.2);
    expect(await left()).toBe(0);
    for (let m = 120; m < 125; m++) await at(m, -1.76, 53.25);
    expect(await left()).toBe(1);
  });

  test('what was stored and not evaluated before an end is evaluated at the next start, once', async () => {
    const { database, fixes, access, live, timeZone } = serving.waymark;
    const { serial } = await wearer();
    await send(serial, [
      [0, 'out'],
      [1, 'out'],
      [2, 'in'],
      [3, 'in'],
    ]);
    // From here on nobody evaluates, as after a kill between the fix's storing and its evaluation.
    await live.close();
    await send(serial, [
      [4, 'in'],
      [5, 'out'],
      [6, 'out'],
      [20, 'in'],
      [21, 'in'],
    ]);
    expect((await list('open', `S-${number}`)).map(({ to_at }) => to_at)).toEqual([null]);
    for (let restart = 0; restart < 2; restart++) {
      const again = new LiveWatch(database.db, fixes, access, timeZone);
      await again.start();
      await again.close();
      expect((await list('open', `S-${number}`)).map(({ from_at, to_at }) => [from_at, to_at])).toEqual([
        [new Date(start + 2 * minute), new Date(start + 5 * minute)],
        // Nothing has been heard since: whether it still lasts is not known.
        [new Date(start + 20 * minute), new Date(start + 21 * minute)],
      ]);
    }
    expect((await verifyAudit(database.db)).problems).toEqual([]);
  });
});
