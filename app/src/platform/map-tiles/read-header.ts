import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ToldError } from '../told-error.ts';

/** A file of map tiles that cannot be used. */
export class MapTilesError extends ToldError {
  override name = 'MapTilesError';
}

/** What a map begins with: the area that the tiles cover, degrees, and how near they go. */
export interface MapTiles {
  path: string;
  bytes: number;
  west: number;
  south: number;
  east: number;
  north: number;
  maxZoom: number;
}

const headerBytes = 127;
/** Sections of the file whose offset and length stand in its header. */
const sections = [
  { name: 'root directory', offset: 8, length: 16 },
  { name: 'metadata', offset: 24, length: 32 },
  { name: 'leaf directories', offset: 40, length: 48 },
  { name: 'tiles', offset: 56, length: 64 },
] as const;
const vector = 1;

/**
 * Reads the header of a PMTiles file, version 3 of its specification, and whether the file is as long as that says.
 * @throws MapTilesError naming the file and what is wrong with it
 */
export function readMapTiles(path: string): MapTiles {
  const wrong = (what: string) => new MapTilesError(`WAYMARK_MAP: ${path} ${what}`);
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw wrong(`cannot be read (${(error as NodeJS.ErrnoException).code}). Name a PMTiles file, or leave the setting out.`);
  }
  try {
    const { size } = fstatSync(file);
    const header = Buffer.alloc(headerBytes);
    if (readSync(file, header, 0, headerBytes, 0) < headerBytes || header.toString('latin1', 0, 7) !== 'PMTiles')
      throw wrong('is no PMTiles file.');
    if (header[7] !== 3) throw wrong(`is of PMTiles version ${header[7]}; version 3 is read.`);
    for (const { name, offset, length } of sections) {
      const end = Number(header.readBigUInt64LE(offset) + header.readBigUInt64LE(length));
      if (end > size)
        throw wrong(
          `is cut off: its ${name} should end at byte ${end.toLocaleString('en-GB')}, and it has ${size.toLocaleString('en-GB')}. Copy it again.`,
        );
    }
    if (header[99] !== vector) throw wrong('holds pictures, not vectors: a file in Protomaps’ schema is needed.');
    const degrees = (at: number) => header.readInt32LE(at) / 1e7;
    return {
      path,
      bytes: size,
      west: degrees(102),
      south: degrees(106),
      east: degrees(110),
      north: degrees(114),
      maxZoom: header[101] as number,
    };
  } finally {
    closeSync(file);
  }
}
