import type { Actor } from '../../platform/access.ts';
import type { Action, Performer } from '../../platform/action.ts';
import type { ImportProblem } from '../schema/tables.ts';
import { layoutOf } from './crime-headings.ts';
import { readKeptColumns } from './keep-columns.ts';
import { asksForEnd, type ParsedCrime, type ReadHeading } from './parsed-crime.ts';
import { type CrimeServices, type CrimesFile, fingerprintOf, readCrimesFile } from './read-crimes-file.ts';
import { type ComparedWithRecord, compareWithRecord } from './store.ts';

/** A crime of a file, as it would go in. */
export interface LookedCrime extends ParsedCrime {
  /** Whether it is on record already; `repeated` when an earlier row of the file is of the same crime. */
  record: ComparedWithRecord | 'repeated';
  /** The file gives no end, and whoever sends it is asked for one. */
  asksForEnd: boolean;
}

/** What would happen with a file, of which nothing was stored. */
export interface LookedAt {
  sha256: string;
  format: string;
  rows: number;
  good: number;
  refused: number;
  counts: Record<LookedCrime['record'], number>;
  /** Rows without an end of which too many are for any more to be asked. */
  notAsked: number;
  /** The first of them, and every one of which something is asked. */
  crimes: LookedCrime[];
  problems: ImportProblem[];
  /** The headings of the file with what each is read as, and who said so before; null where nobody did. */
  headings: ReadHeading[];
  keptBy: string | null;
  /** The clock that times without an offset are of. */
  timeZone: string;
}

/** Crimes that a page shows of a file. */
const shownAtMost = 200;
/** Rows of which something is asked: a form has 120 fields at most, its columns among them. */
const askedAtMost = 40;

/** Says what would happen with a file of crimes, row by row, before anything of it is stored. @throws InvalidError, RefusedError */
export async function lookAtCrimes(performer: Performer, actor: Actor, services: CrimeServices, file: CrimesFile): Promise<LookedAt> {
  await performer.admit(actor, lookAtPart.name, lookAtPart.room);
  const looked: LookedAt = {
    sha256: fingerprintOf(file.bytes),
    format: '',
    rows: 0,
    good: 0,
    refused: 0,
    counts: { new: 0, changed: 0, unchanged: 0, repeated: 0 },
    notAsked: 0,
    crimes: [],
    problems: [],
    headings: [],
    keptBy: null,
    timeZone: file.timeZone ?? services.timeZone,
  };
  const kept = file.columns ? [] : await performer.perform(actor, readKeptColumns, null, null);
  const seen = new Set<string>();
  const endless = new Set<number>();
  let asked = 0;
  for await (const part of readCrimesFile(services, { ...file, kept })) {
    if ('head' in part) {
      const { format, rows, refused, problems, headings, keptBy } = part.head;
      Object.assign(looked, { format, rows, refused, problems, headings, keptBy });
      const own = keptBy ? kept.find(({ layout }) => layout === layoutOf((headings ?? []).map(({ heading }) => heading))) : undefined;
      if (own) looked.timeZone = own.timeZone;
      for (const { code, row } of problems) if (code === asksForEnd) endless.add(row);
      continue;
    }
    looked.problems.push(...part.faults);
    looked.refused += part.faults.filter(({ severity }) => severity === 'error').length;
    looked.good += part.good.length;
    const compared = await performer.perform(actor, lookAtPart, null, part.good);
    part.good.forEach((crime, i) => {
      const key = `${crime.force}\n${crime.reference}`;
      const record = seen.has(key) ? 'repeated' : (compared[i] as ComparedWithRecord);
      seen.add(key);
      looked.counts[record]++;
      const asks = endless.has(crime.row) && asked < askedAtMost;
      if (asks) asked++;
      else if (endless.has(crime.row)) looked.notAsked++;
      if (looked.crimes.length < shownAtMost || asks) looked.crimes.push({ ...crime, record, asksForEnd: asks });
    });
  }
  return looked;
}

const lookAtPart: Action<null, readonly ParsedCrime[], ComparedWithRecord[]> = {
  name: 'crime.import',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, crimes) {
    note(null, { looked: crimes.length });
    return compareWithRecord(tx, crimes);
  },
};
