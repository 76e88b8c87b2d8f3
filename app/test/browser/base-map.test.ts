import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MapTilesError, readMapTiles } from '../../src/platform/map-tiles/index.ts';
import { serveForTest, temporaryFolder } from '../serve-for-test.ts';
import { openBrowser, signIn } from './looking.ts';
import { type Box, writeTiles } from './write-tiles.ts';

/** What maps are drawn on where there is no fictional town: outlines of lands, or the operator's own tiles; nothing from elsewhere. */
let browser: Browser;
const folder = temporaryFolder();
const box: Box = [-10, 49, 3, 61];
const file = join(folder.path, 'region.pmtiles');
const shape = (coordinates: number[][]): GeoJSON.Geometry => ({ type: 'Polygon', coordinates: [coordinates] });

beforeAll(async () => {
  browser = await openBrowser();
  const all = [
    [-10, 49],
    [3, 49],
    [3, 61],
    [-10, 61],
    [-10, 49],
  ];
  const lake = [
    [-3, 53.7],
    [-2, 53.7],
    [-2, 54.7],
    [-3, 54.7],
    [-3, 53.7],
  ];
  const feature = (geometry: GeoJSON.Geometry, properties: object): GeoJSON.Feature => ({
    type: 'Feature',
    properties: { ...properties },
    geometry,
  });
  writeTiles(
    file,
    {
      earth: [feature(shape(all), { kind: 'earth' })],
      water: [feature(shape(lake), { kind: 'lake' })],
      places: [
        feature(
          { type: 'Point', coordinates: [-2.5, 53.4] },
          { kind: 'locality', kind_detail: 'city', name: 'Tarnmouth', min_zoom: 1, population_rank: 12 },
        ),
      ],
    },
    box,
    6,
  );
});
afterAll(async () => {
  await browser?.close();
  folder.remove();
});

/** Runs in the page: how many points of a picture have which colour. */
const countColours = `async (data) => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + data;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width, image.height];
  const paint = canvas.getContext('2d');
  paint.drawImage(image, 0, 0);
  const { data: pixels } = paint.getImageData(0, 0, image.width, image.height);
  const counts = {};
  for (let i = 0; i < pixels.length; i += 4) {
    const colour = pixels[i] + ',' + pixels[i + 1] + ',' + pixels[i + 2];
    counts[colour] = (counts[colour] ?? 0) + 1;
  }
  return counts;
}`;

/** Draws the zone map of somebody new and gives its picture, what was asked for, and what went wrong. */
async function drawn(env: Record<string, string>) {
  const serving = await serveForTest(env);
  try {
    const { page, context, errors } = await signIn(browser, serving.url, 'Maya Okonjo');
    const asked: { url: string; status: number }[] = [];
    page.on('response', (response) => asked.push({ url: response.url(), status: response.status() }));
    await page.goto(`${serving.url}/zones`);
    await page.locator('#zone-map canvas').waitFor();
    await page.waitForLoadState('networkidle');
    await page.waitForTimeout(800);
    const picture = await page
      .locator('#zone-map')
      .screenshot(
        process.env.SCREENSHOTS
          ? { path: join(process.env.SCREENSHOTS, `ground-${env.WAYMARK_MAP_STYLE ? 'styled' : env.WAYMARK_MAP ? 'tiles' : 'world'}.png`) }
          : {},
      );
    const colours = (await page.evaluate(`(${countColours})('${picture.toString('base64')}')`)) as Record<string, number>;
    const tiles = `${serving.url}/basemap/tiles.pmtiles`;
    const refusals = await Promise.all(
      [undefined, 'bytes=0-', 'bytes=999999999-1000000000'].map(
        async (range) => (await fetch(tiles, range ? { headers: { range } } : {})).status,
      ),
    );
    await context.close();
    return { refusals, asked, errors, colours };
  } finally {
    await serving.end();
  }
}

test('without tiles there are lands and sea, and nothing is asked of anybody else', async () => {
  const { asked, errors, colours } = await drawn({});
  expect(errors).toEqual([]);
  expect(new Set(asked.map(({ url }) => new URL(url).hostname))).toEqual(new Set(['127.0.0.1']));
  expect(asked.some(({ url }) => url.endsWith('/basemap/world.geojson'))).toBe(true);
  expect(colours['241,243,238'], 'land').toBeGreaterThan(10_000);
  expect(colours['207,224,234'], 'sea').toBeGreaterThan(10_000);
});

