import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { defaultParameters } from '@waymark/presence';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { lakeAdoptCommand, lakeExportCommand, lakeStatusCommand } from '../../src/commands/lake.ts';
import { readConfig } from '../../src/config.ts';
import { auditLength } from '../../src/platform/audit.ts';
import type { FixBatch } from '../../src/platform/fixes/fix.ts';
import { fixColumns } from '../../src/platform/fixes/fix-columns.ts';
import { FixStore } from '../../src/platform/fixes/fix-store.ts';
import type { LakePlace } from '../../src/platform/fixes/lake-place.ts';
import { LakeError } from '../../src/platform/servers/lake-error.ts';
import { LogKeys } from '../../src/platform/servers/log-keys.ts';
import { SharedLog } from '../../src/platform/servers/shared-log.ts';
import { loadFleet } from '../../src/supervision/verdicts/load-fleet.ts';
import { openWaymark } from '../../src/waymark.ts';
import { startLogServers } from '../log-servers.ts';
import { startPostgres } from '../postgres.ts';
import { temporaryFolder } from '../serve-for-test.ts';
import { fillWithSmallTown } from '../small-town.ts';
import { until } from '../until.ts';
import { extensionsForTest, startObjectStore } from './lake-for-test.ts';

const extensions = extensionsForTest();
const postgres = extensions ? await startPostgres({}, { empty: true }) : null;
const logServers = postgres ? await startLogServers(1) : null;
const objects = postgres ? await startObjectStore() : null;
if (!postgres) console.info('Skipped: PostgreSQL, or DuckDB’s extensions for a lake, are not installed here.');
else if (!objects) console.info('Skipped, of S3 alone: versitygw is not installed here.');

const dayMs = 86_400_000;
const today = Math.floor(Date.UTC(2026, 5, 1));
const ownDays = 100;
let lakes = 0;

const setting = (place: LakePlace | null) => ({ place, refusal: (words: string) => new LakeError(words) });

/** A lake of its own each time: another database, another folder. */
async function newPlace(files: (name: string) => string, s3: string | null = null): Promise<LakePlace> {
  const name = `lake_${++lakes}`;
  await postgres?.asOwner(`CREATE DATABASE ${name} OWNER waymark`);
  return { catalogue: (postgres?.url ?? '').replace(/\/waymark$/, `/${name}`), files: files(name), s3, extensions, ownDays };
}

interface Row {
  tag: number;
  wearing: number;
  at: number;
  lon?: number;
  lat?: number;
  events?: string | null;
}

function batchOf(rows: readonly Row[], receivedAt = 5): FixBatch {
  const columns = fixColumns(rows.length);
  rows.forEach(({ tag, wearing, at, lon = -1.5, lat = 53, events = null }, i) => {
    columns.tag[i] = tag;
    columns.wearing[i] = wearing;
    columns.at[i] = at;
    columns.receivedAt[i] = receivedAt;
    columns.lon[i] = lon;
    columns.lat[i] = lat;
    columns.accuracyM[i] = 5;
    columns.events[i] = events;
  });
  return { source: 'gateway g', receivedAt, count: rows.length, columns, quarantined: [] };
}

const all =
  'SELECT tag, wearing, at_ms, lon, lat, accuracy_m, method, events, receipt FROM fixes ORDER BY tag, at_ms, receipt, lon, lat, events';
const shape = {
  tag: 'i32',
  wearing: 'i32',
  at: 'time',
  lon: 'f64',
  lat: 'f64',
  accuracyM: 'f32',
  method: 'u8',
  events: 'text',
  receipt: 'time',
} as const;

/** All that can be asked, as one value. */
async function whatIsKnown(store: FixStore) {
  const rows = await store.query(all, shape);
  const tracks = await Promise.all(
    [1, -3].map(async (wearing) => {
      const { count, columns } = await store.track(wearing, today - 400 * dayMs, today);
      const near = await Promise.all(
        [80, 150].flatMap((days) =>
          [false, true].flatMap((exact) =>
            (['before', 'after'] as const).map(async (side) => {
              const found = await store.nearest(wearing, { [side]: today - days * dayMs } as { before: number } | { after: number }, {
                exact,
              });
              return [...found.columns.at.subarray(0, exact ? 8 : 1)].sort((a, b) => a - b);
            }),
          ),
        ),
      );
      return { count, at: [...columns.at], near };
    }),
  );
  const { fixes, tags, latest } = await store.summary();
  const seen = (await store.lastSeen()).sort((a, b) => a.tag - b.tag);
  return { rows, tracks, fixes, tags, latest, seen, count: await store.count(), extent: (await store.extent()).fixes };
}

