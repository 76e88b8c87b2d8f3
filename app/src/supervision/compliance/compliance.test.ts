import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { officer } from '../../../test/actors.ts';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import type { Actor } from '../../platform/access.ts';
import { verifyAudit } from '../../platform/audit.ts';
import { withPurpose } from '../../platform/database.ts';
import { decideAlert } from '../alerts/decide-alert.ts';
import { listAlerts } from '../alerts/read-alerts.ts';
import { readTrackDay } from '../days/read-track-day.ts';
import { publishFigures } from '../figures/index.ts';
import { keepSubjects } from '../retention/index.ts';
import { declareOrder, declareSubject } from '../subjects/subjects.ts';
import { closeWearing, openWearing } from '../subjects/wearings.ts';
import { declareTag } from '../tags/tags.ts';
import { declareZone } from '../zones/declare-zone.ts';
import { exportPack, makePack, readPack, reviewPack } from './breach-pack.ts';
import { listCompliance, nightsUntil } from './caseload-compliance.ts';
import { countDaysKept } from './count-days.ts';
import { readCompliance } from './read-compliance.ts';

/** How an order was kept, by wearing, and what may leave about it. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const colleague: Actor = { id: 'mo-2', name: 'Tom Ashdown', role: 'monitoring-officer', purpose: 'monitoring' };
const hour = 3_600_000;
const minute = 60_000;
/** A Tuesday evening, British Summer Time: the curfew from 19:00 to 23:00 on the clock begins an hour later than this. */
const start = Date.UTC(2026, 8, 8, 17);

