import { parseCrimesGeoJson } from './parse-geojson.ts';
import { looksHeaded, parseHeadedCsv } from './parse-headed-csv.ts';
import { parseUkBatch } from './parse-uk-batch.ts';
import type { ParsedCrimes } from './parsed-crime.ts';

/** Reads a file of crimes in whichever of the accepted forms it is. */
export function parseCrimes(bytes: Buffer, strict = false): ParsedCrimes {
  const text = decode(bytes);
  const start = text.replace(/^\uFEFF/, '').trimStart();
  if (start.startsWith('{')) return parseCrimesGeoJson(text, strict);
  if (looksHeaded(text)) return parseHeadedCsv(text, strict);
  return parseUkBatch(text, { strict });
}

/** UTF-8, or UTF-16 where a byte-order mark says so. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le');
  return bytes.toString('utf8');
}
