import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Columns } from '@waymark/engine';
import {
  nothingClose,
  reasonBit,
  type ruledOutShape,
  type SweepPart,
  unknownProbability,
  verdictCode,
  type verdictShape,
} from '@waymark/presence';
import type { StoredVerdict } from '../schema/stored-verdict.ts';
import {
  PackedFileReader,
  type PackedFileWriter,
  type PutPart,
  putPart,
  readContentsOf,
  unfinishedEnding,
  writePackedFile,
} from './packed-file.ts';

/** Crime versions and wearings of a run by id, in the order in which its parts number them. */
export interface RunKeys {
  crimes: Int32Array;
  wearings: Int32Array;
}

export interface CrimeCounts {
  crime: number;
  present: number;
  excluded: number;
  unknown: number;
}

interface StoredPart extends PutPart {
  firstCrime: number;
  lastCrime: number;
}

/** Adds a part to a run; `put` where its columns are packed already. */
export type AppendPart = (part: SweepPart, put?: (into: PackedFileWriter) => Promise<PutPart>) => Promise<void>;

/** What stands at the end of a run's file. */
interface Contents {
  layout: number;
  crimes: number[];
  wearings: number[];
  parts: StoredPart[];
  /** Per crime. */
  present: number[];
  excluded: number[];
  unknown: number[];
}

/** Raised with the shapes of the columns. Of a file of another layout nothing is known, so its crimes are judged anew. */
const layout = 4;
const contentsKept = 8;
const shareMark = '.share-';
/** What was not written to for so long nobody is at, ms. */
const longestRunMs = 6 * 3_600_000;

/** Present before unknown before excluded, the likelier first. */
export function byVerdict(a: StoredVerdict, b: StoredVerdict): number {
  return a.verdict - b.verdict || (b.pWindow ?? -1) - (a.pWindow ?? -1) || a.wearing - b.wearing;
}

/**
 * Verdicts of every run, excluded and unknown as much as present; one run of a large fleet is tens of millions of rows.
 *
 * A run is one file: its parts as they were worked out, each column packed by itself (little-endian whole numbers, zstd),
 * and the contents at the end. A file is written under another name and takes its own when it is whole, so a run that was
 * broken off leaves nothing that could be read. Runs are recorded in the records database; the file of a run that is not
 * recorded there counts for nothing.
 */
