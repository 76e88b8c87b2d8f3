import { ToldError } from './told-error.ts';

/** The charset that was named is none that is known. */
export class UnknownCharsetError extends ToldError {
  override name = 'UnknownCharsetError';
}

/**
 * The text of some bytes: by their byte-order mark, else by the charset that was named, else UTF-8, and where they are none,
 * Windows-1252, in which every byte means something. UTF-16 without a mark shows by its zeros. The mark is left out.
 *
 * @param charset as a sender named it
 * @throws UnknownCharsetError
 */
export function textOfBytes(bytes: Uint8Array, charset?: string): string {
  const decoder = decoderFor(bytes, charset);
  try {
    return decoder.decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/**
 * Decodes a file piece by piece, like `textOfBytes`; what is not UTF-8 after all is read as Windows-1252 from the piece on in
 * which that shows.
 */
export class TextPieces {
  #decoder: InstanceType<typeof TextDecoder> | null = null;

  read(piece: Uint8Array): string {
    this.#decoder ??= decoderFor(piece);
    try {
      return this.#decoder.decode(piece, { stream: true });
    } catch {
      this.#decoder = new TextDecoder('windows-1252');
      return this.#decoder.decode(piece, { stream: true });
    }
  }

  /** What is left at the end: bytes of a character that was cut off. */
  end(): string {
    try {
      return this.#decoder?.decode() ?? '';
    } catch {
      return '\uFFFD';
    }
  }
}

function decoderFor(bytes: Uint8Array, charset?: string): InstanceType<typeof TextDecoder> {
  const marked = byMark(bytes);
  if (marked) return new TextDecoder(marked);
  if (charset && !/^utf-?8$/i.test(charset)) {
    try {
      return new TextDecoder(charset);
    } catch {
      throw new UnknownCharsetError(`The charset "${charset.slice(0, 40)}" is not known here. Send UTF-8.`);
    }
  }
  const wide = wideness(bytes);
  return new TextDecoder(wide, { fatal: wide === 'utf-8' });
}

function byMark(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return null;
}

/** JSON and CSV begin with characters of one byte: a zero beside the first says that characters have two. */
function wideness(bytes: Uint8Array): string {
  if (bytes.length < 4) return 'utf-8';
  const [a, b, c, d] = [bytes[0] !== 0, bytes[1] !== 0, bytes[2] !== 0, bytes[3] !== 0];
  if (a && !b && c && !d) return 'utf-16le';
  return !a && b && !c && d ? 'utf-16be' : 'utf-8';
}

const beginnings: [bytes: number[], kind: string][] = [
  [[0x50, 0x4b, 0x03, 0x04], 'a zip or Excel (.xlsx) file'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'an old Excel (.xls) or Word file'],
  [[0x25, 0x50, 0x44, 0x46], 'a PDF file'],
  [[0x1f, 0x8b], 'a gzip file'],
  [[0x89, 0x50, 0x4e, 0x47], 'a picture (PNG)'],
  [[0xff, 0xd8, 0xff], 'a picture (JPEG)'],
  [[0x37, 0x7a, 0xbc, 0xaf], 'a 7-Zip file'],
];

/** What kind of file some first bytes are, where that is no text; null for text. */
export function notText(bytes: Uint8Array): string | null {
  return beginnings.find(([own]) => own.every((byte, i) => bytes[i] === byte))?.[1] ?? null;
}
