import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VectorTile } from '@mapbox/vector-tile';
import { PbfReader } from 'pbf';
import { PMTiles, type RangeResponse, type Source } from 'pmtiles';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { encodeTile } from '../../../test/browser/write-tiles.ts';
import { fetchTiles } from './fetch-tiles.ts';
import { readMapTiles } from './read-header.ts';

/** An area fetched whole from a service of tiles on this machine, well and ill behaved. */
const folder = mkdtempSync(join(tmpdir(), 'waymark-tiles-'));
const path = join(folder, 'map.pmtiles');
const asked: string[] = [];
/** What to answer next, instead of a tile. */
const answers: number[] = [];
let layer = 'roads';
let breakAfter = Number.POSITIVE_INFINITY;
const tile = (z: number, x: number, y: number) =>
  encodeTile({
    [layer]: {
      features: [
        {
          geometry: [
            [
              [0, 0],
              [4096, 4096],
            ],
          ],
          type: 2,
          tags: { name: `${z}/${x}/${y}` },
        },
      ],
    },
  });
const server = createServer((request, response) => {
  const [, z = 0, x = 0, y = 0] = (/^\/(\d+)\/(\d+)\/(\d+)\?key=a%20key$/.exec(request.url ?? '') ?? []).map(Number);
  asked.push(request.url ?? '');
  const status = answers.shift() ?? (asked.length > breakAfter ? 503 : 200);
  // The sea has no tiles.
  if (status === 200 && z === 12 && y % 3 === 0) return response.writeHead(404).end();
  if (status !== 200) return response.writeHead(status).end();
  return response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(tile(z, x, y));
});
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/{z}/{x}/{y}?key={key}`;
});
beforeEach(() => {
  asked.length = 0;
  answers.length = 0;
  breakAfter = Number.POSITIVE_INFINITY;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const box = [-1.95, 53.0, -1.7, 53.2] as const;
const area = () => ({ url, key: 'a key', box, maxZoom: 12, pauseMs: 5 });

class FileSource implements Source {
  getKey = () => path;
  async getBytes(offset: number, length: number): Promise<RangeResponse> {
    const bytes = readFileSync(path).subarray(offset, offset + length);
    return { data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer };
  }
}
async function nameAt(z: number, x: number, y: number): Promise<unknown> {
  const found = await new PMTiles(new FileSource()).getZxy(z, x, y);
  if (!found) return null;
  return new VectorTile(new PbfReader(new Uint8Array(found.data))).layers.roads?.feature(0).properties.name;
}

test('an area is fetched whole, each tile once, and read by the library that draws; where there is nothing there is nothing', async () => {
  const seen: number[] = [];
  const fetched = await fetchTiles(path, area(), (done, all) => seen.push(done / all));
  expect(new Set(asked).size).toBe(asked.length);
  expect([fetched.tiles + fetched.empty, seen.at(-1), fetched.layers]).toEqual([asked.length, 1, ['roads']]);
  expect(fetched.empty).toBeGreaterThan(0);
  expect(readMapTiles(path)).toMatchObject({ west: -1.95, south: 53, east: -1.7, north: 53.2, maxZoom: 12 });
  for (const one of asked) {
    const [z, x, y] = (/(\d+)\/(\d+)\/(\d+)/.exec(one) ?? []).slice(1).map(Number) as [number, number, number];
    expect(await nameAt(z, x, y)).toBe(z === 12 && y % 3 === 0 ? null : `${z}/${x}/${y}`);
  }
  expect(existsSync(`${path}.part`)).toBe(false);
});

test('what was fetched before a break is not fetched again, and a file is there only when it is whole', async () => {
  rmSync(path);
  breakAfter = 12;
  await expect(fetchTiles(path, area())).rejects.toThrow(/answered with 503 for tile .*run the same again/);
  expect([existsSync(path), existsSync(`${path}.part`)]).toEqual([false, true]);
  const before = new Set(asked.slice(0, 12));
  breakAfter = Number.POSITIVE_INFINITY;
  asked.length = 0;
  const fetched = await fetchTiles(path, area());
  expect(asked.filter((one) => before.has(one))).toEqual([]);
  expect(fetched.tiles + fetched.empty).toBe(asked.length + 12);
  expect(await nameAt(0, 0, 0)).toBe('0/0/0');
  // Another area begins anew.
  asked.length = 0;
  await fetchTiles(path, { ...area(), maxZoom: 3 });
  expect(asked).toHaveLength(4);
});

test('a service that stumbles is asked again; what cannot be used is told in words', async () => {
  answers.push(500, 429);
  expect((await fetchTiles(path, { ...area(), maxZoom: 2 })).tiles).toBe(3);
  answers.push(403);
  await expect(fetchTiles(path, { ...area(), maxZoom: 1 })).rejects.toThrow('refuses the key (403). Set WAYMARK_TILES_KEY');
  layer = 'strassen';
  await expect(fetchTiles(path, { ...area(), maxZoom: 0 })).rejects.toThrow('have the layers strassen');
  // By a style of that schema they are.
  expect((await fetchTiles(path, { ...area(), maxZoom: 0, drawn: ['strassen'] })).layers).toEqual(['strassen']);
  await expect(fetchTiles(path, { ...area(), maxZoom: 0, drawn: ['roads'] })).rejects.toThrow('Name the style of this service');
  layer = 'roads';
  await expect(fetchTiles(path, { ...area(), box: [1, 2, 0, 3] })).rejects.toThrow('--area is west, south, east, north');
  await expect(fetchTiles(path, { ...area(), box: [-10, 40, 10, 60], maxZoom: 15 })).rejects.toThrow('Name a smaller one');
  await expect(fetchTiles(path, { ...area(), url: 'http://127.0.0.1:59431/{z}/{x}/{y}', maxZoom: 0 })).rejects.toThrow('ECONNREFUSED');
});
