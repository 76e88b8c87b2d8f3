export { decodeCsvRow, findColumns, readColumnNames } from './decode-csv.ts';
export { GpxDecoder } from './decode-gpx.ts';
export { decodeOwnTracks } from './decode-owntracks.ts';
export { decodeTraccar } from './decode-traccar.ts';
export { decodeWaymark } from './decode-waymark.ts';
export { type Decoded, numberOf, type RawFix, shorten } from './raw-fix.ts';
export { bodyAtMost, jsonOf, textOf, UnreadableBodyError, unpack } from './read-body.ts';
export { readTime, zoneOffsetMs } from './read-time.ts';
