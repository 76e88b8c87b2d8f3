import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Area } from '@waymark/presence';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runRetention } from '../src/oversight/retention/run-retention.ts';
import { withPurpose } from '../src/platform/database.ts';
import { atHome } from '../src/platform/fixes/fix.ts';
import { fixColumns } from '../src/platform/fixes/fix-columns.ts';
import { makePack } from '../src/supervision/compliance/breach-pack.ts';
import { declareOrder, declareSubject, declareTag, declareZone, placeSubjectHold } from '../src/supervision/index.ts';
import { openWearing } from '../src/supervision/subjects/wearings.ts';
import { fixesAround } from '../src/supervision/verdicts/fixes-around.ts';
import { officer } from './actors.ts';
import { serveForTest } from './serve-for-test.ts';
import { toldInOrder } from './told-in-order.ts';

/** Where in their home somebody was is kept for a while, and then no more. */
const dayMs = 86_400_000;
const today = Date.parse('2026-11-01T10:00:00Z');
const daysAgo = (days: number) => today - days * dayMs;
let serving: Awaited<ReturnType<typeof serveForTest>>;

beforeAll(async () => {
  serving = await serveForTest({ WAYMARK_KEEP_HOME_DETAIL_DAYS: '70' });
});
afterAll(() => serving?.end());

interface Seen {
  at: number;
  lon: number;
  lat: number;
}

async function wearer(serial: string, homes: { area: Area }[], seen: Seen[]): Promise<{ subject: number; wearing: number }> {
  const { performer, fixes } = serving.waymark;
  const begins = new Date(daysAgo(300));
  const { id: subject } = await performer.perform(officer, declareSubject, null, { reference: serial, name: `Wearer of ${serial}` });
  const { id: orderId } = await performer.perform(officer, declareOrder, null, {
    subjectId: subject,
    kind: 'community order',
    authority: 'Tarnbridge Court',
    startsAt: begins,
    endsAt: null,
  });
  const { id: tag } = await performer.perform(officer, declareTag, null, { serial, model: 'T1' });
  const { id: wearing } = await performer.perform(officer, openWearing, null, { subjectId: subject, orderId, serial, startsAt: begins });
  for (const home of homes)
    await performer.perform(officer, declareZone, null, {
      ...{ orderId, name: 'Home', kind: 'curfew' as const, effectiveAt: begins, reason: 'the order' },
      hours: [{ days: [0, 1, 2, 3, 4, 5, 6], from: '19:00', to: '07:00' }],
      ...home,
    });
  const columns = fixColumns(seen.length);
  seen.forEach(({ at, lon, lat }, i) => {
    columns.tag[i] = tag;
    columns.wearing[i] = wearing;
    columns.at[i] = at;
    columns.receivedAt[i] = at + 1000;
    columns.lon[i] = lon;
    columns.lat[i] = lat;
    columns.accuracyM[i] = 8;
    columns.speedMps[i] = 1.2;
    columns.headingDeg[i] = 90;
    columns.battery[i] = 0.5;
    columns.seq[i] = i;
    columns.events[i] = '';
  });
  await fixes.append({ source: 'test', receivedAt: today, count: seen.length, columns, quarantined: [] });
  return { subject, wearing };
}

