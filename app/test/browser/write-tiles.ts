import { writeFileSync } from 'node:fs';
import GeoJSONVT from 'geojson-vt';
import { zxyToTileId } from 'pmtiles';
import vtpbf from 'vt-pbf';

/** A box of degrees. */
export type Box = [west: number, south: number, east: number, north: number];

const headerBytes = 127;

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
        if (Object.keys(parts).length > 0)
          tiles.push({ id: zxyToTileId(z, x, y), bytes: Buffer.from(vtpbf.fromGeojsonVt(parts, { version: 2 })) });
      }
  }
  tiles.sort((a, b) => a.id - b.id);
  const directory = Buffer.from([
    ...varint(tiles.length),
    ...tiles.flatMap(({ id }, i) => varint(id - (tiles[i - 1]?.id ?? 0))),
    ...tiles.flatMap(() => varint(1)),
    ...tiles.flatMap(({ bytes }) => varint(bytes.length)),
    // Each begins where the one before ends, which is written as 0; the first at the beginning.
    ...tiles.flatMap((_tile, i) => varint(i === 0 ? 1 : 0)),
  ]);
  const metadata = Buffer.from(JSON.stringify({ vector_layers: Object.keys(layers).map((id) => ({ id, fields: {} })) }));
  const data = Buffer.concat(tiles.map(({ bytes }) => bytes));
  const header = Buffer.alloc(headerBytes);
  header.write('PMTiles', 'latin1');
  header[7] = 3;
  const sections = [
    [headerBytes, directory.length],
    [headerBytes + directory.length, metadata.length],
    [headerBytes + directory.length + metadata.length, 0],
    [headerBytes + directory.length + metadata.length, data.length],
    [tiles.length, tiles.length],
  ].flat();
  for (const [i, value] of [...sections, tiles.length].entries()) header.writeBigUInt64LE(BigInt(value), 8 + 8 * i);
  // In order, nothing compressed, vectors.
  header.set([1, 1, 1, 1, 0, maxZoom], 96);
  for (const [i, degrees] of box.entries()) header.writeInt32LE(Math.round(degrees * 1e7), 102 + 4 * i);
  writeFileSync(path, Buffer.concat([header, directory, metadata, data]));
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

function placeOf(lon: number, lat: number, z: number): [x: number, y: number] {
  const across = 2 ** z;
  const radians = (Math.max(-85, Math.min(85, lat)) * Math.PI) / 180;
  const clamp = (place: number) => Math.min(across - 1, Math.max(0, Math.floor(place)));
  return [clamp(((lon + 180) / 360) * across), clamp(((1 - Math.log(Math.tan(radians) + 1 / Math.cos(radians)) / Math.PI) / 2) * across)];
}
