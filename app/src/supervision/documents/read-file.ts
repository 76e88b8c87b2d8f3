import { InvalidError } from '../../platform/action.ts';

export const documentAtMost = 10 * 1024 * 1024;

/** A file as it is kept: its kind by what stands in it, whatever its name says. */
export interface ReadFile {
  mediaType: 'image/jpeg' | 'image/png' | 'application/pdf';
  bytes: Buffer;
}

const starts = (bytes: Buffer, ...of: number[]) => of.every((byte, i) => bytes[i] === byte);

/**
 * Reads a picture or a PDF. From pictures everything goes that is no picture: where and by whom one was taken is nobody's business.
 * @throws InvalidError where it is neither, or too large
 */
export function readFile(bytes: Buffer): ReadFile {
  if (bytes.length === 0) throw new InvalidError('Choose a file.', 'file');
  if (bytes.length > documentAtMost) throw new InvalidError('Choose a file of 10 MB at most.', 'file');
  if (starts(bytes, 0xff, 0xd8, 0xff)) return { mediaType: 'image/jpeg', bytes: bareJpeg(bytes) };
  if (starts(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return { mediaType: 'image/png', bytes: barePng(bytes) };
  if (bytes.subarray(0, 5).toString('latin1') === '%PDF-') return { mediaType: 'application/pdf', bytes };
  throw new InvalidError('Choose a JPEG or PNG picture, or a PDF file. This one is neither.', 'file');
}

/**
 * Without comments and application segments but for those that say how colours are meant, and without anything that follows its end
 * (JPEG, ISO/IEC 10918-1, annex B): some cameras put a film, or a second picture with its own place, there.
 */
function bareJpeg(bytes: Buffer): Buffer {
  const kept = [bytes.subarray(0, 2)];
  let at = 2;
  while (at + 2 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] as number;
    if (marker === 0xd9) return Buffer.concat([...kept, bytes.subarray(at, at + 2)]);
    if (at + 4 > bytes.length) break;
    const next = at + 2 + bytes.readUInt16BE(at + 2);
    if (next > bytes.length) break;
    const isColour =
      marker === 0xe0 || marker === 0xee || (marker === 0xe2 && bytes.toString('latin1', at + 4, at + 16) === 'ICC_PROFILE\0');
    const isApplication = marker >= 0xe0 && marker <= 0xef;
    if (marker !== 0xfe && (!isApplication || isColour)) kept.push(bytes.subarray(at, next));
    at = next;
    if (marker !== 0xda) continue;
    // What was scanned goes up to the next marker that is neither a stuffed byte nor a restart.
    const began = at;
    while (at + 1 < bytes.length && (bytes[at] !== 0xff || isWithinScan(bytes[at + 1] as number))) at++;
    kept.push(bytes.subarray(began, at));
  }
  throw new InvalidError('This picture is cut off or broken. Save it anew, and choose it again.', 'file');
}

const isWithinScan = (marker: number): boolean => marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7);

/** Chunks that draw (PNG, ISO/IEC 15948, 4.7); of the others, those that say how colours are meant. */
const drawing = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'sBIT', 'pHYs']);

function barePng(bytes: Buffer): Buffer {
  const kept = [bytes.subarray(0, 8)];
  let at = 8;
  while (at + 12 <= bytes.length) {
    const next = at + 12 + bytes.readUInt32BE(at);
    const name = bytes.subarray(at + 4, at + 8).toString('latin1');
    if (next > bytes.length) break;
    if (drawing.has(name)) kept.push(bytes.subarray(at, next));
    if (name === 'IEND') return Buffer.concat(kept);
    at = next;
  }
  throw new InvalidError('This picture is cut off or broken. Save it anew, and choose it again.', 'file');
}