const someRow = fc.record({
  tag: fc.integer({ min: 1, max: 3 }),
  day: fc.integer({ min: 1, max: 300 }),
  minute: fc.integer({ min: 0, max: 2 }),
  lon: fc.constantFrom(-1.5, -1.4),
  events: fc.constantFrom(null, 'battery-low', 'strap-open'),
});
const someStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('store' as const), rows: fc.array(someRow, { minLength: 1, maxLength: 12 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('seal' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('move' as const), later: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tend' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('open again' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget wearings' as const), wearing: fc.constantFrom(1, 2, -3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget before' as const), day: fc.integer({ min: 50, max: 300 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget below zero' as const), day: fc.integer({ min: 1, max: 300 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('coarsen' as const), day: fc.integer({ min: 50, max: 300 }) }) },
);
type Step = typeof someStep extends fc.Arbitrary<infer S> ? S : never;

const wearingOf = (tag: number) => (tag === 3 ? -3 : tag);

describe.skipIf(!postgres)('a store with a lake', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  it('knows and answers the same as one without, whatever is stored, sealed, moved, ordered and opened again', {
    timeout: 600_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(someStep, { minLength: 4, maxLength: 16 }), async (steps) => {
        const place = await newPlace((name) => join(folder.path, name));
        const path = join(folder.path, `${lakes}.duckdb`);
        const plain = await FixStore.open(':memory:', 256);
        let store = await FixStore.open(path, 256, null, setting(place));
        const both = async <T>(ask: (one: FixStore) => Promise<T>) => {
          const [expected, found] = [await ask(plain), await ask(store)];
          expect(found).toEqual(expected);
        };
        const carryOut = async (step: Step) => {
          switch (step.do) {
            case 'store':
              return both((one) =>
                one.append(
                  batchOf(
                    step.rows.map(({ tag, day, minute, lon, events }) => ({
                      tag,
                      wearing: wearingOf(tag),
                      at: today - day * dayMs + minute * 60_000,
                      lon,
                      events,
                    })),
                  ),
                ),
              );
            case 'seal':
              return store.seal();
            case 'move':
              return store.moveOut(today + step.later * dayMs, store.lastReceipt);
            case 'tend':
              return store.tendLake(0);
            case 'open again':
              await store.close();
              store = await FixStore.open(path, 256, null, setting(place));
              return;
            case 'forget wearings':
              return both((one) => one.forgetWearings([step.wearing]));
            case 'forget before':
              return both((one) => one.forgetBefore(today - step.day * dayMs, [2]));
            case 'forget below zero':
              return both((one) => one.forgetBelowZero(today - step.day * dayMs));
            default: {
              const homes = [{ wearing: 1, from: 0, to: today, west: -1.6, east: -1.45, south: 52, north: 54 }];
              await both((one) => one.coarsen(homes, today - step.day * dayMs, () => ({ lon: -1.51, lat: 53.01, accuracyM: 100 })));
              // The lake follows within a minute; until then the older show what they were.
              return store.seal();
            }
          }
        };
        try {
          for (const step of steps) await carryOut(step);
          await both(whatIsKnown);
          await store.seal();
          await store.moveOut(today + 30 * dayMs, store.lastReceipt);
          await store.tendLake(0);
          await both(whatIsKnown);
        } finally {
          await plain.close();
          await store.close();
        }
      }),
      {
        numRuns: Number(process.env.LAKE_RUNS ?? 12),
        interruptAfterTimeLimit: 120_000,
        examples: [
          [
            [
              {
                do: 'store',
                rows: [
                  { tag: 2, day: 93, minute: 0, lon: -1.5, events: null },
                  { tag: 1, day: 93, minute: 0, lon: -1.5, events: null },
                ],
              },
              { do: 'forget before', day: 93 },
              { do: 'seal' },
              { do: 'forget wearings', wearing: 1 },
              { do: 'store', rows: [{ tag: 1, day: 1, minute: 0, lon: -1.5, events: null }] },
            ],
          ],
        ],
      },
    );
  });
});