export class VerdictStore {
  readonly #folder: string;
  readonly #contents = new Map<number, Promise<Contents | null>>();
  /** Runs whose contents have been read: every planning asks for all of them. */
  readonly #readable = new Set<number>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param isShared other servers may be writing there: what was broken off is removed once nobody can be at it any more */
  static open(folder: string, { isShared = false } = {}): VerdictStore {
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder)) {
      if (!name.endsWith(unfinishedEnding) && !name.includes(shareMark)) continue;
      const path = join(folder, name);
      const { mtimeMs = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
      if (!isShared || Date.now() - mtimeMs > longestRunMs) rmSync(path, { force: true });
    }
    return new VerdictStore(folder);
  }

  /** Are the verdicts of this run here, in a form that can be read? */
  async has(run: number): Promise<boolean> {
    if (this.#readable.has(run)) return true;
    const isReadable = (await this.#contentsOf(run)) !== null;
    if (isReadable) this.#readable.add(run);
    return isReadable;
  }

  /**
   * Writes the rows of a run, all of them or, if `work` fails, none. Parts come with crimes and wearings by place; what
   * `work` gives in the end tells their ids.
   */
  async write<T extends { keys: RunKeys }>(run: number, work: (append: AppendPart) => Promise<T>): Promise<T> {
    const parts: StoredPart[] = [];
    const counts = { present: [] as number[], excluded: [] as number[], unknown: [] as number[] };
    const written = await writePackedFile(this.#path(run), async (file) => {
      const output = await work(async (part, put = (into) => putPart(into, part)) => {
        const { firstCrime, lastCrime } = part;
        count(part, counts);
        parts.push({ firstCrime, lastCrime, ...(await put(file)) });
      });
      const { crimes, wearings } = output.keys;
      parts.sort((a, b) => a.firstCrime - b.firstCrime);
      const whole = (list: number[]) => Array.from(crimes, (_, i) => list[i] ?? 0);
      const contents: Contents = {
        layout,
        crimes: [...crimes],
        wearings: [...wearings],
        parts,
        present: whole(counts.present),
        excluded: whole(counts.excluded),
        unknown: whole(counts.unknown),
      };
      return { contents, output };
    });
    this.#contents.delete(run);
    return written;
  }

  /** All verdicts of one run on one crime version: present first, then by how likely. */
  async ofCrime(run: number, crime: number): Promise<StoredVerdict[]> {
    const found: StoredVerdict[] = [];
    for await (const rows of this.stream([{ run, crime }])) found.push(...rows);
    return found.sort(byVerdict);
  }

  /** How many verdicts a run has of each kind, per crime version. */
  async countByCrime(run: number): Promise<CrimeCounts[]> {
    const contents = await this.#contentsOf(run);
    if (!contents) return [];
    const { crimes, present, excluded, unknown } = contents;
    return crimes.map((crime, i) => ({
      crime,
      present: present[i] as number,
      excluded: excluded[i] as number,
      unknown: unknown[i] as number,
    }));
  }

  /**
   * Verdicts of the given (run, crime) pairs, a crime at a time and in order of wearing; crimes come run by run, in the order
   * in which the run took them.
   */
  async *stream(pairs: { run: number; crime: number }[]): AsyncGenerator<StoredVerdict[]> {
    const wanted = new Map<number, Set<number>>();
    for (const { run, crime } of pairs) wanted.set(run, (wanted.get(run) ?? new Set()).add(crime));
    for (const [run, crimes] of [...wanted].sort(([a], [b]) => a - b)) {
      const contents = await this.#contentsOf(run);
      if (!contents) continue;
      const file = await open(this.#path(run), 'r');
      const reader = new PackedFileReader(file);
      try {
        for (const stretch of stretchesOf(contents.parts)) {
          const { firstCrime, lastCrime } = stretch[0] as StoredPart;
          const places = contents.crimes.slice(firstCrime, lastCrime + 1).flatMap((id, i) => (crimes.has(id) ? [firstCrime + i] : []));
          if (places.length === 0) continue;
          const byCrime = new Map<number, StoredVerdict[]>(places.map((place) => [place, []]));
          for (const part of stretch) {
            const [{ columns: weighed }, { columns: ruledOut }] = await reader.part(part);
            for (let i = 0; i < part.weighed.rows; i++) {
              byCrime.get(weighed.crime[i] as number)?.push(weighedRow(run, contents, weighed, i));
            }
            for (let i = 0; i < part.ruledOut.rows; i++) {
              byCrime.get(ruledOut.crime[i] as number)?.push(ruledOutRow(run, contents, ruledOut, i));
            }
          }
          for (const rows of byCrime.values()) yield rows.sort((a, b) => a.wearing - b.wearing);
        }
      } finally {
        reader.close();
        await file.close();
      }
    }
  }

  /** Where what one server judged of a run is kept until it is put together, see `share-file.ts`. */
  sharePath(run: number, share: number): string {
    return `${this.#path(run)}${shareMark}${Math.trunc(share)}`;
  }

  /** Where something of a run is kept for as long as it is worked out, by whoever asks. */
  scratchPath(run: number): string {
    return `${this.#path(run)}${shareMark}${randomUUID()}`;
  }

  #path(run: number): string {
    return join(this.#folder, `run-${Math.trunc(run)}.verdicts`);
  }

  #contentsOf(run: number): Promise<Contents | null> {
    const known = this.#contents.get(run);
    if (known) return known;
    const reading = readContents(this.#path(run));
    this.#contents.set(run, reading);
    // A run that could not be read may be written later.
    void reading.then(
      (contents) => contents ?? this.#contents.delete(run),
      () => this.#contents.delete(run),
    );
    for (const oldest of this.#contents.keys()) {
      if (this.#contents.size <= contentsKept) break;
      this.#contents.delete(oldest);
    }
    return reading;
  }
}

function count({ weighed, ruledOut }: SweepPart, into: { present: number[]; excluded: number[]; unknown: number[] }): void {
  const add = (list: number[], crime: number) => {
    list[crime] = (list[crime] ?? 0) + 1;
  };
  const { crime, verdict } = weighed.columns;
  for (let i = 0; i < weighed.rows; i++) {
    const code = verdict[i] as number;
    const list = code === verdictCode.present ? into.present : code === verdictCode.unknown ? into.unknown : into.excluded;
    add(list, crime[i] as number);
  }
  for (let i = 0; i < ruledOut.rows; i++) add(into.excluded, ruledOut.columns.crime[i] as number);
}

/** Parts that are about the same crimes, of different wearings. */
function stretchesOf(parts: StoredPart[]): StoredPart[][] {
  const stretches = new Map<number, StoredPart[]>();
  for (const part of parts) stretches.set(part.firstCrime, [...(stretches.get(part.firstCrime) ?? []), part]);
  return [...stretches.values()];
}

async function readContents(path: string): Promise<Contents | null> {
  if (!existsSync(path)) return null;
  const file = await open(path, 'r');
  try {
    const contents = (await readContentsOf(file)) as Contents | null;
    return contents?.layout === layout ? contents : null;
  } finally {
    await file.close();
  }
}

const share = (ppm: number) => (ppm === unknownProbability ? null : ppm / 1e6);
const known = (value: number) => (value === nothingClose ? null : value);
const metres = (dm: number) => (dm === nothingClose ? null : dm / 10);

function weighedRow(run: number, { crimes, wearings }: Contents, columns: Columns<typeof verdictShape>, i: number): StoredVerdict {
  const at = (column: ArrayLike<number>) => column[i] as number;
  return {
    run,
    crime: crimes[at(columns.crime)] as number,
    wearing: wearings[at(columns.wearing)] as number,
    verdict: at(columns.verdict),
    reasons: at(columns.reasons),
    pMoment: share(at(columns.pMomentPpm)),
    pWindow: share(at(columns.pWindowPpm)),
    coverage: at(columns.coverage) / 10_000,
    fixes: at(columns.fixes),
    fixesWithin: at(columns.fixesWithin),
    closestM: metres(at(columns.closestDm)),
    closestAfterMs: known(at(columns.closestAfterMs)),
    gapS: at(columns.gapS),
    habitWeeks: at(columns.habitWeeks),
    habitVisits: at(columns.habitVisits) / 1000,
  };
}

function ruledOutRow(run: number, { crimes, wearings }: Contents, columns: Columns<typeof ruledOutShape>, i: number): StoredVerdict {
  const at = (column: ArrayLike<number>) => column[i] as number;
  return {
    run,
    crime: crimes[at(columns.crime)] as number,
    wearing: wearings[at(columns.wearing)] as number,
    verdict: verdictCode.impossible,
    reasons: reasonBit.outOfReach,
    pMoment: 0,
    pWindow: 0,
    coverage: at(columns.coverage) / 10_000,
    fixes: at(columns.fixes),
    fixesWithin: 0,
    closestM: metres(at(columns.closestDm)),
    closestAfterMs: known(at(columns.closestAfterMs)),
    gapS: 0,
    habitWeeks: 0,
    habitVisits: 0,
  };
}
