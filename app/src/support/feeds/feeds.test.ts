import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { steward } from '../../../test/actors.ts';
import { startPostgres } from '../../../test/postgres.ts';
import { serveForTest, temporaryFolder } from '../../../test/serve-for-test.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import { trialAgreement } from '../../../test/trial-agreement.ts';
import { until } from '../../../test/until.ts';
import type { Actor } from '../../platform/access.ts';
import { withPurpose } from '../../platform/database.ts';
import { declareAgreement, importRecords, readMapping } from '../index.ts';
import { readRecordImport } from '../sources/read-source.ts';
import { declareFeed, endFeed, type FeedPlaces, type NewFeed } from './declare-feed.ts';
import { areFeedsDue, runDueFeeds, runFeed } from './run-feeds.ts';

/** Feeds that are read by the clock: an agency's folder, and an agency's own PostgreSQL. */
const agency = await startPostgres({}, { empty: true });
const system: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'record-linkage' };
const folder = temporaryFolder();
let serving: Awaited<ReturnType<typeof serveForTest>>;
let places: FeedPlaces;
let source: number;

const columns = `
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
  date_of_birth: { column: born, as: date }
facts:
  - { kind: housing, value: { column: home }, on: { column: since } }`;
const filesMapping = `format: waymark-mapping-1\nname: files\nreads: csv${columns}`;
const queryMapping = (query: string) => `format: waymark-mapping-1\nname: tenants\nreads: sql\nquery: >\n  ${query}${columns}`;
const tenants = 'SELECT ref AS id, first, last, born, home, since FROM tenants ORDER BY ref';

const at = (time: string) => ({ timeZone: 'Europe/London', now: () => new Date(time) });
const perform: typeof serving.waymark.performer.perform = (...args) => serving.waymark.performer.perform(...args);
const feed = (rest: Partial<NewFeed> = {}) =>
  perform(steward, declareFeed, places, {
    source,
    kind: 'folder',
    database: '',
    mapping: filesMapping,
    atTime: '06:30',
    weekday: '',
    ...rest,
  });
const records = () =>
  withPurpose(serving.waymark.database.db, 'support', 'record-linkage', (tx) =>
    tx.selectFrom('support.records').select(['key', 'identity']).orderBy('key').execute(),
  );
const box = () => join(places.incoming, `${source}-housing-office`);
const incoming = (name: string, text: string, ageS = 60) => {
  const path = join(box(), name);
  mkdirSync(box(), { recursive: true });
  writeFileSync(path, text);
  const written = Date.now() / 1000 - ageS;
  utimesSync(path, written, written);
  return path;
};

beforeAll(async () => {
  serving = await serveForTest();
  const databases = new Map<string, string>();
  if (agency) {
    const admin = new pg.Client({ connectionString: agency.adminUrl });
    await admin.connect();
    await admin.query(`CREATE ROLE reader LOGIN PASSWORD 's3cret/word'`);
    await admin.query(
      'CREATE TABLE tenants (ref int, first text, last text, born date, home text, since date, changed timestamptz DEFAULT now())',
    );
    await admin.query(
      `INSERT INTO tenants SELECT n, 'Ada', 'Bell ' || n, date '1990-01-01' + n, 'settled', date '2026-09-01' FROM generate_series(1, 4500) n`,
    );
    await admin.query('GRANT SELECT ON tenants TO reader');
    await admin.query('GRANT INSERT ON tenants TO reader');
    await admin.end();
    const url = new URL(agency.adminUrl);
    url.username = 'reader';
    url.password = encodeURIComponent('s3cret/word');
    databases.set('tenants', url.toString());
    const wrong = new URL(url);
    wrong.username = 'stranger';
    wrong.password = 'not-the-word';
    databases.set('shut', wrong.toString());
  }
  places = { databases, incoming: folder.path };
  ({ sourceId: source } = await perform(steward, declareAgreement, null, trialAgreement('Housing office')));
});
afterAll(async () => {
  await serving?.end();
  await agency?.stop();
  folder.remove();
});