/** Fixes by the minute of two wearers, and of a protected person's device, over some days before today. */
const days = (from: number, to: number, more: Partial<Row> = {}) =>
  [1, 2, 3].flatMap((tag) =>
    Array.from({ length: from - to }, (_, i) => ({
      tag,
      wearing: wearingOf(tag),
      at: today - (from - i) * dayMs,
      lon: -1.5 + (from - i) / 1e4,
      ...more,
    })),
  );

describe.skipIf(!postgres)('a lake', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());
  const inFolder = (name: string) => join(folder.path, name);
  const open = (name: string, place: LakePlace | null) => FixStore.open(inFolder(`${name}.duckdb`), 256, null, setting(place));

  it('receipts that are old and on record leave the file as well; the last one stays, and numbers go on after it', async () => {
    const place = await newPlace((name) => inFolder(name));
    let store = await open('receipts', place);
    const recent = today - 3 * dayMs;
    for (const receivedAt of [5, 6, 7, recent]) await store.append(batchOf(days(4, 0), receivedAt));
    await store.seal();
    const kept = async () => (await store.receiptsAfter(0)).map(({ receipt }) => receipt);
    await store.moveOut(today);
    expect(await kept()).toEqual([1, 2, 3, 4]);
    // The third is not on record yet: should the server stop here, it is put on record at its start.
    await store.moveOut(today, 2);
    expect(await kept()).toEqual([3, 4]);
    await store.moveOut(today, 4);
    expect(await kept()).toEqual([4]);
    await store.moveOut(today + 400 * dayMs, 4);
    expect(await kept()).toEqual([4]);
    await store.close();
    store = await open('receipts', place);
    expect((await store.append(batchOf(days(1, 0)))).receipt).toBe(5);
    await store.close();
  });

  it.skipIf(!objects)('lies in an object store, and others read it there; no key is told', async () => {
    const place = await newPlace((name) => `${objects?.files}/${name}`, objects?.url);
    const store = await open('objects', place);
    await store.append(batchOf(days(300, 0)));
    expect((await store.seal()).rows).toBe(900);
    const before = await whatIsKnown(store);
    expect(await store.moveOut(today)).toBe(3 * 200);
    expect(await whatIsKnown(store)).toEqual(before);
    expect(await store.checkLake()).toEqual({ compared: 300, missing: 0, extra: 0 });
    // What somebody has done to the lake behind its back is found, to the row.
    await store.query('UPDATE lake.main.fixes SET lat = lat + 1e-9 WHERE wearing = 2 AND receipt = 1', { count: 'i32' });
    expect(await store.checkLake()).toEqual({ compared: 300, missing: 100, extra: 100 });
    await store.query('UPDATE lake.main.fixes SET lat = 53 WHERE wearing = 2 AND receipt = 1', { count: 'i32' });
    expect(await store.checkLake()).toMatchObject({ missing: 0, extra: 0 });
    const { fixes, files, bytes, behind } = await store.extentOfLake();
    expect([fixes, behind]).toEqual([900, 0]);
    expect(files).toBeGreaterThan(5);
    expect(bytes).toBeGreaterThan(1000);
    const written = readdirSync(objects?.folder ?? '', { recursive: true }).filter((file) => String(file).endsWith('.parquet'));
    expect(written.length).toBeGreaterThan(5);
    await store.close();
    const wrong = { ...place, s3: place.s3?.replace('lake-key', 'other-key') ?? null };
    const locked = await open('objects', wrong);
    const refusals = await Promise.all(
      [() => locked.track(1, today - 290 * dayMs, today), () => locked.checkLake(), () => locked.coarsenedUpto([1])].map((ask) =>
        ask().then(
          () => 'answered',
          (error: Error) => error.message,
        ),
      ),
    );
    for (const words of refusals) {
      expect(words).toMatch(/403|404|denied/i);
      expect(words).not.toMatch(/a secret|a%20secret|other-key/);
    }
    expect(refusals[1]).toMatch(/^The lake cannot be read: /);
    // What is of the last months is answered all the same.
    expect((await locked.track(1, today - 20 * dayMs, today)).count).toBe(20);
    expect((await locked.coarsenedUpto([1], today - 20 * dayMs)).atHome.size).toBe(0);
    await locked.close();
  });

  it('forgets what is erased: in every file, in the catalogue and its ranges', async () => {
    const place = await newPlace(inFolder);
    const store = await open('erased', place);
    const telling = { lon: -7.654321, lat: 58.7654321, events: 'zz-only-theirs' };
    await store.append(batchOf(days(300, 0).filter(({ tag }) => tag !== 1)));
    await store.append(batchOf(days(300, 0, telling).filter(({ tag }) => tag === 1)));
    await store.seal();
    await store.moveOut(today);
    const found = async () => {
      const inCatalogue = await dumpOf(place.catalogue, 'waymark_lake');
      const inFiles = await Promise.all(
        parquetIn(place.files).map((file) => rowsIn(store, file, `lon = ${telling.lon} OR events LIKE '%theirs%' OR wearing = 1`)),
      );
      return { catalogue: /7\.65432|58\.7654|theirs/.test(inCatalogue), files: inFiles.reduce((sum, n) => sum + n, 0) };
    };
    // The search finds what is there.
    expect(await found()).toEqual({ catalogue: true, files: 300 });
    expect(await store.forgetWearings([1])).toBe(300);
    // Nobody sees it any more, though the lake has not followed.
    expect((await store.query('SELECT count(*)::INTEGER AS n FROM fixes WHERE wearing = 1', { n: 'i32' })).columns.n[0]).toBe(0);
    expect((await store.seal()).changed).toBe(300);
    await store.tendLake(0);
    expect(await found()).toEqual({ catalogue: false, files: 0 });
    // What another connection of the catalogue writes next does not bring it back.
    await store.append(batchOf(days(1, 0, { lat: 54 }).filter(({ tag }) => tag !== 1)));
    await store.seal();
    await store.tendLake(0);
    expect(await found()).toEqual({ catalogue: false, files: 0 });
    expect(await store.count()).toBe(602);
    // In months that are theirs alone whole files go, and nothing is written anew.
    await store.append(batchOf(days(600, 590, telling).filter(({ tag }) => tag === 1)));
    await store.seal();
    expect(await found()).toEqual({ catalogue: true, files: 10 });
    await store.forgetWearings([1]);
    await store.seal();
    await store.tendLake(0);
    expect(await found()).toEqual({ catalogue: false, files: 0 });
    await store.close();
  });

  it('is not done without, not taken for another’s, and not gone behind', async () => {
    const place = await newPlace(inFolder);
    const store = await open('held', place);
    await store.setInstallation('5c0f6f52-0d6a-4c3c-9a53-0a3a5f1c4a11');
    await store.append(batchOf(days(300, 0)));
    await store.seal();
    await store.moveOut(today);
    await store.close();
    await expect(open('held', null)).rejects.toThrow(/WAYMARK_LAKE is not set/);
    await expect(open('empty', place)).rejects.toThrow(/goes up to receipt 1, and the store here up to 0/);
    const other = await open('other', { ...place, catalogue: place.catalogue, files: inFolder('elsewhere') }).catch(
      (error: Error) => error,
    );
    expect(String(other)).toMatch(/LakeError/);
    await expect(open('held', { ...place, extensions: inFolder('nothing') })).rejects.toThrow(/There is no .*WAYMARK_LAKE_EXTENSIONS/);
    await expect(
      open('held', { ...place, catalogue: place.catalogue.replace('waymark@', 'waymark:hush-hush@').replace(/\/lake_\d+/, '/nowhere') }),
    ).rejects.toThrow(/^(?!.*hush-hush).*cannot be opened/s);
    const again = await open('held', place);
    expect(await again.count()).toBe(900);
    await again.close();
  });

  it('is away for a while: what is new is stored and found, what is older is answered again as soon as it is back', async () => {
    const place = await newPlace(inFolder);
    const name = new URL(place.catalogue).pathname.slice(1);
    const store = await open('away', place);
    await store.append(batchOf(days(300, 0)));
    await store.seal();
    await store.moveOut(today);
    await postgres?.asOwner(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await postgres?.asOwner(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    await store.append(batchOf(days(10, 0, { lat: 54 })));
    expect((await store.track(1, today - 20 * dayMs, today)).count).toBe(30);
    await expect(store.track(1, today - 200 * dayMs, today)).rejects.toThrow();
    await expect(store.seal()).rejects.toThrow(/^The lake cannot/);
    // An order is carried out, and counted by what is here.
    expect(await store.forgetWearings([2])).toBeGreaterThan(0);
    await postgres?.asOwner(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await until(async () => (await store.track(1, today - 200 * dayMs, today).catch(() => ({ count: 0 }))).count === 210);
    await until(async () => (await store.track(2, today - 300 * dayMs, today)).count === 0);
    expect(await store.seal()).toMatchObject({ rows: 20, changed: 300 });
    expect(await store.count()).toBe(620);
    await store.close();
  });

  it('is in a backup whole, of which a store without a lake is made', async () => {
    const place = await newPlace(inFolder);
    const store = await open('backed-up', place);
    await store.append(batchOf(days(300, 0)));
    await store.seal();
    await store.moveOut(today);
    const backup = inFolder('backup');
    mkdirSync(backup);
    const made = await store.backUp(backup, null, null);
    const rows = await FixStore.restore(inFolder('restored.duckdb'), 256, backup, made, 0);
    expect(rows.fixes).toBe(900);
    const again = await open('restored', null);
    expect(await whatIsKnown(again)).toEqual(await whatIsKnown(store));
    await again.close();
    await store.close();
  });

  it('may move, and is begun by several at once; another catalogue never has the same files', async () => {
    const place = await newPlace(inFolder);
    const first = await Promise.all(['one', 'two', 'three'].map((name) => open(name, place)));
    await first[0]?.append(batchOf(days(300, 0)));
    await first[0]?.seal();
    await first[0]?.moveOut(today);
    for (const store of first) await store.close();
    renameSync(place.files, inFolder('moved'));
    const moved = await open('one', { ...place, files: inFolder('moved') });
    expect((await whatIsKnown(moved)).count).toBe(900);
    // Of a copy of the installation: it puts its own in order, and nothing else is touched.
    const copy = { ...(await newPlace(inFolder)), files: inFolder('moved') };
    const other = await open('copy', copy);
    await other.append(batchOf(days(3, 0)));
    await other.seal();
    await other.tendLake(0);
    expect((await whatIsKnown(moved)).count).toBe(900);
    expect(readdirSync(inFolder('moved'))).toHaveLength(2);
    await other.close();
    await moved.close();
  });

  it('is sealed and moved into while orders come: what is ordered is gone, and nothing else is', { timeout: 120_000 }, async () => {
    const place = await newPlace(inFolder);
    const store = await open('busy', place);
    const wearers = 24;
    const of = (wearing: number) =>
      batchOf(Array.from({ length: 250 }, (_, i) => ({ tag: wearing, wearing, at: today - (250 - i) * dayMs, lon: -1.5 + i / 1e4 })));
    for (let wearing = 1; wearing <= wearers; wearing++) await store.append(of(wearing));
    let isOver = false;
    let ordered = 0;
    const again = async (work: () => Promise<unknown>) => {
      while (!isOver) await work();
    };
    const beside = [
      again(() => store.seal()),
      again(() => store.moveOut(today)),
      again(async () => {
        // Whoever nothing was ordered about has all fixes, whatever is under way.
        const from = ordered;
        const { count, columns } = await store.query('SELECT wearing, count(*)::INTEGER AS n FROM fixes GROUP BY wearing', {
          wearing: 'i32',
          n: 'i32',
        });
        const left = [...columns.n.subarray(0, count)].filter((_, i) => (columns.wearing[i] as number) > Math.max(from, ordered));
        expect(left.every((n) => n === 250)).toBe(true);
        expect(left.length).toBe(wearers - Math.max(from, ordered));
      }),
    ];
    for (ordered = 1; ordered < wearers; ordered++) expect(await store.forgetWearings([ordered])).toBe(250);
    isOver = true;
    await Promise.all(beside);
    await store.seal();
    await store.moveOut(today);
    expect(await store.count()).toBe(250);
    const { columns } = await store.query('SELECT count(*)::INTEGER AS n FROM lake.main.fixes', { n: 'i32' });
    expect(columns.n[0]).toBe(250);
    // No order is kept once the lake has followed it.
    expect((await store.query('SELECT count(*)::INTEGER AS n FROM kept_orders', { n: 'i32' })).columns.n[0]).toBe(0);
    await store.close();
  });

  it('answers in full whoever asked before something left the file', async () => {
    const place = await newPlace(inFolder);
    const store = await open('asked', place);
    await store.append(batchOf(days(300, 0)));
    await store.seal();
    // Both that answer from the file alone are busy, so these wait in their line.
    const long = [0, 1].map(() => store.query('SELECT count(*)::INTEGER AS n FROM range(60000000) t(i) WHERE i % 7 = 3', { n: 'i32' }));
    const asked = [0, 1, 2].map(() => store.track(1, today - 400 * dayMs, today));
    const moved = store.moveOut(today);
    expect((await Promise.all(asked)).map(({ count }) => count)).toEqual([300, 300, 300]);
    expect(await moved).toBe(600);
    await Promise.all(long);
    expect((await store.track(1, today - 400 * dayMs, today)).count).toBe(300);
    // It may be closed while something leaves.
    await store.append(batchOf(days(299, 200, { lat: 54 })));
    await store.seal();
    const leaves = store.moveOut(today);
    await store.close();
    expect(await leaves).toBeGreaterThan(0);
  });

  it('is the one that what has left the file is in', async () => {
    const place = await newPlace(inFolder);
    const store = await open('set-back', place);
    await store.append(batchOf(days(300, 0)));
    await store.seal();
    await store.moveOut(today);
    await store.close();
    await expect(open('set-back', await newPlace(inFolder))).rejects.toThrow(
      /have left the file of this server, and the lake goes up to receipt 0 alone/,
    );
  });

  it('makes no difference to what a run of verdicts is made of', async () => {
    const place = await newPlace(inFolder);
    const store = await open('run', place);
    // Two places at one moment, and one twice: which of them tells must not rest on where they lie.
    await store.append(batchOf([...days(300, 0), ...days(300, 0, { lat: 53.01 }), ...days(300, 0, { events: 'battery-low' })]));
    const load = () =>
      loadFleet(store, [1, 2].map((id) => ({ id, label: String(id), from: 0, to: today })) as never, defaultParameters, {
        from: today - 290 * dayMs,
        to: today,
        receiptUpto: 10,
      });
    const before = await load();
    await store.seal();
    expect(await store.moveOut(today)).toBeGreaterThan(0);
    await store.tendLake(0);
    const after = await load();
    expect(after.fixes).toBe(before.fixes);
    expect(await after.hash()).toBe(await before.hash());
    await store.close();
  });
});

describe.skipIf(!postgres)('waymark lake', () => {
  it('adopts what a server has, says how far it is, and writes positions for other programs, on record', { timeout: 120_000 }, async () => {
    const records = (await startPostgres())?.url ?? '';
    const folder = temporaryFolder();
    const env = {
      NODE_ENV: 'test',
      WAYMARK_LOG: 'silent',
      WAYMARK_DEMO: 'no',
      WAYMARK_ENGINE_MB: '256',
      WAYMARK_DATA: join(folder.path, 'data'),
    };
    const alone = await openWaymark(readConfig({ ...env, DATABASE_URL: records }));
    await fillWithSmallTown(alone, join(folder.path, 'town'));
    const before = await alone.fixes.summary();
    await expect(lakeAdoptCommand.run(alone, {}, () => undefined)).rejects.toThrow('There is no lake: set WAYMARK_LAKE.');
    await alone.close();
    const withLake = { WAYMARK_LAKE: join(folder.path, 'lake'), WAYMARK_LAKE_EXTENSIONS: extensions ?? '' };
    const waymark = await openWaymark(readConfig({ ...env, ...withLake, DATABASE_URL: records }));
    const adopted = await lakeAdoptCommand.run(waymark, {}, () => undefined);
    expect(adopted).toMatchObject({ written: before.fixes, compared: before.fixes, missing: 0, extra: 0 });
    expect(await lakeStatusCommand.run(waymark)).toMatchObject({ fixes: before.fixes, behind: 0 });
    expect(await waymark.fixes.summary()).toEqual(before);
    const file = join(folder.path, 'out.parquet');
    const wanted = { file, from: '2000-01-01', to: '2100-01-01' };
    const asked = await auditLength(waymark.database.db);
    const { fixes } = await lakeExportCommand.run(waymark, wanted);
    const read = await waymark.fixes.query(`SELECT count(*)::INTEGER AS n FROM read_parquet('${file}') WHERE geometry IS NOT NULL`, {
      n: 'i32',
    });
    expect([fixes, read.columns.n[0]]).toEqual([before.fixes, before.fixes]);
    const { count } = await waymark.fixes.query(`SELECT 1 AS one FROM parquet_kv_metadata('${file}') WHERE key::VARCHAR = 'geo'`, {
      one: 'i32',
    });
    expect(count).toBe(1);
    await expect(lakeExportCommand.run(waymark, wanted)).rejects.toThrow(/There is a .* already/);
    await expect(lakeExportCommand.run(waymark, { ...wanted, file: `${file}2`, tag: 'none' })).rejects.toThrow('There is no tag none.');
    await expect(lakeExportCommand.run(waymark, { ...wanted, file: `${file}2`, to: 'soon' })).rejects.toThrow(/"soon" is no date/);
    // Each time before anything else is done, also where nothing comes of it.
    expect((await auditLength(waymark.database.db)) - asked).toBe(2);
    await waymark.close();
    folder.remove();
  });
});

describe.skipIf(!postgres || !logServers)('servers with one log and one lake', () => {
  it('hold the same; what one has sealed or forgotten is so for all, and a new one begins with the lake', { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    const place = await newPlace((name) => join(folder.path, name));
    const shared = join(folder.path, 'shared');
    const opened: { store: FixStore; log: SharedLog }[] = [];
    const open = async (name: string) => {
      const log = await SharedLog.open({ url: logServers?.url ?? '', replicas: 1, megabytes: 64, keys: new LogKeys(`${shared}/log-keys`) });
      const store = await FixStore.open(join(folder.path, `${name}.duckdb`), 256, { log, folder: shared }, setting(place));
      opened.push({ store, log });
      return store;
    };
    const [a, b] = [await open('a'), await open('b')];
    for (let from = 300; from > 0; from -= 20) await (from % 40 ? a : b).append(batchOf(days(from, from - 20)));
    await Promise.all([a.caughtUp(), b.caughtUp()]);
    // Both at once: one does, or each a part.
    const sealed = await Promise.all([a.seal(), b.seal()]);
    expect(sealed.reduce((sum, { rows }) => sum + rows, 0)).toBe(900);
    expect(await a.moveOut(today)).toBe(600);
    expect(await whatIsKnown(b)).toEqual(await whatIsKnown(a));
    // A repeat of what has left one server's file, and news about it, are the same to both.
    for (const store of [a, b]) {
      const again = await store.append(batchOf([...days(250, 240), ...days(250, 249, { lat: 53.5 })]));
      expect([again.accepted, again.duplicates]).toEqual(store === a ? [3, 30] : [0, 33]);
    }
    expect(await b.forgetWearings([2])).toBe(301);
    await a.caughtUp();
    expect(await whatIsKnown(a)).toEqual(await whatIsKnown(b));
    await b.seal();
    await a.moveOut(today);
    expect(await whatIsKnown(a)).toEqual(await whatIsKnown(b));
    // The copy is of a server whose file has the newest alone.
    await a.copyForOthers();
    await a.append(batchOf(days(1, 0, { lat: 54 })));
    await a.copyForOthers();
    const c = await open('c');
    expect(await whatIsKnown(c)).toEqual(await whatIsKnown(a));
    await c.seal();
    expect(await c.checkLake()).toMatchObject({ missing: 0, extra: 0 });
    for (const { store, log } of opened) {
      await store.close();
      await log.close();
    }
    folder.remove();
  });
});

/** The text of every table of a schema. */
async function dumpOf(url: string, schema: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query('SELECT tablename FROM pg_tables WHERE schemaname = $1', [schema]);
    const texts: string[] = [];
    for (const { tablename } of tables) texts.push(JSON.stringify((await client.query(`SELECT * FROM ${schema}.${tablename}`)).rows));
    return texts.join('\n');
  } finally {
    await client.end();
  }
}

const parquetIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true })
    .map((file) => join(folder, String(file)))
    .filter((file) => /\/fixes\/.*month=.*\.parquet$/.test(file));

async function rowsIn(store: FixStore, file: string, where: string): Promise<number> {
  const { columns } = await store.query(`SELECT count(*)::INTEGER AS n FROM read_parquet('${file}') WHERE ${where}`, { n: 'i32' });
  return columns.n[0] ?? 0;
}

afterAll(async () => {
  await logServers?.stop();
  await objects?.stop();
  await postgres?.stop();
});