test('nights go from noon to noon on the clock, each day once, also where clocks change', () => {
  const day = 24 * hour;
  for (const [now, latest, shortest] of [
    ['2026-04-10T11:30:00Z', '2026-04-10', ['2026-03-28', 23]],
    ['2026-04-10T10:30:00Z', '2026-04-09', ['2026-03-28', 23]],
    ['2026-10-30T11:30:00Z', '2026-10-29', ['2026-10-24', 25]],
    ['2026-10-30T12:30:00Z', '2026-10-30', ['2026-10-24', 25]],
  ] as const) {
    const nights = nightsUntil(Date.parse(now), 'Europe/London');
    expect([nights.length, new Set(nights.map((own) => own.day)).size, nights.at(-1)?.day], now).toEqual([28, 28, latest]);
    expect(
      nights.filter(({ noon, next }) => next - noon !== day).map(({ day: own, noon, next }) => [own, (next - noon) / hour]),
      now,
    ).toEqual([shortest]);
    expect(
      nights.every(({ next }, i) => i === 27 || next === nights[i + 1]?.noon),
      now,
    ).toBe(true);
  }
});

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'compliance on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    let subjectId = 0;
    let orderId = 0;
    const wearings: number[] = [];
    const services = () => ({ fixes: serving.waymark.fixes, timeZone: serving.waymark.timeZone });

    const send = async (serial: string, from: number, to: number, where: 'home' | 'away') => {
      const none = Number.NaN;
      const fixes = [];
      for (let at = from; at <= to; at += minute) {
        const lon = where === 'home' ? -1.83 : -1.81;
        fixes.push({
          tag: serial,
          at,
          lat: 53.09,
          lon,
          accuracyM: 8,
          speedMps: none,
          headingDeg: none,
          method: 0,
          battery: none,
          seq: none,
          events: null,
        });
      }
      await serving.waymark.intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial });
    };

    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      const { performer, fixes, live } = serving.waymark;
      const startsAt = new Date(start - 24 * hour);
      subjectId = (await performer.perform(officer, declareSubject, null, { reference: 'C-1', name: 'Nobody At Home' })).id;
      const order = { subjectId, kind: 'community order', authority: 'A court', startsAt, endsAt: null };
      orderId = (await performer.perform(officer, declareOrder, null, order)).id;
      await performer.perform(officer, declareZone, null, {
        orderId,
        name: 'Home',
        kind: 'curfew',
        area: { kind: 'circle', lon: -1.83, lat: 53.09, radiusM: 100 },
        hours: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '19:00', to: '23:00' }],
        effectiveAt: startsAt,
      });
      for (const serial of ['C-T1', 'C-T2']) await performer.perform(officer, declareTag, null, { serial, model: '' });
      wearings.push(
        (await performer.perform(officer, openWearing, null, { subjectId, orderId, serial: 'C-T1', startsAt: new Date(start - hour) })).id,
      );
      // Home from 18:30, out from 20:00 to 21:00, home to 21:30, then nothing until 22:45, home to 23:30.
      await send('C-T1', start + 30 * minute, start + 3 * hour - minute, 'home');
      await send('C-T1', start + 3 * hour, start + 4 * hour - minute, 'away');
      await send('C-T1', start + 4 * hour, start + 4.5 * hour, 'home');
      await send('C-T1', start + 5.75 * hour, start + 6.5 * hour, 'home');
      await performer.perform(
        officer,
        closeWearing,
        { fixes },
        { id: wearings[0] as number, endsAt: new Date(start + 7 * hour), state: 'removed', note: '' },
      );
      wearings.push(
        (await performer.perform(officer, openWearing, null, { subjectId, orderId, serial: 'C-T2', startsAt: new Date(start + 24 * hour) }))
          .id,
      );
      await send('C-T2', start + 24 * hour + 30 * minute, start + 24 * hour + 6.5 * hour, 'home');
      const end = { id: wearings[1] as number, endsAt: new Date(start + 48 * hour), state: 'removed', note: '' };
      await performer.perform(officer, closeWearing, { fixes }, end);
      await live.rethink(wearings);
    });
    afterAll(() => serving?.end());

    test('time kept, not kept and unknown, by wearing: the second tag knows nothing of the first night', async () => {
      const { wearings: found } = await serving.waymark.performer.perform(officer, readCompliance, services(), { subjectId });
      expect(found.map(({ wearing }) => wearing.tag)).toEqual(['C-T2', 'C-T1']);
      const first = found[1]?.weeks[0]?.stay;
      expect(((first?.brokenMs ?? 0) + (first?.keptMs ?? 0) + (first?.unknownMs ?? 0)) / hour).toBe(4);
      expect((first?.brokenMs ?? 0) / minute).toBe(60);
      // The curfew was over when the silence was half an hour old.
      expect((first?.unknownMs ?? 0) / minute).toBe(30);
      const second = found[0]?.weeks[0]?.stay;
      expect([(second?.keptMs ?? 0) / hour, second?.brokenMs]).toEqual([4, 0]);
      expect(found[1]?.weeks[0]?.alerts.map(({ kind }) => kind)).toEqual(['curfew ended early', 'no signal']);
    });

    test('a caseload week by week and night by night says the same, of the tag that is worn at the time', async () => {
      const { performer } = serving.waymark;
      const at = async (now: number) => {
        const { rows, total } = await performer.perform(officer, listCompliance, services(), { whose: 'all', limit: 15, offset: 0, now });
        expect(total).toBe(rows.length);
        return rows.find(({ reference }) => reference === 'C-1');
      };
      const first = await at(start + 6.9 * hour);
      expect([first?.tag, first?.weeks.length, first?.nights.length, first?.open]).toEqual(['C-T1', 4, 28, 2]);
      const stay = first?.weeks[3]?.stay;
      expect([(stay?.brokenMs ?? 0) / minute, (stay?.unknownMs ?? 0) / minute, (stay?.keptMs ?? 0) / minute]).toEqual([60, 30, 150]);
      // Of the nights of before nothing was asked of this wearing.
      expect(first?.nights.map(({ kept }) => kept).filter((own) => own !== 'free')).toEqual(['not kept']);
      expect(first?.nights[27]).toEqual({ day: '2026-09-08', kept: 'not kept' });
      const second = await at(start + 30.9 * hour);
      expect([second?.tag, second?.nights.at(-1)?.kept, second?.nights.at(-2)?.kept]).toEqual(['C-T2', 'kept', 'free']);
      expect((await at(start + 47.9 * hour))?.nights.at(-2)).toEqual({ day: '2026-09-09', kept: 'kept' });
      // The night that has begun and asks nothing yet; between two wearings there is nobody to ask.
      expect((await at(start + 47.9 * hour))?.nights.at(-1)?.kept).toBe('free');
      expect(await at(start + 10 * hour)).toBeUndefined();
    });

    test('a pack cannot leave while an alert is open, nor unreviewed, nor by its maker; then it is as it was made', async () => {
      const { performer, database } = serving.waymark;
      const make = async () =>
        performer.perform(officer, makePack, services(), {
          wearingId: wearings[0] as number,
          from: start - hour,
          to: start + 24 * hour,
          note: 'For the hearing',
        });
      const early = await make();
      const waitingFor = async (actor: Actor) =>
        (await performer.perform(actor, listCompliance, services(), { whose: 'all', limit: 1, offset: 0, now: Date.now() })).waiting.map(
          ({ id }) => id,
        );
      expect([await waitingFor(officer), await waitingFor(colleague)]).toEqual([[], [early.id]]);
      await expect(performer.perform(officer, exportPack, null, { id: early.id })).rejects.toThrow('not been released');
      await expect(
        performer.perform(officer, reviewPack, null, { id: early.id, decision: 'released', reason: 'Looks right' }),
      ).rejects.toThrow('Somebody else');
      await expect(
        performer.perform(colleague, reviewPack, null, { id: early.id, decision: 'released', reason: 'Looks right' }),
      ).rejects.toThrow('2 of its alerts');
      expect(
        await performer.perform(colleague, reviewPack, null, { id: early.id, decision: 'sent back', reason: 'Close the alerts first' }),
      ).toEqual({ decision: 'sent back' });
      await expect(performer.perform(colleague, reviewPack, null, { id: early.id, decision: 'released', reason: 'Now' })).rejects.toThrow(
        'sent back already',
      );

      const { rows } = await performer.perform(officer, listAlerts, null, { list: 'open', search: 'C-1', limit: 9, offset: 0 });
      for (const { id, kind } of rows)
        await performer.perform(officer, decideAlert, null, {
          id,
          step: 'closed',
          outcome: kind === 'no signal' ? 'equipment' : 'breach',
          note: 'Spoken to',
        });
      const { id } = await make();
      const { pack } = await performer.perform(colleague, readPack, null, { id });
      expect(pack).toMatchObject({ intact: true, decision: null });
      expect(pack.content.alerts.map(({ outcome, by }) => [outcome, by])).toEqual([
        ['breach', officer.name],
        ['equipment', officer.name],
      ]);
      expect(pack.content.conditions).toMatchObject([{ name: 'Home', brokenMs: hour, unknownMs: hour / 2, keptMs: 2.5 * hour }]);
      await performer.perform(colleague, reviewPack, null, { id, decision: 'released', reason: 'Agrees with the fixes' });
      // What comes later changes nothing in it.
      await send('C-T1', start + 4.5 * hour + minute, start + 5.75 * hour - minute, 'home');
      await serving.waymark.live.settled();
      const { pack: left } = await performer.perform(officer, exportPack, null, { id });
      expect(left.content).toEqual(pack.content);
      expect((await verifyAudit(database.db)).problems).toEqual([]);
      await expect(
        withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
          tx.updateTable('supervision.breach_packs').set({ note: 'Something else' }).where('id', '=', id).execute(),
        ),
      ).rejects.toThrow(/permission denied/);
    });

    test('a program makes no pack and reviews none', async () => {
      const { performer } = serving.waymark;
      const program: Actor = { ...colleague, id: 'token:5' };
      const draft = { wearingId: wearings[0] as number, from: start - hour, to: start + hour, note: 'For the hearing' };
      await expect(performer.perform(program, makePack, services(), draft)).rejects.toThrow('A program cannot');
      await expect(performer.perform(program, reviewPack, null, { id: 1, decision: 'released', reason: 'Fine' })).rejects.toThrow(
        'A program cannot',
      );
    });

    test.each([
      [{ from: Number.NaN }, /first day/],
      [{ from: start + 200 * 24 * hour, to: start + 201 * 24 * hour }, /not worn in that period/],
      [{ note: ' ' }, /what the pack is for/],
    ])('a pack that cannot be made says why: %j', async (more, message) => {
      const draft = { wearingId: wearings[0] as number, from: start, to: start + hour, note: 'For the hearing', ...more };
      await expect(serving.waymark.performer.perform(officer, makePack, services(), draft)).rejects.toThrow(message);
    });

    test('a day on the clock, as pages and QGIS read it', async () => {
      const { performer } = serving.waymark;
      const day = await performer.perform(officer, readTrackDay, services(), { subjectId, date: '2026-09-08' });
      expect(day).toMatchObject({ previous: '2026-09-07', next: '2026-09-09', zones: [{ properties: { name: 'Home' } }] });
      expect(new Date(day.from).toISOString()).toBe('2026-09-07T23:00:00.000Z');
      await expect(performer.perform(officer, readTrackDay, services(), { subjectId, date: '2026-09-31' })).rejects.toThrow('is no day');
      const visitor = new Visitor(serving.url);
      await visitor.signIn('mo-1');
      const response = await visitor.request(`/api/subjects/${subjectId}/track.geojson?date=2026-09-09`);
      expect(response.headers.get('content-type')).toContain('application/geo+json');
      const { features } = (await response.json()) as { features: { geometry: object; properties: object }[] };
      // The end of the first evening, after midnight on the clock, under one tag, and most of the second under the other.
      expect(features.length).toBeGreaterThan(330);
      expect(features[0]).toEqual({
        type: 'Feature',
        properties: { at: '2026-09-08T23:00:00.000Z', receivedAt: expect.any(String), accuracyM: 8 },
        geometry: { type: 'Point', coordinates: [-1.83, 53.09] },
      });
    });

    test('a day is counted once it is over, the latest again; nothing is kept of it once it is in figures', async () => {
      const { performer, database, fixes } = serving.waymark;
      const system: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'monitoring' };
      const morning = (day: number) => Date.UTC(2026, 8, day, 9);
      const count = (day: number) => countDaysKept(performer, services(), system, morning(day));
      const days = async () =>
        (
          await withPurpose(database.db, 'supervision', 'fairness', (tx) =>
            sql<{ day: string; s: number[] }>`
              SELECT day::text, ARRAY[kept_s, broken_s, unknown_s] AS s FROM supervision.days_kept ORDER BY day, id`.execute(tx),
          )
        ).rows.map(({ day, s }) => [day, ...s]);
      const spoil = (day: string) =>
        withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
          sql`UPDATE supervision.days_kept SET kept_s = 1 WHERE day = ${day}::date`.execute(tx),
        );
      const first = ['2026-09-08', 10_800, 3600, 0];
      const second = ['2026-09-09', 14_400, 0, 0];
      expect(await count(8)).toEqual({ wearings: 0, rows: 0 });
      expect(await count(9)).toEqual({ wearings: 1, rows: 1 });
      expect(await days()).toEqual([first]);
      await count(10);
      expect(await days()).toEqual([first, second]);
      await spoil('2026-09-08');
      await count(12);
      expect(await days()).toEqual([first, second]);
      // What is longer ago stays as it was counted.
      await spoil('2026-09-08');
      await count(16);
      expect(await days()).toEqual([['2026-09-08', 1, 3600, 0], second]);

      // Before the night's work figures end with the last day that is counted.
      await count(23);
      const auditor: Actor = { id: 'fa-1', name: 'Nia Bowen', role: 'fairness-auditor', purpose: 'fairness' };
      const published = await performer.perform(auditor, publishFigures, { timeZone: 'Europe/London' }, { today: '2026-09-24' });
      expect(published).toMatchObject({ from: '2026-09-08', to: '2026-09-23' });
      const keeper: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'retention' };
      const keeps = { positions: 24, subjects: 24, homeDays: 60 };
      const { erased } = await performer.perform(keeper, keepSubjects, { fixes }, { today: '2026-09-24', keeps });
      expect(erased).toMatchObject({ 'supervision.days_kept': 2, 'supervision.days_counted': 15 });
      expect(await days()).toEqual([]);
      await count(24);
      const { rows } = await withPurpose(database.db, 'supervision', 'fairness', (tx) =>
        sql<{ day: string }>`SELECT day::text FROM supervision.days_counted`.execute(tx),
      );
      expect(rows).toEqual([{ day: '2026-09-23' }]);
    });
  },
);
