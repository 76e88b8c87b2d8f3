import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest, temporaryFolder } from '../../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../../test/small-town.ts';
import type { Actor } from '../../platform/access.ts';
import { issueApiToken } from '../../platform/api-tokens.ts';
import { withPurpose } from '../../platform/database.ts';
import { declareZone, readZones } from '../zones/index.ts';
import { isWithin, meets, readFeatureQuery } from './feature-query.ts';

const hasGdal = spawnSync('ogrinfo', ['--version']).status === 0;
if (!hasGdal && process.env.WAYMARK_NEEDS_GDAL === 'yes') throw new Error('ogrinfo is not there: install gdal-bin.');

describe('what a client asks', () => {
  test('limits, boxes and times are read, and what cannot be is told by name', () => {
    expect(readFeatureQuery({})).toEqual({ limit: 1000, offset: 0, bbox: null, from: null, to: null, subject: null, id: null });
    expect(readFeatureQuery({ limit: '99999999', bbox: '-2,53,-1,54', datetime: '2026-09-07T10:00:00Z/..' })).toMatchObject({
      limit: 10_000,
      bbox: [-2, 53, -1, 54],
      from: Date.UTC(2026, 8, 7, 10),
      to: null,
    });
    expect(readFeatureQuery({ bbox: '-2,53,0,-1,54,100' }).bbox).toEqual([-2, 53, -1, 54]);
    expect(readFeatureQuery({ datetime: '2026-09-07T10:00:00Z' })).toMatchObject({
      from: Date.UTC(2026, 8, 7, 10),
      to: Date.UTC(2026, 8, 7, 10),
    });
    for (const [query, field] of [
      [{ limit: '0' }, 'limit'],
      [{ limit: 'many' }, 'limit'],
      [{ offset: '-1' }, 'offset'],
      [{ bbox: '1,2,3' }, 'bbox'],
      [{ bbox: '1,2,3,north' }, 'bbox'],
      [{ bbox: '1,9,3,4' }, 'bbox'],
      [{ datetime: 'yesterday' }, 'datetime'],
      [{ datetime: '..' }, 'datetime'],
      [{ datetime: '2026-09-08T10:00:00Z/2026-09-07T10:00:00Z' }, 'datetime'],
      [{ limit: ['1', '2'] }, 'limit'],
    ] as const)
      expect(() => readFeatureQuery(query as Record<string, unknown>), JSON.stringify(query)).toThrow(
        expect.objectContaining({ field }) as unknown as Error,
      );
    const square = (west: number, south: number, side: number): [number, number][] => [
      [west, south],
      [west + side, south],
      [west + side, south + side],
      [west, south + side],
      [west, south],
    ];
    const ring = [[square(0, 0, 10), square(4, 4, 2)]];
    for (const [bbox, is] of [
      [[1, 1, 2, 2], true],
      [[-5, -5, 20, 20], true],
      [[-1, 5, 11, 5.1], true],
      [[4.5, 4.5, 5, 5], false],
      [[5, 5, 7, 5.5], true],
      [[11, 0, 12, 10], false],
      [[-3, 9, 1, 13], true],
      [[-3, 12, 3, 13], false],
      [[179, -1, 1, 1], true],
      [[179, -1, -179, 1], false],
    ] as const)
      expect([bbox, meets(bbox as never, ring)]).toEqual([bbox, is]);
    expect([isWithin([170, -10, -170, 10], 179, 0), isWithin([170, -10, -170, 10], 0, 0)]).toEqual([true, false]);
  });
});

