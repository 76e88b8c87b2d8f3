import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SaxesParser } from 'saxes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { officer } from '../../../test/actors.ts';
import { serveForTest, temporaryFolder, Visitor } from '../../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../../test/small-town.ts';
import { csvRows } from '../../platform/csv-rows.ts';
import { withPurpose } from '../../platform/database.ts';
import { type TakenTrack, takeTrack } from './take-track.ts';
import { writeTrack } from './write-files.ts';

const at = Date.UTC(2026, 8, 8, 10);
const track: TakenTrack = {
  subject: { id: 1, name: 'Nobody', reference: '=R&D <1>' },
  from: '2026-09-08',
  to: '2026-09-09',
  fixes: [
    { tag: 'T-1', at, receivedAt: at + 4000, lon: -1.83, lat: 53.09, accuracyM: 8, method: 'gnss' },
    { tag: 'T"2', at: at + 60_000, receivedAt: at + 90_000, lon: 179.9999999, lat: -89.5, accuracyM: null, method: 'unknown' },
  ],
  marking: 'Taken by A & B for: “why” <so>\u0001',
};

/** Elements of an XML file, each with its attributes and the text in it. @throws where it is not well formed */
function elementsOf(file: Buffer): { name: string; attributes: Record<string, string>; text: string }[] {
  const found: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const open: (typeof found)[number][] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const one = { name, attributes: attributes as Record<string, string>, text: '' };
    found.push(one);
    open.push(one);
  });
  parser.on('text', (text) => {
    const own = open.at(-1);
    if (own) own.text += text;
  });
  parser.on('closetag', () => void open.pop());
  parser.write(file.toString()).close();
  return found;
}

