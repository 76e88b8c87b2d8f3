import { writeFileSync } from 'node:fs';
import GeoJSONVT from 'geojson-vt';
import vtpbf from 'vt-pbf';
import { type Box, headOf, packings, placeOf, tileNumber } from '../../src/platform/map-tiles/pack-tiles.ts';

export { type Box, placeOf, tileNumber };

/**
 * Writes a PMTiles file, version 3, of vector tiles in Protomaps' schema.
 * @param layers features by the name of their layer: `earth`, `water`, `roads`, `places` …
 * @param box what the tiles cover, degrees
 */
export function writeTiles(path: string, layers: Record<string, GeoJSON.Feature[]>, box: Box, maxZoom: number): void {
  const cut = Object.entries(layers).map(
    ([name, features]) =>
      [
        name,
        new GeoJSONVT({ type: 'FeatureCollection', features }, { maxZoom, indexMaxZoom: maxZoom, indexMaxPoints: 0, buffer: 64 }),
      ] as const,
  );
  const tiles: { id: number; bytes: Buffer }[] = [];
  for (let z = 0; z <= maxZoom; z++) {
    const [west, north] = placeOf(box[0], box[3], z);
    const [east, south] = placeOf(box[2], box[1], z);
    for (let x = west; x <= east; x++)
      for (let y = north; y <= south; y++) {
        const parts = Object.fromEntries(cut.flatMap(([name, index]) => ((tile) => (tile ? [[name, tile]] : []))(index.getTile(z, x, y))));
        if (Object.keys(parts).length > 0) tiles.push({ id: tileNumber(z, x, y), bytes: encodeTile(parts) });
      }
  }
  packTiles(path, tiles, Object.keys(layers), box, maxZoom);
}

/** One vector tile of layers by name, with features as they are drawn: places of 0 to 4096 within it. */
export const encodeTile = (layers: Record<string, object>): Buffer => Buffer.from(vtpbf.fromGeojsonVt(layers as never, { version: 2 }));

/**
 * Packs tiles into a PMTiles file, with directories of their own where there are many.
 * @param names of the layers
 */
export function packTiles(path: string, tiles: { id: number; bytes: Buffer }[], names: readonly string[], box: Box, maxZoom: number): void {
  tiles.sort((a, b) => a.id - b.id);
  let end = 0;
  const entries = tiles.map(({ id, bytes }) => {
    end += bytes.length;
    return { id, run: 1, length: bytes.length, offset: end - bytes.length };
  });
  const head = headOf(entries, { names, box, maxZoom, packing: packings.none });
  writeFileSync(path, Buffer.concat([head, ...tiles.map(({ bytes }) => bytes)]));
}
