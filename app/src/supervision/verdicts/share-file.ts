import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { SweepPart } from '@waymark/presence';
import {
  PackedFileReader,
  type PackedFileWriter,
  type PartRoom,
  type PutPart,
  partRoom,
  putPart,
  readContentsOf,
  type StoredRows,
  type Turns,
  writePackedFile,
} from './packed-file.ts';

/** What one server read for its share of a run: how many fixes, and the SHA-256 of those of each wearing, in order. */
export interface ShareRead {
  fixes: number;
  hashes: string[];
}

interface SharedPart extends PutPart {
  firstCrime: number;
  lastCrime: number;
  /** Who was near on other days, see `SweepPart`. */
  near: StoredRows;
}

interface ShareContents extends ShareRead {
  parts: SharedPart[];
}

const nearShape = { visits: 'i32', worn: 'u8' } as const;

/** Writes what one server judged, packed as in the file of a run; all of it or nothing. */
export async function writeShare(path: string, work: (append: (part: SweepPart) => Promise<void>) => Promise<ShareRead>): Promise<void> {
  const parts: SharedPart[] = [];
  await writePackedFile(path, async (file) => {
    const { fixes, hashes } = await work(async (part) => {
      const { firstCrime, lastCrime, visits, worn } = part;
      const near = await file.put(visits.length, [visits, worn]);
      parts[part.part] = { firstCrime, lastCrime, near, ...(await putPart(file, part)) };
    });
    return { contents: { fixes, hashes, parts } satisfies ShareContents, output: undefined };
  });
}

/** A share as it is read to be put together with others. */
export interface OpenShare extends ShareRead {
  /** How many parts it has. */
  parts: number;
  /** One of them; without its digest, for it is a piece of one. It stands until the next but one is read. */
  read(part: number): Promise<SweepPart>;
  /** Takes its verdicts over into another file. */
  copy(part: number, into: PackedFileWriter): Promise<PutPart>;
  close(): Promise<void>;
}

/**
 * Null where there is no such file, or it is broken off.
 * @param unpacking for all of several shares, where there are many
 */
export async function openShare(path: string, unpacking?: Turns): Promise<OpenShare | null> {
  if (!existsSync(path)) return null;
  const file = await open(path, 'r');
  const contents = (await readContentsOf(file).catch(() => null)) as ShareContents | null;
  if (!contents) {
    await file.close();
    return null;
  }
  const { fixes, hashes, parts } = contents;
  const reader = new PackedFileReader(file, unpacking);
  const rooms = [partRoom(), partRoom()];
  return {
    fixes,
    hashes,
    parts: parts.length,
    read: (part) => readShared(reader, part, parts[part] as SharedPart, rooms[part % 2] as PartRoom),
    copy: async (part, into) => {
      const { weighed, ruledOut } = parts[part] as SharedPart;
      return { weighed: await into.copy(file, weighed), ruledOut: await into.copy(file, ruledOut) };
    },
    close: () => {
      reader.close();
      return file.close();
    },
  };
}

async function readShared(reader: PackedFileReader, part: number, stored: SharedPart, room: PartRoom): Promise<SweepPart> {
  const { firstCrime, lastCrime, near } = stored;
  const [weighed, ruledOut] = await reader.part(stored, room);
  const { visits, worn } = await reader.rows(near, nearShape);
  return { part, firstCrime, lastCrime, weighed, ruledOut, visits, worn, digest: '' };
}