describe('files of positions', () => {
  test('CSV: a row for each, no formula, with its marking', () => {
    const rows = csvRows(writeTrack(track, 'csv').toString()).rows.map((row) => ('cells' in row ? row.cells : []));
    expect(rows[0]).toEqual(['subject', 'tag', 'at', 'received_at', 'latitude', 'longitude', 'accuracy_m', 'method', 'marking']);
    expect(rows[1]?.slice(0, 8)).toEqual([
      "'=R&D <1>",
      'T-1',
      '2026-09-08T10:00:00.000Z',
      '2026-09-08T10:00:04.000Z',
      '53.09',
      '-1.83',
      '8',
      'gnss',
    ]);
    expect(rows[2]?.slice(4, 8)).toEqual(['-89.5', '179.9999999', '', 'unknown']);
    expect(rows).toHaveLength(3);
  });

  test('GPX and KML: well formed whatever somebody is called, points with their times, and no line', () => {
    const gpx = elementsOf(writeTrack(track, 'gpx'));
    expect(gpx.filter(({ name }) => name === 'wpt').map(({ attributes }) => [attributes.lat, attributes.lon])).toEqual([
      ['53.09', '-1.83'],
      ['-89.5', '179.9999999'],
    ]);
    expect(gpx.filter(({ name }) => name === 'time').map(({ text }) => Date.parse(text))).toEqual([at, at + 60_000]);
    expect(gpx.find(({ name }) => name === 'desc')?.text).toBe('Taken by A & B for: “why” <so>');
    expect(gpx.some(({ name }) => name === 'trkseg')).toBe(false);
    const kml = elementsOf(writeTrack(track, 'kml'));
    expect(kml.filter(({ name }) => name === 'coordinates').map(({ text }) => text)).toEqual(['-1.83,53.09', '179.9999999,-89.5']);
    expect(kml.some(({ name }) => name === 'LineString')).toBe(false);
  });

  test('GeoPackage: the tables that it must have, and a point for each', () => {
    const folder = mkdtempSync(join(tmpdir(), 'waymark-gpkg-'));
    try {
      const path = join(folder, 'track.gpkg');
      const file = writeTrack(track, 'gpkg');
      writeFileSync(path, file);
      expect([file.subarray(0, 15).toString(), file.readUInt32BE(68).toString(16)]).toEqual(['SQLite format 3', '47504b47']);
      const db = new DatabaseSync(path, { readOnly: true });
      const rows = db.prepare('SELECT geom, tag, at, accuracy_m FROM positions ORDER BY fid').all() as Record<string, unknown>[];
      const places = rows.map(({ geom }) => {
        const bytes = Buffer.from(geom as Uint8Array);
        return [bytes.subarray(0, 2).toString(), bytes.readInt32LE(4), bytes.readDoubleLE(13), bytes.readDoubleLE(21)];
      });
      expect(places).toEqual([
        ['GP', 4326, -1.83, 53.09],
        ['GP', 4326, 179.9999999, -89.5],
      ]);
      expect(rows.map(({ tag, accuracy_m }) => [tag, accuracy_m])).toEqual([
        ['T-1', 8],
        ['T"2', null],
      ]);
      expect(db.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
      db.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('another program reads all of them', ({ skip }) => {
    const run = (...args: string[]) => execFileSync('ogrinfo', args, { encoding: 'utf8', stdio: 'pipe' });
    try {
      run('--version');
    } catch {
      return skip('GDAL is not installed here.');
    }
    const folder = mkdtempSync(join(tmpdir(), 'waymark-ogr-'));
    try {
      for (const [format, layer] of [
        ['gpx', 'waypoints'],
        ['kml', '=R&D <1>, 2026-09-08 to 2026-09-09'],
        ['gpkg', 'positions'],
      ] as const) {
        const path = join(folder, `track.${format}`);
        writeFileSync(path, writeTrack(track, format));
        const told = run('-al', '-so', path);
        expect(told).toContain(layer);
        expect(told).toContain('Feature Count: 2');
        expect(told).toContain('Geometry: ');
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('positions of somebody', () => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  const town = temporaryFolder();
  beforeAll(async () => {
    serving = await serveForTest({});
    await fillWithSmallTown(serving.waymark, town.path);
  });
  afterAll(async () => {
    await serving?.end();
    town.remove();
  });
  const wish = {
    subjectId: 1,
    from: '2026-09-08',
    to: '2026-09-09',
    format: 'csv',
    why: 'Disclosure in a case',
    now: Date.UTC(2026, 9, 1),
  };
  const take = (more: Partial<typeof wish> = {}) =>
    serving.waymark.performer.perform(officer, takeTrack, serving.waymark, { ...wish, ...more });

  test('are those that are stored of these days, each once, with who took them and why; the look is on record', async () => {
    const taken = await take();
    const { count, columns } = await serving.waymark.fixes.track(
      1,
      Date.parse('2026-09-07T23:00:00Z'),
      Date.parse('2026-09-09T23:00:00Z') - 1,
    );
    expect(taken.fixes.length).toBeGreaterThan(1000);
    expect(taken.fixes.map((fix) => fix.at)).toEqual(Array.from({ length: count }, (_, i) => columns.at[i]));
    expect(taken.marking).toContain('Disclosure in a case');
    expect(taken.marking).toContain(officer.name);
    const entries = await withPurpose(serving.waymark.database.db, 'oversight', 'oversight', (tx) =>
      tx.selectFrom('oversight.audit_entries').select(['about_id', 'detail']).where('action', '=', 'track.export').execute(),
    );
    expect(entries).toMatchObject([
      { about_id: '1', detail: { format: 'csv', fixes: taken.fixes.length, why: 'Disclosure in a case', subject: 1 } },
    ]);
  });

  test.each([
    [{ why: 'so' }, 'what the file is for'],
    [{ from: '2026-02-31' }, 'is no day'],
    [{ to: '2026-09-07' }, 'before the first'],
    [{ to: '2027-09-09' }, 'at most 92 days'],
    [{ format: 'shp' }, 'kind of file'],
    [{ subjectId: 999 }, 'no such subject'],
  ])('%j is refused with what to do', async (more, words) => {
    await expect(take(more)).rejects.toThrow(words);
  });

  test('a page asks for days, kind and reason, and gives the file', async () => {
    const visitor = new Visitor(serving.url);
    await visitor.signIn('mo-1');
    expect(await (await visitor.follow('/subjects/1/track')).text()).toContain('/subjects/1/track/file');
    const _csrf = await visitor.csrf('/subjects/1/track/file');
    const post = (fields: Record<string, string>) =>
      visitor.request('/subjects/1/track/file', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ from: wish.from, to: wish.to, ...fields, _csrf }),
      });
    const refused = await post({ format: 'gpx', why: '' });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('Say in at least 10 characters');
    const given = await post({ format: 'gpkg', why: 'Disclosure in a case' });
    expect([given.status, given.headers.get('content-type')]).toEqual([200, 'application/geopackage+sqlite3']);
    expect(given.headers.get('content-disposition')).toMatch(/filename="positions-[\w-]+\.gpkg"/);
    expect(
      Buffer.from(await given.arrayBuffer())
        .subarray(0, 15)
        .toString(),
    ).toBe('SQLite format 3');
  });
});