test('the operator’s tiles are read in parts and drawn, names among them', async () => {
  const { asked, errors, colours, refusals } = await drawn({ WAYMARK_MAP: file });
  // The whole file is sent to nobody.
  expect(refusals).toEqual([400, 400, 416]);
  expect(errors).toEqual([]);
  expect(new Set(asked.map(({ url }) => new URL(url).hostname))).toEqual(new Set(['127.0.0.1']));
  const tiles = asked.filter(({ url }) => url.endsWith('/basemap/tiles.pmtiles'));
  expect(tiles.length).toBeGreaterThan(1);
  expect(new Set(tiles.map(({ status }) => status))).toEqual(new Set([206]));
  // Land and water as Protomaps' light style paints them; beyond the file's edge the coarse world; and dark letters.
  expect(colours['226,223,218'], 'land of the tiles').toBeGreaterThan(10_000);
  expect(colours['128,222,234'], 'lake of the tiles').toBeGreaterThan(500);
  expect(colours['207,224,234'], 'sea beyond').toBeGreaterThan(10_000);
  expect(colours['204,204,204'] ?? 0, 'blank grey').toBeLessThan(100);
  expect(Object.keys(colours).some((colour) => colour.split(',').every((part) => Number(part) < 110))).toBe(true);
});

test('tiles of another schema are drawn by the operator’s style, and nothing is asked of whoever made it', async () => {
  const other = join(folder.path, 'other.pmtiles');
  const polygon = shape([
    [-10, 49],
    [3, 49],
    [3, 61],
    [-10, 61],
    [-10, 49],
  ]);
  const named = { type: 'Point' as const, coordinates: [-2.5, 53.4] };
  writeTiles(
    other,
    {
      Greenspace: [{ type: 'Feature', properties: {}, geometry: polygon }],
      Names: [{ type: 'Feature', properties: { name: 'Tarnmouth' }, geometry: named }],
    },
    box,
    6,
  );
  const style = join(folder.path, 'style.json');
  const elsewhere = 'https://tiles.example';
  const layer = (id: string, type: string, name: string, more: object) => ({ id, type, source: 'theirs', 'source-layer': name, ...more });
  writeFileSync(
    style,
    JSON.stringify({
      version: 8,
      sprite: `${elsewhere}/sprite`,
      glyphs: `${elsewhere}/{fontstack}/{range}.pbf`,
      sources: { theirs: { type: 'vector', url: elsewhere, attribution: 'Somebody else' } },
      layers: [
        layer('zones', 'fill', 'Greenspace', { paint: { 'fill-color': '#c0ffee', 'fill-antialias': false } }),
        layer('hatched', 'fill', 'Greenspace', { paint: { 'fill-pattern': 'hatch' } }),
        layer('names', 'symbol', 'Names', {
          layout: { 'text-field': '{name}', 'text-font': ['Theirs'] },
          paint: { 'text-color': '#102030' },
        }),
      ],
    }),
  );
  const { asked, errors, colours } = await drawn({ WAYMARK_MAP: other, WAYMARK_MAP_STYLE: style });
  expect(errors).toEqual([]);
  expect(new Set(asked.map(({ url }) => new URL(url).hostname))).toEqual(new Set(['127.0.0.1']));
  expect(colours['192,255,238'], 'land as the style paints it').toBeGreaterThan(10_000);
  expect(colours['207,224,234'], 'sea beyond').toBeGreaterThan(10_000);
  expect(Object.keys(colours).some((colour) => colour.split(',').every((part) => Number(part) < 110))).toBe(true);
  await expect(serveForTest({ WAYMARK_MAP_STYLE: style })).rejects.toThrow('there are none: set WAYMARK_MAP');
});

test('a file that is cut off, no map, or not there stops the start in words', async () => {
  const whole = readFileSync(file);
  const cut = join(folder.path, 'cut.pmtiles');
  writeFileSync(cut, whole.subarray(0, whole.length - 10));
  expect(() => readMapTiles(cut)).toThrow(/cut off: its tiles should end at byte/);
  writeFileSync(cut, 'PMTiles');
  expect(() => readMapTiles(cut)).toThrow('is no PMTiles file');
  const pictures = Buffer.from(whole);
  pictures[99] = 2;
  writeFileSync(cut, pictures);
  expect(() => readMapTiles(cut)).toThrow('holds pictures');
  expect(() => readMapTiles(join(folder.path, 'nowhere'))).toThrow(MapTilesError);
  await expect(serveForTest({ WAYMARK_MAP: join(folder.path, 'nowhere') })).rejects.toThrow('ENOENT');
  expect(readMapTiles(file)).toMatchObject({ west: -10, south: 49, east: 3, north: 61, maxZoom: 6 });
});