describe('OGC API Features', () => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  const town = temporaryFolder();
  const tokens: Record<string, string> = {};
  const during = '2026-09-09T00:00:00Z/2026-09-10T00:00:00Z';
  beforeAll(async () => {
    serving = await serveForTest();
    await fillWithSmallTown(serving.waymark, town.path);
    const { performer } = serving.waymark;
    const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
    for (const subjectId of [1, 2]) {
      const { orders } = await performer.perform(officer, readZones, null, { subjectId });
      const area = { kind: 'circle' as const, lon: -1.815, lat: 53.09, radiusM: 150 };
      const zone = { orderId: orders[0]?.id ?? 0, name: 'Mill Lane', kind: 'exclusion', area, hours: [], effectiveAt: new Date() };
      await performer.perform(officer, declareZone, null, zone);
    }
    const administrator: Actor = { id: 'ad-1', name: 'Ines Duarte', role: 'administrator', purpose: 'administration' };
    for (const role of ['monitoring-officer', 'crime-analyst'])
      tokens[role] = (await performer.perform(administrator, issueApiToken, null, { name: `GIS of a ${role}`, role })).token;
  });
  afterAll(async () => {
    await serving?.end();
    town.remove();
  });
  const get = (path: string, role?: string) =>
    fetch(path.startsWith('http') ? path : serving.url + path, { headers: role ? { authorization: `Bearer ${tokens[role]}` } : {} });
  const items = async (path: string, role: string) =>
    (await (await get(path, role)).json()) as {
      features: { id: string | number; geometry: { coordinates: never }; properties: Record<string, unknown> }[];
      numberMatched?: number;
      numberReturned: number;
      links: { rel: string; href: string }[];
      marking: string;
    };

  test('says what is there to anybody, and what is in it to whoever has a token for it', async () => {
    const landing = (await (await get('/ogc')).json()) as { links: { rel: string; href: string }[] };
    for (const { href, rel } of landing.links) if (rel !== 'service-doc') expect((await get(href)).status, href).toBe(200);
    expect(await (await get('/ogc/conformance')).json()).toEqual({
      conformsTo: ['core', 'geojson'].map((name) => `http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/${name}`),
    });
    const { collections } = (await (await get('/ogc/collections')).json()) as { collections: { id: string }[] };
    expect(collections.map(({ id }) => id)).toEqual(['crimes', 'zones', 'tracks']);
    for (const { id } of collections) {
      const refused = await get(`/ogc/collections/${id}/items`);
      expect([refused.status, refused.headers.get('www-authenticate')?.startsWith('Basic')]).toEqual([401, true]);
    }
    expect((await get('/ogc/collections/zones/items', 'crime-analyst')).status).toBe(403);
    expect((await get('/ogc/collections/crimes/items', 'monitoring-officer')).status).toBe(403);
    expect((await get('/ogc/collections/people/items', 'monitoring-officer')).status).toBe(404);
    expect((await get('/ogc/collections/crimes/items?bbox=here', 'crime-analyst')).status).toBe(400);
    const basic = (password: string) => ({ authorization: `Basic ${Buffer.from(`qgis:${password}`).toString('base64')}` });
    expect((await fetch(`${serving.url}/ogc/collections/crimes/items`, { headers: basic(tokens['crime-analyst'] ?? '') })).status).toBe(
      200,
    );
    expect((await fetch(`${serving.url}/ogc/collections/crimes/items`, { headers: basic('wm_wrong') })).status).toBe(401);
    // Where nothing says so, Basic sign-in is none.
    expect((await fetch(`${serving.url}/api/crimes`, { headers: basic(tokens['crime-analyst'] ?? '') })).status).toBe(401);
  });

  test('crimes by page: every one once, and each by its own address', async () => {
    const all = await items('/ogc/collections/crimes/items', 'crime-analyst');
    expect([all.numberMatched, all.numberReturned]).toEqual([12, 12]);
    const seen: unknown[] = [];
    let next: string | undefined = `${serving.url}/ogc/collections/crimes/items?limit=5`;
    for (let i = 0; next && i < 9; i++) {
      const page: Awaited<ReturnType<typeof items>> = await items(next, 'crime-analyst');
      seen.push(...page.features.map(({ id }) => id));
      next = page.links.find(({ rel }) => rel === 'next')?.href;
    }
    expect(seen).toEqual(all.features.map(({ id }) => id));
    const [first] = all.features;
    expect(await (await get(`/ogc/collections/crimes/items/${first?.id}`, 'crime-analyst')).json()).toMatchObject({ id: first?.id });
    expect((await get('/ogc/collections/crimes/items/999', 'crime-analyst')).status).toBe(404);
    const [lon, lat] = (first?.geometry.coordinates ?? [0, 0]) as [number, number];
    const box = [lon - 0.0001, lat - 0.0001, lon + 0.0001, lat + 0.0001].join(',');
    const near = await items(`/ogc/collections/crimes/items?bbox=${box}`, 'crime-analyst');
    expect(near.features.map(({ id }) => id)).toContain(first?.id);
    expect(near.features.length).toBeLessThan(12);
    const when = String(first?.properties.from);
    const then = await items(`/ogc/collections/crimes/items?datetime=${when}`, 'crime-analyst');
    expect(then.features.map(({ id }) => id)).toContain(first?.id);
  });

  test('positions of one person or of all, as they are on record, and each of them sees that there was a look', async () => {
    const { fixes, database } = serving.waymark;
    const [from, to] = during.split('/').map((text) => Date.parse(text)) as [number, number];
    const subjects = await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
      tx.selectFrom('supervision.subjects').select(['id', 'reference']).orderBy('id').execute(),
    );
    const counts: number[] = [];
    for (const { id } of subjects) counts.push((await fixes.track(id, from, to)).count);
    const [one] = subjects;
    const own = await items(`/ogc/collections/tracks/items?limit=10000&datetime=${during}&subject=${one?.reference}`, 'monitoring-officer');
    expect(own.numberReturned).toBe(counts[0]);
    expect(new Set(own.features.map(({ properties }) => properties.subject))).toEqual(new Set([one?.reference]));
    const seen: unknown[] = [];
    let next: string | undefined = `${serving.url}/ogc/collections/tracks/items?limit=700&datetime=${during}`;
    for (let i = 0; next && i < 99; i++) {
      const page: Awaited<ReturnType<typeof items>> = await items(next, 'monitoring-officer');
      seen.push(...page.features.map(({ id }) => id));
      next = page.links.find(({ rel }) => rel === 'next')?.href;
    }
    expect(seen.length).toBe(counts.reduce((all, count) => all + count, 0));
    expect(new Set(seen).size).toBe(seen.length);
    const [fix] = own.features;
    expect(await (await get(`/ogc/collections/tracks/items/${fix?.id}`, 'monitoring-officer')).json()).toMatchObject({ id: fix?.id });
    expect(
      (await get('/ogc/collections/tracks/items?datetime=2026-01-01T00:00:00Z/2026-09-10T00:00:00Z', 'monitoring-officer')).status,
    ).toBe(400);
    const entries = await withPurpose(database.db, 'oversight', 'oversight', (tx) =>
      tx.selectFrom('oversight.audit_entries').select('detail').where('action', '=', 'track.read').where('outcome', '=', 'done').execute(),
    );
    expect(entries[0]?.detail).toMatchObject({ subjects: [1], as: 'features' });
  });

  test('one position is read of one person, who alone sees that there was a look; what names none is not found', async () => {
    const found = await items(`/ogc/collections/tracks/items?limit=1&datetime=${during}`, 'monitoring-officer');
    const [wearing, at] = String(found.features[0]?.id).split('-');
    const own = await get(`/ogc/collections/tracks/items/${wearing}-${at}`, 'monitoring-officer');
    expect(own.status).toBe(200);
    for (const other of ['1-9999999999999999', '1-x', '-1', `999-${at}`, `${wearing}-999999999999999`])
      expect((await get(`/ogc/collections/tracks/items/${other}`, 'monitoring-officer')).status, other).toBe(404);
    const looks = await withPurpose(serving.waymark.database.db, 'oversight', 'oversight', (tx) =>
      tx
        .selectFrom('oversight.audit_entries')
        .select('detail')
        .where('action', '=', 'track.read')
        .where('outcome', '=', 'done')
        .orderBy('seq', 'desc')
        .execute(),
    );
    // The last was of nobody's wearing, the one before it of the one that was found; what is no name was not looked for.
    expect(looks.slice(0, 2).map(({ detail }) => (detail as { subjects?: number[] }).subjects?.length ?? 0)).toEqual([0, 1]);
  });

  test.runIf(hasGdal)('GDAL opens it by address and reads every feature of each collection', async () => {
    const run = promisify(execFile);
    const countOf = async (collection: string, role: string, query = '') => {
      const { stdout } = await run('ogrinfo', ['-ro', '-al', '-so', `OAPIF:${serving.url}/ogc/collections/${collection}${query}`], {
        env: { ...process.env, GDAL_HTTP_HEADERS: `Authorization: Bearer ${tokens[role]}` },
      });
      return { count: Number(/Feature Count: (\d+)/.exec(stdout)?.[1]), stdout };
    };
    const crimes = await countOf('crimes', 'crime-analyst');
    expect(crimes.count).toBe(12);
    expect(crimes.stdout).toMatch(/Geometry: Point/);
    expect(crimes.stdout).toMatch(/uncertainty_m: (Real|Integer)/);
    const zones = await countOf('zones', 'monitoring-officer');
    const held = await items('/ogc/collections/zones/items', 'monitoring-officer');
    expect(held.numberMatched).toBe(2);
    expect(zones.count).toBe(held.numberMatched);
    expect(zones.stdout).toMatch(/Geometry: Multi Polygon/);
    // The town is of September: by its address alone, positions are of the last 24 hours, of which there are none.
    expect((await countOf('tracks', 'monitoring-officer')).stdout).not.toMatch(/ERROR/);
  });
});
