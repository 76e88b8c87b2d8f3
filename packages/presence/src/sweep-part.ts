import { createHash } from 'node:crypto';
import { type Columns, type ColumnType, emptyColumn } from '@waymark/engine';
import {
  type CrimeQuestion,
  coincidenceShiftsAtMost,
  nothingClose,
  ruledOutShape,
  type SweepInput,
  type SweepPart,
  trackOf,
  unknownProbability,
  type VerdictColumns,
  verdictShape,
} from './fleet.ts';
import { radius99Table } from './ground/fix-error.ts';
import { type LaidPlace, layPlace } from './ground/place.ts';
import { emptyJudgement, Judge, type Judgement } from './judge.ts';
import { countNear, NearIndex } from './near-index.ts';
import { type PreparedTrack, prepareTrack } from './prepared-track.ts';
import { reasonBit, verdictCode } from './reasons.ts';
import { type Habit, ownHabit } from './surprise.ts';

/** So many crimes are looked for among all tracks without an index. */
const fewCrimes = 8;

/**
 * Judges stretches of crimes against a share of the fleet, `firstWearing` to `lastWearing`, both included.
 *
 * Each wearing belongs to one sweeper, so what is worked out about its track is worked out once.
 */
export class PartSweeper {
  readonly #input: SweepInput;
  readonly #judge: Judge;
  readonly #firstWearing: number;
  readonly #tracks: PreparedTrack[] = [];
  /** None where so little is asked that making it would take longer. */
  readonly #near: NearIndex | null;
  readonly #sets: RowSet[] = [];
  readonly #setsInTurn: number;
  #turn = 0;
  #weighed!: Filling<typeof verdictShape>;
  #ruledOut!: Filling<typeof ruledOutShape>;
  /** Of each crime of the part at hand: the tracks of those who are called present. */
  #present: PreparedTrack[][] = [];

  /**
   * @param setsInTurn the rows of a part stand in shared memory that is written again after so many more parts: what is handed to another thread
   * millions of rows at a time is better neither copied nor made anew; 0: each part has its own
   */
  constructor(input: SweepInput, firstWearing: number, lastWearing: number, setsInTurn = 0) {
    this.#input = input;
    this.#setsInTurn = setsInTurn;
    this.#judge = new Judge(input.parameters);
    this.#firstWearing = firstWearing;
    const radius99 = radius99Table(input.parameters);
    for (let w = firstWearing; w <= lastWearing; w++) this.#tracks.push(prepareTrack(trackOf(input.fleet, w), input.parameters, radius99));
    this.#near = input.crimes.length > fewCrimes ? new NearIndex(this.#tracks) : null;
  }

