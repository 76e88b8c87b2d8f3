import { createHash } from 'node:crypto';
import { InvalidError } from '../../platform/action.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { partsFromThread, ThreadLimitError } from '../../platform/in-thread.ts';
import type { ImportProblem } from '../schema/tables.ts';
import type { Columns } from './crime-headings.ts';
import { FixedGround } from './near-fixes.ts';
import type { CrimesPart } from './parse-crimes-worker.ts';
import type { CrimeFileOptions, KeptColumns, ParsedCrime } from './parsed-crime.ts';

export interface CrimesFile {
  fileName: string;
  bytes: Buffer;
  strict?: boolean;
  /** What each column holds, as somebody says now, and the clock that its times are of. */
  columns?: Columns;
  timeZone?: string;
  /** What was said of such files before. */
  kept?: readonly KeptColumns[];
  /** Ends that somebody gave for rows without one. */
  ends?: ReadonlyMap<number, string>;
}

/** What the reading needs beside the file: the ground that fixes cover, and the zone of clock times. */
export interface CrimeServices {
  fixes: FixStore;
  timeZone: string;
}

/** Largest file that is read at once. */
export const crimesFileAtMost = 64 * 1024 * 1024;
/** A file is read in a thread of its own, which may take this much. */
const readingLimits = { seconds: 300, memoryMb: 2048 };

/** First what the file is; then its crimes, some at a time, with what is to be said of their places. */
export type ReadPart = Extract<CrimesPart, { head: unknown }> | { good: ParsedCrime[]; faults: ImportProblem[] };

/**
 * Reads a file of crimes and stores nothing.
 * @throws InvalidError for a file that is empty, or too large
 */
export async function* readCrimesFile(
  { fixes, timeZone }: CrimeServices,
  { bytes, strict = false, ends, columns, kept, timeZone: zone }: CrimesFile,
): AsyncGenerator<ReadPart> {
  if (bytes.length === 0) throw new InvalidError('The file is empty. Choose a file with one crime per row.', 'file');
  if (bytes.length > crimesFileAtMost) throw new InvalidError('The file is larger than 64 MB. Split it and send the parts.', 'file');
  const ground = await FixedGround.read(fixes);
  const options: CrimeFileOptions = {
    strict,
    timeZone: zone ?? timeZone,
    ...(ends ? { ends } : {}),
    ...(columns ? { columns } : {}),
    ...(kept ? { kept } : {}),
  };
  try {
    for await (const part of partsFromThread<CrimesPart>(
      new URL('./parse-crimes-worker.ts', import.meta.url),
      { bytes, options },
      readingLimits,
    )) {
      if ('head' in part) yield part;
      else {
        const told = part.crimes.map((crime) => ({ crime, fault: ground.faultOf(crime) }));
        yield {
          good: told.filter(({ fault }) => fault?.severity !== 'error').map(({ crime }) => crime),
          faults: told.flatMap(({ fault }) => fault ?? []),
        };
      }
    }
  } catch (error) {
    if (error instanceof ThreadLimitError) throw new InvalidError(`The file cannot be read. ${error.message}`, 'file');
    throw error;
  }
}

/** SHA-256 of a file, in hexadecimal. */
export function fingerprintOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
