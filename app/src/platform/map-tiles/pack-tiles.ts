import { zxyToTileId } from 'pmtiles';

/** A box of degrees. */
export type Box = readonly [west: number, south: number, east: number, north: number];

/** The number of a tile in the order of the file. */
export const tileNumber = zxyToTileId;

const headerBytes = 127;
/** One directory has so many tiles at most: what a reader asks for first must hold the whole of the root. */
const entriesAtMost = 2000;

/** Where a tile stands in the section of tiles. */
export interface Entry {
  id: number;
  /** How many tiles it stands for; 0 for a directory of its own. */
  run: number;
  length: number;
  /** From the beginning of its section, bytes. */
  offset: number;
}

/** How the tiles are packed, by the numbers of the specification. */
export const packings = { none: 1, gzip: 2 } as const;

/**
 * What stands before the tiles of a PMTiles file of vectors, version 3 of its specification: header, directories, with some of their own
 * where there are many tiles, and metadata.
 *
 * @param entries of the tiles, by their numbers
 * @param names of the layers
 */
export function headOf(
  entries: readonly Entry[],
  {
    names,
    box,
    maxZoom,
    packing,
  }: { names: readonly string[]; box: Box; maxZoom: number; packing: (typeof packings)[keyof typeof packings] },
): Buffer {
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
  const tilesEnd = entries.reduce((end, { offset, length }) => Math.max(end, offset + length), 0);
  const header = Buffer.alloc(headerBytes);
  header.write('PMTiles', 'latin1');
  header[7] = 3;
  let at = headerBytes;
  const sections: number[] = [];
  for (const length of [root.length, metadata.length, leavesEnd, tilesEnd]) {
    sections.push(at, length);
    at += length;
  }
  for (const [i, value] of [...sections, entries.length, entries.length, entries.length].entries())
    header.writeBigUInt64LE(BigInt(value), 8 + 8 * i);
  // Not in order, directories not compressed, vectors.
  header.set([0, packings.none, packing, 1, 0, maxZoom], 96);
  for (const [i, degrees] of box.entries()) header.writeInt32LE(Math.round(degrees * 1e7), 102 + 4 * i);
  return Buffer.concat([header, root, metadata, ...leaves]);
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
