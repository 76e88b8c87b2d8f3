import { Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { InvalidError } from '../../platform/action.ts';
import type { TrackingRecord } from './tracking-record.ts';
import { writeRecord } from './write-record.ts';

/** So much of a file is read before others have their turn, bytes. */
const pieceBytes = 64 * 1024;
/** A packed file unpacks to no more than this: a position each minute for four years. */
const unpackedAtMost = 1_500_000_000;
/** A record of more positions than this leaves packed. */
const plainAtMost = 20_000;

const isPacked = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The text of a record's file, piece by piece: XML in UTF-8, or that packed by gzip.
 *
 * @throws InvalidError where it is no text, or unpacks to more than is read
 */
export async function* piecesOf(bytes: Uint8Array): AsyncGenerator<string> {
  if (bytes.length === 0) throw new InvalidError('Choose a file.', 'file');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const plain = Readable.from(plainPieces(bytes));
  const pieces: AsyncIterable<Buffer> = isPacked(bytes) ? plain.pipe(createGunzip({ chunkSize: pieceBytes })) : plain;
  let total = 0;
  try {
    for await (const piece of pieces) {
      total += piece.length;
      if (total > unpackedAtMost) throw new InvalidError('The file unpacks to more than 1.5 GB, and is not read.', 'file');
      yield decoder.decode(piece, { stream: true });
    }
    yield decoder.decode();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw new InvalidError('The file is no text in UTF-8.', 'file');
    if (code?.startsWith('Z_'))
      throw new InvalidError(`The file is packed by gzip, and does not unpack: ${(error as Error).message}.`, 'file');
    throw error;
  }
}

function* plainPieces(bytes: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield Buffer.from(bytes.subarray(at, at + pieceBytes));
}

/** A record as it leaves: its name, its type, and its bytes as they are asked for; packed where it is long. */
export function fileOf(record: TrackingRecord, head: { made: Date; marking: string }): { name: string; type: string; bytes: Readable } {
  const name = `tracking-record-${record.person.reference}`.replace(/[^\w-]+/g, '-');
  const text = Readable.from(writeRecord(record, head));
  return record.fixes.length > plainAtMost
    ? { name: `${name}.xml.gz`, type: 'application/gzip', bytes: text.pipe(createGzip()) }
    : { name: `${name}.xml`, type: 'application/xml; charset=utf-8', bytes: text };
}