describe('a home', toldInOrder, () => {
  test('positions inside the own home become “at home” after a set time, and no others', async () => {
    const circle: { area: Area } = { area: { kind: 'circle', lon: -1.5, lat: 53.8, radiusM: 60 } };
    // A yard of its own shape: the corner of its box is not in it.
    const ring: [number, number][] = [
      [-1.4, 53.8],
      [-1.398, 53.8],
      [-1.4, 53.801],
      [-1.4, 53.8],
    ];
    const yard: { area: Area } = { area: { kind: 'polygon', rings: [ring] } };
    const kitchen = { lon: -1.50021, lat: 53.80017 };
    const shop = { lon: -1.5031, lat: 53.80021 };
    const one = await wearer(
      'AH-1',
      [circle, yard],
      [
        { at: daysAgo(80), ...kitchen },
        { at: daysAgo(79), ...shop },
        { at: daysAgo(78), lon: -1.39971, lat: 53.80013 },
        { at: daysAgo(77), lon: -1.39803, lat: 53.80097 },
        { at: daysAgo(3), ...kitchen },
      ],
    );
    // Somebody else at the same place: it is not their home.
    const other = await wearer('AH-2', [], [{ at: daysAgo(80), ...kitchen }]);
    const held = await wearer('AH-3', [circle], [{ at: daysAgo(80), ...kitchen }]);
    // Two positions of one moment, one of them in the home: the other is as it was sent.
    const torn = await wearer(
      'AH-9',
      [circle],
      [
        { at: daysAgo(80), ...kitchen },
        { at: daysAgo(80), ...shop },
      ],
    );
    await serving.waymark.performer.perform(officer, placeSubjectHold, null, {
      ...{ subject: held.subject, until: '2027-01-01', reason: 'The court may ask again.', today: '2026-11-01' },
    });
    const run = () => runRetention({ ...serving.waymark, now: () => new Date(today) } as never);
    expect((await run()).supervision).toMatchObject({ 'positions made “at home”': 3 });
    const track = async (wearing: number) => {
      const { count, columns } = await serving.waymark.fixes.track(wearing, 0, today);
      return Array.from({ length: count }, (_, i) => ({
        lon: columns.lon[i] as number,
        lat: columns.lat[i] as number,
        accuracyM: Math.round(columns.accuracyM[i] as number),
        speedMps: columns.speedMps[i],
        home: columns.method[i] === atHome,
      }));
    };
    const [inKitchen, inShop, inYard, besideYard, lately] = await track(one.wearing);
    expect(inKitchen).toEqual({ lon: -1.5, lat: 53.8, accuracyM: 46, speedMps: Number.NaN, home: true });
    expect(inShop).toMatchObject({ ...shop, accuracyM: 8, home: false });
    expect(inYard).toMatchObject({ home: true });
    // The deepest place of the yard, and not the middle of its box, which is on its very edge.
    expect(inYard?.lon).toBeLessThan(-1.399);
    expect(inYard?.lat).toBeLessThan(53.8005);
    expect(besideYard).toMatchObject({ home: false, accuracyM: 8 });
    expect(lately).toMatchObject({ ...kitchen, home: false });
    expect((await track(torn.wearing)).sort((a, b) => a.lon - b.lon)).toMatchObject([
      { ...shop, accuracyM: 8, home: false },
      { lon: -1.5, home: true },
    ]);
    expect((await track(other.wearing))[0]).toMatchObject({ ...kitchen, home: false });
    expect((await track(held.wearing))[0]).toMatchObject({ ...kitchen, home: false });
    // The same again changes nothing.
    expect((await run()).supervision).toEqual({});
  });

  test('alerts and verdicts of before stay as they were, and nothing new follows from what is coarser', async () => {
    const { performer, fixes, live, database } = serving.waymark;
    const first = Math.floor(daysAgo(76) / dayMs) * dayMs + dayMs / 2;
    const minute = 60_000;
    // Three days, a position each minute: home but for three hours in the afternoon, and one evening an hour late.
    const seen = Array.from({ length: 3 * 24 * 60 }, (_, i): Seen => {
      const at = first + i * minute;
      const hour = new Date(at).getUTCHours();
      const isOut = (hour >= 13 && hour < 16) || (i < 24 * 60 && hour === 20);
      return { at, lon: isOut ? -1.47 : -1.50031, lat: 53.80022 };
    });
    const home = { area: { kind: 'circle', lon: -1.5, lat: 53.8, radiusM: 60 } } as { area: Area };
    const { wearing } = await wearer('AH-4', [home], seen);
    const alerts = () =>
      withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        tx
          .selectFrom('supervision.alerts')
          .select(['id', 'kind', 'state', 'from_at', 'to_at', 'version'])
          .where('wearing_id', '=', wearing)
          .orderBy('id')
          .execute(),
      );
    await live.rethink([wearing]);
    await live.settled();
    const before = await alerts();
    expect(before.filter(({ kind }) => kind.startsWith('curfew')).length).toBeGreaterThan(0);
    await runRetention({ ...serving.waymark, now: () => new Date(today) } as never);
    const { count, columns } = await fixes.track(wearing, 0, today);
    expect(Array.from({ length: count }, (_, i) => columns.method[i]).filter((method) => method === atHome).length).toBeGreaterThan(3000);
    await live.rethink([wearing]);
    await live.settled();
    expect(await alerts()).toEqual(before);
    // How conditions were kept cannot be worked out from it, and nobody is told otherwise.
    await expect(
      performer.perform(
        officer,
        makePack,
        { fixes, timeZone: 'Europe/London' },
        { wearingId: wearing, from: first, to: first + dayMs, note: 'For the hearing' },
      ),
    ).rejects.toThrow('say “at home” and no more');
    // A verdict reads exact positions alone.
    const around = await fixesAround(fixes, wearing, { from: first, to: first + dayMs, marginHours: 1 });
    expect(around.length).toBeGreaterThan(100);
    for (const [, , lon] of around) expect(lon).toBe(-1.47);
  });

  test('what the page of the day says of it', async () => {
    const day = new Date(daysAgo(80)).toISOString().slice(0, 10);
    const { Visitor } = await import('./serve-for-test.ts');
    const visitor = new Visitor(serving.url);
    await visitor.signIn('mo-1');
    const page = await (await visitor.follow(`/subjects/1/track?date=${day}`)).text();
    expect(page).toContain('at home');
    expect(page).not.toContain('53.80017');
  });

  test('the exact place is in no file of the fix store either', () => {
    const files = readdirSync(serving.waymark.folder.path).filter((name) => name.startsWith('fixes'));
    const holds = (value: number) => {
      // A fraction as it stands in the file: eight bytes.
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(value);
      return files.some((file) => readFileSync(join(serving.waymark.folder.path, file)).includes(bytes));
    };
    // The way to the shop is still there, so this looks in the right place.
    expect(holds(-1.5031)).toBe(true);
    expect(holds(-1.39971)).toBe(false);
  });
});
