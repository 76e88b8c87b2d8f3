import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { feature, mesh } from 'topojson-client';
import type { MapStyle, MapTiles } from '../../platform/map-tiles/index.ts';
import type { House } from '../kit.ts';

type Topology = Parameters<typeof feature>[0];
type Borders = NonNullable<Parameters<typeof mesh>[1]>;

const require = createRequire(import.meta.url);
/** How exact the coarse world is, degrees: some hundred metres. */
const perDegree = 1000;
/** Bytes of the tiles that are sent at once. */
const partAtMost = 16_000_000;
const week = 'private, max-age=604800';

/**
 * What maps are drawn on, all of it from this server, so that nobody outside learns who looks where: the town's streets, the operator's
 * own tiles, or else the outlines of the world’s lands.
 */
export function baseMapRoutes(app: FastifyInstance, { folder }: House, tiles: MapTiles | null, style: MapStyle | null): void {
  const config = { open: true, rateLimit: false as const };
  app.get('/basemap/streets.geojson', { config }, async (_request, reply) => {
    const file = folder.file('basemap.geojson');
    reply.type('application/geo+json');
    return existsSync(file) ? reply.send(createReadStream(file)) : reply.send('{"type":"FeatureCollection","features":[]}');
  });
  let world: Promise<{ br: Buffer; gzip: Buffer }> | null = null;
  app.get('/basemap/world.geojson', { config }, async (request, reply) => {
    world ??= packedWorld();
    const packed = await world;
    const encoding = /\bbr\b/.test(String(request.headers['accept-encoding'] ?? '')) ? 'br' : 'gzip';
    return reply
      .type('application/geo+json')
      .headers({ 'content-encoding': encoding, vary: 'accept-encoding', 'cache-control': week })
      .send(packed[encoding]);
  });
  app.get('/basemap/style.json', { config }, async (_request, reply) => {
    if (!style) return reply.code(404).send({ message: 'Tiles are drawn as usual here (WAYMARK_MAP_STYLE).' });
    return reply.header('cache-control', 'private, max-age=600').send({ layers: style.layers, attribution: style.attribution });
  });
  app.get('/basemap/tiles.pmtiles', { config }, async (request, reply) => {
    if (!tiles) return reply.code(404).send({ message: 'No file of map tiles is set (WAYMARK_MAP).' });
    const range = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(String(request.headers.range ?? ''));
    // Anybody may ask, and the file may be of a whole country: never all of it at once.
    if (!range) return reply.code(400).send({ message: 'Ask for a part of the file: Range: bytes=FROM-TO.' });
    const from = Number(range[1]);
    const to = Math.min(Number(range[2]), from + partAtMost - 1, tiles.bytes - 1);
    reply.type('application/octet-stream').headers({ 'accept-ranges': 'bytes', 'cache-control': week });
    if (from > to) return reply.code(416).header('content-range', `bytes */${tiles.bytes}`).send();
    return reply
      .code(206)
      .headers({ 'content-range': `bytes ${from}-${to}/${tiles.bytes}`, 'content-length': to - from + 1 })
      .send(createReadStream(tiles.path, { start: from, end: to }));
  });
}

/** The lands and the borders of Natural Earth at 1:50 million, which is in the public domain. */
async function packedWorld(): Promise<{ br: Buffer; gzip: Buffer }> {
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Topology;
  const lands = read(require.resolve('world-atlas/land-50m.json'));
  const countries = read(require.resolve('world-atlas/countries-50m.json'));
  const features = [
    { type: 'Feature', properties: { kind: 'land' }, geometry: { type: 'GeometryCollection', geometries: geometriesOf(lands) } },
    {
      type: 'Feature',
      properties: { kind: 'border' },
      geometry: mesh(countries, countries.objects.countries as Borders, (a, b) => a !== b),
    },
  ];
  const rounded = (_key: string, value: unknown) => (typeof value === 'number' ? Math.round(value * perDegree) / perDegree : value);
  const text = JSON.stringify({ type: 'FeatureCollection', features }, rounded);
  return { br: await promisify(brotliCompress)(text), gzip: await promisify(gzip)(text) };
}

function geometriesOf(lands: Topology): GeoJSON.Geometry[] {
  const own = feature(lands, lands.objects.land as Parameters<typeof feature>[1]) as GeoJSON.Feature | GeoJSON.FeatureCollection;
  return own.type === 'FeatureCollection' ? own.features.map(({ geometry }) => geometry) : [own.geometry];
}
