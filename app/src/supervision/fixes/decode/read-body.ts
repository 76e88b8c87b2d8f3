import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib';
import { textOfBytes } from '../../../platform/read-text.ts';
import { ToldError } from '../../../platform/told-error.ts';

/** What was sent cannot be read as it is said to be written; the message names the remedy. */
export class UnreadableBodyError extends ToldError {
  override name = 'UnreadableBodyError';
  readonly statusCode: number;
  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** Largest body once unpacked: a small packed one must not fill the memory. */
export const bodyAtMost = 64 * 1024 * 1024;

const unpackers: Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  // "deflate" is zlib by the standard, and bare by habit: the first byte tells.
  deflate: (bytes, options) => ((bytes[0] ?? 0) % 16 === 8 ? promisify(inflate)(bytes, options) : promisify(inflateRaw)(bytes, options)),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

/**
 * The bytes of a body as they were before they were packed.
 * @param encoding `Content-Encoding`: names apart by commas, in the order in which they were applied
 * @throws UnreadableBodyError 415 for a packing that is not known, 400 for bytes that are not packed so, 413 for too many
 */
export async function unpack(bytes: Buffer, encoding: string | undefined, atMost = bodyAtMost): Promise<Buffer> {
  const names = (encoding ?? '').split(',').map((name) => name.trim().toLowerCase());
  let unpacked = bytes;
  for (const name of names.reverse()) {
    if (name === '' || name === 'identity') continue;
    const unpacker = Object.hasOwn(unpackers, name) ? unpackers[name] : undefined;
    if (!unpacker)
      throw new UnreadableBodyError(
        415,
        `The content encoding "${name.slice(0, 40)}" is not known here. Send ${Object.keys(unpackers).join(', ')} or none.`,
      );
    try {
      unpacked = await unpacker(unpacked, { maxOutputLength: atMost });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        throw new UnreadableBodyError(
          413,
          `The body is larger than ${Math.round(atMost / 1024 / 1024)} MB once unpacked. Send it in parts.`,
        );
      throw new UnreadableBodyError(400, `The body is not packed as "${name}", as its content encoding says. Send it again.`);
    }
  }
  return unpacked;
}

/**
 * The text of a body, see `textOfBytes`.
 * @throws UnreadableBodyError 415 for a charset that is not known
 */
export function textOf(bytes: Buffer, contentType = ''): string {
  try {
    return textOfBytes(bytes, /charset\s*=\s*"?([^";,\s]+)/i.exec(contentType)?.[1]);
  } catch (error) {
    throw new UnreadableBodyError(415, (error as Error).message);
  }
}

/** What a text says as JSON, or as a form (`a=1&b=2`, or JSON that was sent as one); the text itself where it is neither. */
export function jsonOf(text: string): unknown {
  const plain = text.replace(/^\uFEFF/, '').trim();
  for (const candidate of [plain, decoded(plain.replace(/=$/, ''))]) {
    try {
      if (candidate !== null) return JSON.parse(candidate);
    } catch {
      // Not JSON: a form, or nothing that is known.
    }
  }
  if (!/^[\w.[\]%-]+=[^\n]*$/.test(plain)) return text;
  return Object.fromEntries(new URLSearchParams(plain));
}

function decoded(text: string): string | null {
  if (!text.startsWith('%')) return null;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
