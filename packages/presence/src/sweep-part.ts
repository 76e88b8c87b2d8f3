import { createHash } from 'node:crypto';
import { emptyColumn } from '@waymark/engine';
import { radius99Table } from './fix-error.ts';
import {
  type CrimeQuestion,
  coincidenceShiftsAtMost,
  nothingClose,
  type SweepInput,
  type SweepPart,
  trackOf,
  unknownProbability,
  type VerdictColumns,
  verdictShape,
} from './fleet.ts';
import { emptyJudgement, Judge } from './judge.ts';
import { NearIndex } from './near-index.ts';
import { type LaidPlace, layPlace } from './place.ts';
import { type PreparedTrack, prepareTrack } from './prepared-track.ts';
import { verdictCode } from './reasons.ts';
import { ownHabit } from './surprise.ts';

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
  readonly #near: NearIndex;

  constructor(input: SweepInput, firstWearing: number, lastWearing: number) {
    this.#input = input;
    this.#judge = new Judge(input.parameters);
    this.#firstWearing = firstWearing;
    const radius99 = radius99Table(input.parameters);
    for (let w = firstWearing; w <= lastWearing; w++) this.#tracks.push(prepareTrack(trackOf(input.fleet, w), input.parameters, radius99));
    this.#near = new NearIndex(this.#tracks);
  }

  /** Crimes `first` to `last`, both included. */
  sweep(part: number, first: number, last: number): SweepPart {
    const columns = roomFor((last - first + 1) * this.#tracks.length);
    const visits = new Int32Array((last - first + 1) * coincidenceShiftsAtMost);
    const worn = new Uint8Array((last - first + 1) * coincidenceShiftsAtMost);
    const crimes = this.#input.crimes.slice(first, last + 1);
    const places = crimes.map(({ place }) => layPlace(place));
    let rows = 0;
    // Wearer by wearer: crimes of a part lie close in time, so the stretch of track they ask about stays in the cache.
    for (let w = 0; w < this.#tracks.length; w++) rows = this.#wearer(w, first, crimes, places, columns, rows);
    crimes.forEach((crime, i) => {
      this.#coincidence(crime, places[i] as LaidPlace, i * coincidenceShiftsAtMost, visits, worn);
    });
    const trimmed = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column.slice(0, rows)])) as VerdictColumns;
    return { part, rows, columns: trimmed, visits, worn, firstCrime: first, digest: digestOf(trimmed, visits, worn) };
  }

  #wearer(w: number, first: number, crimes: CrimeQuestion[], places: LaidPlace[], columns: VerdictColumns, row: number): number {
    const track = this.#tracks[w] as PreparedTrack;
    const judged = emptyJudgement();
    const { crime: crimeOf, wearing, verdict, reasons, pMomentPpm, pWindowPpm, coverage, fixes, fixesWithin } = columns;
    const { closestDm, closestAfterMs, gapS, habitWeeks, habitVisits } = columns;
    let next = row;
    for (let c = 0; c < crimes.length; c++) {
      const crime = crimes[c] as CrimeQuestion;
      const place = places[c] as LaidPlace;
      if (track.from > crime.to || track.to < crime.from) continue;
      this.#judge.judge(track, place, crime.from, crime.to, judged);
      crimeOf[next] = first + c;
      wearing[next] = this.#firstWearing + w;
      verdict[next] = judged.verdict;
      reasons[next] = judged.reasons;
      pMomentPpm[next] = inMillionths(judged.pMoment);
      pWindowPpm[next] = inMillionths(judged.pWindow);
      coverage[next] = Math.round(judged.coverage * 10_000);
      fixes[next] = judged.fixes;
      fixesWithin[next] = judged.fixesWithin;
      const after = judged.closestAt - crime.from;
      const known = Math.abs(after) < -nothingClose;
      closestDm[next] = known ? Math.min(Math.round(judged.closestM * 10), -nothingClose - 1) : nothingClose;
      closestAfterMs[next] = known ? after : nothingClose;
      gapS[next] = Math.round(judged.gapS);
      if (judged.verdict === verdictCode.present || judged.verdict === verdictCode.unknown) {
        const habit = ownHabit(this.#judge, track, place, crime.from, crime.to, crime.habitShifts);
        habitWeeks[next] = habit.weeks;
        habitVisits[next] = Math.round(habit.visits * 1000);
      }
      next++;
    }
    return next;
  }

  /** Per shift: was anyone worn, and how many wearers had a fix within the radius. */
  #coincidence(crime: CrimeQuestion, place: LaidPlace, offset: number, visits: Int32Array, worn: Uint8Array): void {
    const reach = this.#input.parameters.radiusM + place.uncertaintyM;
    crime.coincidenceShifts.slice(0, coincidenceShiftsAtMost).forEach((shift, s) => {
      const from = crime.from + shift;
      const to = crime.to + shift;
      if (!this.#tracks.some(({ at }) => at.length > 0 && (at[0] as number) <= to && (at[at.length - 1] as number) >= from)) return;
      worn[offset + s] = 1;
      visits[offset + s] = this.#near.countNear(place, from, to, reach);
    });
  }
}

function inMillionths(p: number): number {
  return Number.isNaN(p) ? unknownProbability : Math.round(p * 1_000_000);
}

function roomFor(rows: number): VerdictColumns {
  return Object.fromEntries(Object.entries(verdictShape).map(([name, type]) => [name, emptyColumn(type, rows)])) as VerdictColumns;
}

function digestOf(columns: VerdictColumns, visits: Int32Array, worn: Uint8Array): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(verdictShape) as (keyof VerdictColumns)[]) hash.update(bytesOf(columns[name]));
  return hash.update(bytesOf(visits)).update(bytesOf(worn)).digest('hex');
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
