import { type RawBuilder, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveForTest, temporaryFolder, Visitor } from '../../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../../test/small-town.ts';
import { withPurpose } from '../../platform/database.ts';
import { dayIn } from '../../platform/days.ts';
import { importCrimes } from './import-crimes.ts';
import { type CrimeQuery, mapCrimes, searchCrimes } from './store.ts';

let serving: Awaited<ReturnType<typeof serveForTest>>;
const folder = temporaryFolder();
beforeAll(async () => {
  serving = await serveForTest({});
  await fillWithSmallTown(serving.waymark, folder.path);
});
afterAll(async () => {
  await serving?.end();
  folder.remove();
});

const timeZone = 'Europe/London';
const asked = (query: Partial<CrimeQuery>) =>
  withPurpose(serving.waymark.database.db, 'supervision', 'crime-matching', async (tx) => {
    const whole: CrimeQuery = { sort: 'when', descending: true, limit: 100, offset: 0, timeZone, ...query };
    return { list: await searchCrimes(tx, whole), points: await mapCrimes(tx, whole) };
  });

test('a list is narrowed by days on the clock of the place, and the map has the same crimes', async () => {
  const { list, points } = await asked({});
  expect(list.total).toBe(12);
  expect(points.map(({ reference }) => reference).sort()).toEqual(list.rows.map(({ reference }) => reference).sort());
  const days = list.rows.map(({ from_at, to_at }) => [dayIn(timeZone, from_at), dayIn(timeZone, to_at)] as const);
  const all = [...new Set(days.flat())].sort();
  for (const from of all)
    for (const to of all) {
      const expected = list.rows.filter((_, i) => (days[i]?.[1] ?? '') >= from && (days[i]?.[0] ?? '') <= to);
      const found = await asked({ from, to });
      expect(found.list.rows.map(({ reference }) => reference)).toEqual(expected.map(({ reference }) => reference));
      expect(found.points.length).toBe(expected.length);
    }
  expect((await asked({ force: 'Nowhere' })).list.total).toBe(0);
  expect((await asked({ force: list.rows[0]?.force ?? '' })).list.total).toBe(12);
});

test('what waits for a review is told apart on the map', async () => {
  const { points, list } = await asked({});
  for (const { reference, present, toReview } of points) {
    const row = list.rows.find((own) => own.reference === reference);
    expect(present).toBe(row?.present);
    // Nothing has been reviewed yet.
    expect(toReview).toBe((row?.present ?? 0) > 0);
  }
  expect(points.some(({ toReview }) => toReview)).toBe(true);
});

test('a review of an earlier run is none of what gave way to it', async () => {
  const { points } = await asked({});
  const { id } = points.find(({ toReview, present }) => toReview && present === 1) ?? { id: 0 };
  const waits = async () => (await asked({ show: 'to review' })).list.rows.some(({ crime_id }) => crime_id === id);
  const write = (statement: RawBuilder<unknown>) =>
    withPurpose(serving.waymark.database.db, 'supervision', 'crime-matching', (tx) => statement.execute(tx));
  expect(await waits()).toBe(true);
  await write(sql`INSERT INTO supervision.reviews (crime_version_id, wearing_id, run_id, verdict, decision, reason, reviewer, reviewer_name)
    SELECT v.id, 1, max(r.run_id), 'present', 'agree', 'on the way past', 'ca-1', 'Callum Reid' FROM supervision.crime_versions v
      JOIN supervision.run_crimes r ON r.crime_version_id = v.id WHERE v.crime_id = ${id} GROUP BY v.id`);
  expect(await waits()).toBe(false);
  await write(sql`INSERT INTO supervision.runs SELECT (jsonb_populate_record(NULL::supervision.runs, to_jsonb(r) || '{"id": 1000}')).*
    FROM supervision.runs r ORDER BY r.id LIMIT 1`);
  await write(sql`INSERT INTO supervision.run_crimes (run_id, crime_version_id, coincidence, present, excluded, unknown)
    SELECT 1000, r.crime_version_id, r.coincidence, r.present, r.excluded, r.unknown FROM supervision.run_crimes r
      JOIN supervision.crime_versions v ON v.id = r.crime_version_id WHERE v.crime_id = ${id} ORDER BY r.run_id DESC LIMIT 1`);
  expect(await waits()).toBe(true);
});

test('a day that is none is not asked about', async () => {
  const visitor = new Visitor(serving.url);
  await visitor.signIn('ca-1');
  const page = await (await visitor.follow('/crimes?from=2026-02-31&to=yesterday')).text();
  expect(page).toContain('12 crimes');
});

test('what came since somebody last looked is told and shown, to them alone; saying so can be taken back', async () => {
  const visitor = new Visitor(serving.url);
  await visitor.signIn('ca-1');
  const page = async (path = '/crimes') => (await (await visitor.follow(path)).text()).replace(/\s+/g, ' ');
  const post = async (path: string, fields: Record<string, string> = {}) =>
    visitor.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ _csrf: await visitor.csrf('/crimes'), ...fields }),
    });
  expect(await page()).toContain('Say when you have looked');
  const refused = await post('/crimes/looked', { upto: String(Date.now() + 60_000) });
  expect([refused.status, (await refused.text()).includes('this one is older than what you said last')]).toEqual([400, true]);
  // Of a quarter of an hour ago all is new.
  await post('/crimes/looked', { upto: String(Date.now() - 900_000) });
  expect(await page()).toContain('<strong>12 crimes came in or changed</strong>');
  expect(await page('/crimes?show=new')).toContain('12 crimes</p>');
  await post('/crimes/looked', { upto: String(Date.now()) });
  expect(await page()).toContain('nothing new.');
  expect(await page('/crimes?show=new')).toContain('0 crimes</p>');
  const bytes = Buffer.from('reference,type,from,to,lat,lon\nNEW-1,theft from vehicle,2026-09-03 10:00,2026-09-03 11:00,53.09,-1.82\n');
  await importCrimes(
    serving.waymark.performer,
    { id: 'ca-2', name: 'Other', role: 'crime-analyst', purpose: 'crime-matching' },
    serving.waymark,
    {
      fileName: 'new.csv',
      bytes,
    },
  );
  const told = await page();
  expect(told).toContain('<strong>1 crime came in or changed</strong>');
  expect(await page('/crimes?show=new')).toMatch(/1 crime<\/p>.*NEW-1/);
  // Another analyst has said nothing.
  const other = new Visitor(serving.url);
  await other.signIn('ca-2');
  expect(await (await other.follow('/crimes')).text()).toContain('Say when you have looked');
  await post('/crimes/looked/back');
  expect(await page()).toContain('<strong>13 crimes came in or changed</strong>');
  const none = await post('/crimes/looked/back');
  expect([none.status, (await none.text()).includes('There is nothing to take back.')]).toEqual([400, true]);
});

test('a list is narrowed by the batch that brought it', async () => {
  await serving.waymark.database.executeSql(
    `UPDATE supervision.crime_versions SET batch = 'Week 40' WHERE crime_id = (SELECT id FROM supervision.crimes WHERE reference = 'NEW-1')`,
  );
  expect((await asked({ batch: 'Week 40' })).list.rows.map(({ reference }) => reference)).toEqual(['NEW-1']);
  const visitor = new Visitor(serving.url);
  await visitor.signIn('ca-1');
  expect(await (await visitor.follow('/crimes?batch=Week+40')).text()).toMatch(/<option value="Week 40" selected>/);
});