describe('feeds', toldInOrder, () => {
  test('what cannot work is refused when it is set up', async () => {
    await expect(feed({ kind: 'carrier pigeon' })).rejects.toThrow(/files or a database/);
    await expect(feed({ atTime: '25:00' })).rejects.toThrow(/Give the time/);
    await expect(feed({ mapping: 'nothing: true' })).rejects.toThrow(/does not fit its form/);
    await expect(feed({ kind: 'database', database: 'unheard of', mapping: queryMapping(tenants) })).rejects.toThrow(/Choose the database/);
    await expect(feed({ mapping: queryMapping(tenants) })).rejects.toThrow(/reads a database/);
    await expect(feed({ mapping: filesMapping.replace('reads: csv', 'reads: csv\nquery: SELECT 1 AS id') })).rejects.toThrow(/query/);
  });

  test("an agency's files are read at their time and removed; one that cannot be read is kept aside, and the others go in", async () => {
    const { id } = await feed();
    const head = 'id,first,last,born,home,since\n';
    incoming('a.csv', `${head}f1,Perpetua,Wyndwick,04/05/2012,temporary,01/09/2026\n`);
    const bad = incoming('b.csv', 'what,is,this\n1,2,3\n');
    incoming('c.csv', `${head}f2,Lysander,Quarwick,04/05/2013,settled,01/09/2026\n`);
    const growing = incoming('d.csv', `${head}f3,Jocasta`, 0);
    incoming('e.csv.part', `${head}f4,Ezekiel,Pemmerstone,,,\n`);
    const { db } = serving.waymark.database;
    const runs = () => runDueFeeds(db, serving.waymark.performer, system, places, at('2099-11-02T06:31:00Z'));
    expect(await areFeedsDue(db, at('2099-11-02T06:31:00Z'))).toBe(true);
    // The clock of the agreement is that of the feed.
    expect(await runs()).toMatchObject([{ feed: id, read: 0, problem: expect.stringMatching(/agreement ended on 2027-12-31/) }]);
    expect(existsSync(bad)).toBe(true);
    const run = await runFeed(serving.waymark.performer, steward, id, places, at('2026-11-02T06:31:00Z'));
    expect(run).toMatchObject({ read: 2, changed: 4, problem: expect.stringMatching(/^b\.csv: .*lacks/) });
    expect(readdirSync(box()).sort()).toEqual(['.reading', 'b.csv.20261102T063100.refused', 'd.csv', 'e.csv.part']);
    expect(existsSync(bad)).toBe(false);
    expect(existsSync(growing)).toBe(true);
    expect((await records()).map(({ key }) => key)).toEqual(['f1', 'f2']);
    // One was not whole yet: the feed is not done with today.
    expect(await areFeedsDue(db, at('2099-11-02T06:32:00Z'))).toBe(true);
    const written = Date.now() / 1000 - 60;
    utimesSync(growing, written, written);
    incoming('f.csv', `${head},Nobody,Known,,,\n,Nobody,Else,,,\n`);
    const rest = await runFeed(serving.waymark.performer, steward, id, places, at('2026-11-02T06:33:00Z'));
    expect(rest).toMatchObject({ read: 1, problem: expect.stringMatching(/^f\.csv: Each of its 2 rows was refused/) });
    expect(readdirSync(box()).filter((name) => name.startsWith('f.csv'))).toEqual(['f.csv.20261102T063300.refused']);
    expect(await areFeedsDue(db, at('2026-11-02T23:00:00Z'))).toBe(false);
    expect(await areFeedsDue(db, at('2026-11-03T06:30:00Z'))).toBe(true);
    await perform(steward, endFeed, null, { id });
    expect(await areFeedsDue(db, at('2026-11-03T06:30:00Z'))).toBe(false);
    await expect(runFeed(serving.waymark.performer, steward, id, places, at('2026-11-03T06:31:00Z'))).rejects.toThrow(/no such feed/);
  });

  test('a file that is written to while it is read is read again; one left by a run that died is found; nobody reads twice at once', async () => {
    const { id } = await feed();
    await expect(feed()).rejects.toThrow(/read by a feed already/);
    const head = 'id,first,last,born,home,since\n';
    mkdirSync(join(box(), '.reading'), { recursive: true });
    writeFileSync(join(box(), '.reading', 'left.csv'), `${head}l1,Left,Behind,,,\n`);
    const many = Array.from({ length: 6000 }, (_, i) => `m${i},Many,Rows,,,`).join('\n');
    incoming('many.csv', `${head}${many}\n`);
    const { performer } = serving.waymark;
    const running = runFeed(performer, steward, id, places, at('2026-11-02T06:31:00Z'));
    // All the while that it is read, whenever that is.
    let n = 6000;
    const claimed = join(box(), '.reading', 'many.csv');
    const writer = setInterval(() => {
      try {
        // As whoever has it open writes on: a file that is gone is not made anew.
        const file = openSync(claimed, constants.O_WRONLY | constants.O_APPEND);
        writeSync(file, `m${n++},One,More,,,\n`);
        closeSync(file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }, 1);
    await until(() => existsSync(claimed));
    await expect(runFeed(performer, steward, id, places, at('2026-11-02T06:31:00Z'))).rejects.toThrow(/being read just now/);
    const run = await running.finally(() => clearInterval(writer));
    expect(run).toMatchObject({ read: 1, problem: expect.stringMatching(/many\.csv: it was still being written/) });
    expect(existsSync(join(box(), 'many.csv'))).toBe(true);
    expect((await records()).map(({ key }) => key)).toContain('l1');
    const written = Date.now() / 1000 - 60;
    utimesSync(join(box(), 'many.csv'), written, written);
    expect(await runFeed(performer, steward, id, places, at('2026-11-02T06:31:00Z'))).toMatchObject({ read: 1, problem: null });
    expect((await records()).map(({ key }) => key)).toContain('m6000');
    await perform(steward, endFeed, null, { id });
    await withPurpose(serving.waymark.database.db, 'support', 'record-linkage', (tx) =>
      tx.deleteFrom('support.records').where('key', 'like', 'm%').execute(),
    );
  });

  test.skipIf(!agency)("an agency's own database is read under the agreement, twice without a change, and never written to", async () => {
    const { id } = await feed({ kind: 'database', database: 'tenants', mapping: queryMapping(tenants) });
    const read = () => runFeed(serving.waymark.performer, steward, id, places, at('2026-11-02T06:31:00Z'));
    expect(await read()).toMatchObject({ read: 1, changed: 9000, problem: null });
    expect((await records()).filter(({ key }) => /^\d+$/.test(key)).length).toBe(4500);
    expect((await records()).find(({ key }) => key === '17')?.identity).toEqual({
      forename: 'Ada',
      surname: 'Bell 17',
      date_of_birth: '1990-01-18',
    });
    expect(await read()).toMatchObject({ read: 1, changed: 0, problem: null });
    const imports = await withPurpose(serving.waymark.database.db, 'support', 'record-linkage', (tx) =>
      tx.selectFrom('support.record_imports').select(['id', 'sha256']).where('file_name', '=', 'database tenants').orderBy('id').execute(),
    );
    expect(imports.length).toBe(2);
    expect(imports[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(imports[1]?.sha256).toBe(imports[0]?.sha256);
    expect(await perform(steward, readRecordImport, null, { id: imports[1]?.id ?? 0 })).toMatchObject({
      counts: { rows: 4500, unchanged: 4500 },
    });
  });

  test.skipIf(!agency)(
    'a query that would do more than read, or asks for what is not there, is refused without showing the sign-in',
    async () => {
      const take = (query: string, database = 'tenants') =>
        importRecords(serving.waymark.performer, steward, {
          database: places.databases.get(database) as string,
          name: database,
          source: 'Housing office',
          mapping: readMapping(queryMapping(query)),
          timeZone: 'Europe/London',
        });
      for (const query of [
        'INSERT INTO tenants (ref) VALUES (9999) RETURNING ref AS id',
        'SELECT 1 AS id; COMMIT; DROP TABLE tenants',
        'WITH x AS (INSERT INTO tenants (ref) VALUES (9999) RETURNING ref) SELECT ref AS id FROM x',
        'SELECT nobody FROM nowhere',
      ])
        await expect(take(query), query).rejects.toThrow(/does not take the query of the mapping "tenants"/);
      await expect(take('SELECT ref AS id, first FROM tenants')).rejects.toThrow(/lacks "last", "born", "home", "since"|another agency/);
      const shut = await take(tenants, 'shut').then(String, String);
      expect(shut).toMatch(/cannot be reached: it refuses the sign-in/);
      expect(shut).not.toMatch(/not-the-word|s3cret|stranger|127\.0\.0\.1/);
      const breaks = await take(
        'SELECT ref AS id, first, last, born, home, CASE WHEN ref = 4000 THEN (1 / (ref - 4000))::text ELSE since::text END AS since FROM tenants',
      );
      expect(breaks.counts.rows).toBeGreaterThan(1000);
      expect(breaks.problems.at(-1)).toMatchObject({
        row: 0,
        refused: true,
        message: expect.stringMatching(/broke off after \d+ rows: a value does not fit the query/),
      });
      const admin = new pg.Client({ connectionString: agency?.adminUrl });
      await admin.connect();
      expect((await admin.query('SELECT count(*)::int AS n FROM tenants')).rows).toEqual([{ n: 4500 }]);
      await admin.end();
    },
  );
});