  /**
   * Crimes `first` to `last`, both included.
   * @param isPiece it is put together with others, and has its digest then
   */
  sweep(part: number, first: number, last: number, isPiece = false): SweepPart {
    const pairs = (last - first + 1) * this.#tracks.length;
    const turn = this.#setsInTurn === 0 ? 0 : this.#turn++ % this.#setsInTurn;
    this.#sets[turn] ??= rowSet(this.#setsInTurn > 0);
    const set = this.#sets[turn] as RowSet;
    for (const rows of [set.weighed, set.ruledOut]) rows.empty(pairs);
    this.#weighed = set.weighed;
    this.#ruledOut = set.ruledOut;
    const visits = new Int32Array((last - first + 1) * coincidenceShiftsAtMost);
    const worn = new Uint8Array((last - first + 1) * coincidenceShiftsAtMost);
    const crimes = this.#input.crimes.slice(first, last + 1);
    const places = crimes.map(({ place }) => layPlace(place));
    this.#present = crimes.map(() => []);
    // Wearer by wearer: crimes of a part lie close in time, so the stretch of track they ask about stays in the cache.
    for (let w = 0; w < this.#tracks.length; w++) this.#wearer(w, first, crimes, places);
    crimes.forEach((crime, i) => {
      this.#coincidence(crime, i, places[i] as LaidPlace, visits, worn);
    });
    const isCopied = this.#setsInTurn === 0;
    const weighed = this.#weighed.filled(isCopied);
    const ruledOut = this.#ruledOut.filled(isCopied);
    const digest = isPiece ? '' : digestOf([...Object.values(weighed.columns), ...Object.values(ruledOut.columns), visits, worn]);
    return { part, weighed, ruledOut, visits, worn, firstCrime: first, lastCrime: last, digest };
  }

  #wearer(w: number, first: number, crimes: CrimeQuestion[], places: LaidPlace[]): void {
    const weighed = this.#weighed;
    const ruledOut = this.#ruledOut;
    const track = this.#tracks[w] as PreparedTrack;
    const judged = emptyJudgement();
    for (let c = 0; c < crimes.length; c++) {
      const crime = crimes[c] as CrimeQuestion;
      const place = places[c] as LaidPlace;
      if (track.from > crime.to || track.to < crime.from) continue;
      this.#judge.judge(track, place, crime.from, crime.to, judged);
      if (judged.verdict === verdictCode.present) (this.#present[c] as PreparedTrack[]).push(track);
      const plain = judged.reasons === reasonBit.outOfReach && judged.verdict === verdictCode.impossible && judged.fixesWithin === 0;
      const { crime: crimeOf, wearing, coverage, fixes, closestDm, closestAfterMs } = plain ? ruledOut.columns : weighed.columns;
      const row = plain ? ruledOut.rows++ : weighed.rows++;
      crimeOf[row] = first + c;
      wearing[row] = (this.#input.numberedFrom ?? 0) + this.#firstWearing + w;
      coverage[row] = Math.round(judged.coverage * 10_000);
      fixes[row] = judged.fixes;
      const after = judged.closestAt - crime.from;
      const known = Math.abs(after) < -nothingClose;
      closestDm[row] = known ? Math.min(Math.round(judged.closestM * 10), -nothingClose - 1) : nothingClose;
      closestAfterMs[row] = known ? after : nothingClose;
      if (!plain) this.#weigh(weighed.columns, row, judged, track, place, crime);
    }
  }

  /** Writes what only a verdict that had to be weighed has to say. */
  #weigh(columns: VerdictColumns, row: number, judged: Judgement, track: PreparedTrack, place: LaidPlace, crime: CrimeQuestion): void {
    columns.verdict[row] = judged.verdict;
    columns.reasons[row] = judged.reasons;
    columns.pMomentPpm[row] = inMillionths(judged.pMoment);
    columns.pWindowPpm[row] = inMillionths(judged.pWindow);
    columns.fixesWithin[row] = judged.fixesWithin;
    columns.gapS[row] = Math.round(judged.gapS);
    const excluded = judged.verdict !== verdictCode.present && judged.verdict !== verdictCode.unknown;
    const habit = excluded ? noHabit : ownHabit(this.#judge, track, place, crime.from, crime.to, crime.habitShifts);
    columns.habitWeeks[row] = habit.weeks;
    columns.habitVisits[row] = Math.round(habit.visits * 1000);
  }

  /**
   * Per shift: was anyone worn, and how many wearers had a fix within the radius, of others than those who are called present: that these
   * are often there is told of them as habit, and is no chance.
   */
  #coincidence(crime: CrimeQuestion, c: number, place: LaidPlace, visits: Int32Array, worn: Uint8Array): void {
    const reach = this.#input.parameters.radiusM + place.uncertaintyM;
    const offset = c * coincidenceShiftsAtMost;
    const present = this.#present[c] as PreparedTrack[];
    crime.coincidenceShifts.slice(0, coincidenceShiftsAtMost).forEach((shift, s) => {
      const from = crime.from + shift;
      const to = crime.to + shift;
      if (!this.#tracks.some(({ at }) => at.length > 0 && (at[0] as number) <= to && (at[at.length - 1] as number) >= from)) return;
      worn[offset + s] = 1;
      const all = this.#near ? this.#near.countNear(place, from, to, reach) : countNear(this.#tracks, place, from, to, reach);
      visits[offset + s] = all - countNear(present, place, from, to, reach);
    });
  }
}

/**
 * What several sweepers made of one stretch, each for wearings that follow on those of the one before: as one would have made it.
 * @param isPiece it is put together with others, and has its digest then
 * @param into where the rows are put; they are overwritten by the next that are put there
 */
export function joinParts(parts: readonly SweepPart[], isPiece = false, into: RowSet = rowSet(false)): SweepPart {
  const first = parts[0] as SweepPart;
  const weighed = into.weighed.join(parts.map((part) => part.weighed));
  const ruledOut = into.ruledOut.join(parts.map((part) => part.ruledOut));
  const near = nearOf(parts);
  const digest = isPiece ? '' : digestOf([...Object.values(weighed.columns), ...Object.values(ruledOut.columns), near.visits, near.worn]);
  return { ...first, weighed, ruledOut, ...near, digest };
}

/** Room for the rows of one part after another. */
export interface RowSet {
  weighed: Filling<typeof verdictShape>;
  ruledOut: Filling<typeof ruledOutShape>;
}

export const rowSet = (isShared: boolean): RowSet => ({
  weighed: new Filling(verdictShape, isShared),
  ruledOut: new Filling(ruledOutShape, isShared),
});

/** What is told of a part as a whole. */
export type PartTold = Pick<SweepPart, 'part' | 'firstCrime' | 'visits' | 'worn' | 'digest'>;

/** What `joinParts` would tell of the whole, without putting its rows together. */
export function toldOfParts(parts: readonly SweepPart[]): PartTold {
  const { part, firstCrime, weighed, ruledOut } = parts[0] as SweepPart;
  const near = nearOf(parts);
  const columns = [
    ...Object.keys(weighed.columns).map((name) => parts.map((own) => own.weighed.columns[name as keyof typeof weighed.columns])),
    ...Object.keys(ruledOut.columns).map((name) => parts.map((own) => own.ruledOut.columns[name as keyof typeof ruledOut.columns])),
  ].flat();
  return { part, firstCrime, ...near, digest: digestOf([...columns, near.visits, near.worn]) };
}

function nearOf(parts: readonly SweepPart[]): { visits: Int32Array; worn: Uint8Array } {
  const first = parts[0] as SweepPart;
  return {
    visits: first.visits.map((_, i) => parts.reduce((sum, part) => sum + (part.visits[i] as number), 0)),
    worn: first.worn.map((_, i) => (parts.some((part) => part.worn[i] === 1) ? 1 : 0)),
  };
}

function inMillionths(p: number): number {
  return Number.isNaN(p) ? unknownProbability : Math.round(p * 1_000_000);
}

const noHabit: Habit = { weeks: 0, visits: 0 };

/** Columns that are filled row by row, part after part. */
class Filling<S extends Record<string, ColumnType>> {
  rows = 0;
  columns: Columns<S>;
  readonly #shape: S;
  readonly #isShared: boolean;
  #room = 0;

  constructor(shape: S, isShared: boolean) {
    this.#shape = shape;
    this.#isShared = isShared;
    this.columns = columnsOf(shape, 0, false);
  }

  /** Makes room for this many rows; rows of the part before may be overwritten from now on. */
  empty(room: number): void {
    this.rows = 0;
    if (room <= this.#room) return;
    this.#room = room;
    this.columns = columnsOf(this.#shape, room, this.#isShared);
  }

  /** The filled part, as it stands here or copied. */
  filled(isCopied: boolean): { rows: number; columns: Columns<S> } {
    const filled = Object.entries(this.columns).map(([name, column]) => [
      name,
      isCopied ? column.slice(0, this.rows) : column.subarray(0, this.rows),
    ]);
    return { rows: this.rows, columns: Object.fromEntries(filled) as Columns<S> };
  }

  /** The rows of several, one after the other, as they stand here. */
  join(parts: readonly { rows: number; columns: Columns<S> }[]): { rows: number; columns: Columns<S> } {
    this.empty(parts.reduce((sum, { rows }) => sum + rows, 0));
    for (const part of parts) {
      for (const name of Object.keys(this.columns)) (this.columns[name] as Int32Array).set(part.columns[name] as Int32Array, this.rows);
      this.rows += part.rows;
    }
    return this.filled(false);
  }
}

function columnsOf<S extends Record<string, ColumnType>>(shape: S, room: number, isShared: boolean): Columns<S> {
  return Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, emptyColumn(type, room, isShared)])) as Columns<S>;
}

function digestOf(arrays: ArrayBufferView[]): string {
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of arrays) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}
