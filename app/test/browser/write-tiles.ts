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
        if (Object.keys(parts).length > 0) tiles.push({ id: tileNumber(z, x, y), bytes: encodeTile(parts) });
      }
  }
  packTiles(path, tiles, Object.keys(layers), box, maxZoom);
}

/** The number of a tile in the order of the file. */
export const tileNumber = zxyToTileId;

/** One vector tile of layers by name, with features as they are drawn: places of 0 to 4096 within it. */
export const encodeTile = (layers: Record<string, object>): Buffer => Buffer.from(vtpbf.fromGeojsonVt(layers as never, { version: 2 }));

/** One directory has so many tiles at most: what a reader asks for first must hold the whole of the root. */
const entriesAtMost = 2000;

interface Entry {
  id: number;
  /** How many tiles it stands for; 0 for a directory of its own. */
  run: number;
  length: number;
  /** From the beginning of its section, bytes. */
  offset: number;
}

/**
 * Packs tiles into a PMTiles file, with directories of their own where there are many.
 * @param names of the layers
 */
export function packTiles(path: string, tiles: { id: number; bytes: Buffer }[], names: readonly string[], box: Box, maxZoom: number): void {
  tiles.sort((a, b) => a.id - b.id);
  let end = 0;
  const entries: Entry[] = tiles.map(({ id, bytes }) => {
    end += bytes.length;
    return { id, run: 1, length: bytes.length, offset: end - bytes.length };
  });
  const leaves: Buffer[] = [];
  const roots: Entry[] = [];
  let leavesEnd = 0;
  for (let i = 0; entries.length > entriesAtMost && i < entries.length; i += entriesAtMost) {
    const leaf = directoryOf(entries.slice(i, i + entriesAtMost));
    leaves.push(leaf);
    roots.push({ id: (entries[i] as Entry).id, run: 0, length: leaf.length, offset: leavesEnd });
    leavesEnd += leaf.length;
  }
  const root = directoryOf(roots.length > 0 ? roots : entries);
  const metadata = Buffer.from(JSON.stringify({ vector_layers: names.map((id) => ({ id, fields: {} })) }));
  const header = Buffer.alloc(headerBytes);
  header.write('PMTiles', 'latin1');
  header[7] = 3;
  let at = headerBytes;
  const sections: number[] = [];
  for (const length of [root.length, metadata.length, leavesEnd, end]) {
    sections.push(at, length);
    at += length;
  }
  for (const [i, value] of [...sections, tiles.length, tiles.length, tiles.length].entries())
    header.writeBigUInt64LE(BigInt(value), 8 + 8 * i);
  // In order, nothing compressed, vectors.
  header.set([1, 1, 1, 1, 0, maxZoom], 96);
  for (const [i, degrees] of box.entries()) header.writeInt32LE(Math.round(degrees * 1e7), 102 + 4 * i);
  writeFileSync(path, Buffer.concat([header, root, metadata, ...leaves, ...tiles.map(({ bytes }) => bytes)]));
}

function directoryOf(entries: readonly Entry[]): Buffer {
  return Buffer.from([
    ...varint(entries.length),
    ...entries.flatMap(({ id }, i) => varint(id - (entries[i - 1]?.id ?? 0))),
    ...entries.flatMap(({ run }) => varint(run)),
    ...entries.flatMap(({ length }) => varint(length)),
    // One that begins where the one before ends is written as 0.
    ...entries.flatMap(({ offset }, i) => {
      const before = entries[i - 1];
      return varint(before && before.offset + before.length === offset ? 0 : offset + 1);
    }),
  ]);
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

/** The tile in which a place lies. */
export function placeOf(lon: number, lat: number, z: number): [x: number, y: number] {
  const across = 2 ** z;
  const radians = (Math.max(-85, Math.min(85, lat)) * Math.PI) / 180;
  const clamp = (place: number) => Math.min(across - 1, Math.max(0, Math.floor(place)));
  return [clamp(((lon + 180) / 360) * across), clamp(((1 - Math.log(Math.tan(radians) + 1 / Math.cos(radians)) / Math.PI) / 2) * across)];
}
