import { verdictNames } from '@waymark/presence';
import { type Action, InvalidError } from '../../platform/action.ts';
import { type CrimeVersionRow, crimeTypes, findCrime } from '../crimes/index.ts';
import { shownVerdicts } from '../review/index.ts';
import type { StoredVerdict } from '../schema/stored-verdict.ts';
import { noteSubjects } from '../subjects/index.ts';
import { currentRuns, type VerdictStore, wearerNames } from '../verdicts/index.ts';
import { amongAll, atLeast, chanceThere } from './by-chance.ts';

/** Crimes of one series at most: more are no idea that somebody has, but a search. */
export const crimesAtMost = 12;

export interface SeriesRow {
  wearing: number;
  name: string;
  tag: string;
  /** In the order of the crimes; null where they were not worn. */
  verdicts: ('present' | 'excluded' | 'unknown' | null)[];
  present: number;
  unknown: number;
  excluded: number;
  /** P(present at so many of them without being of the series), for this wearer; and that anybody of those looked at comes to it. */
  chance: number;
  amongAll: number;
}

export interface Series {
  crimes: { id: number; name: string; from: Date; to: Date; present: number; coincidence: number | null }[];
  rows: SeriesRow[];
  /** Wearers with a verdict on one of the crimes at least. */
  lookedAt: number;
  /** Crimes without verdicts yet. */
  waiting: string[];
}

/** The numbers of some crimes, each once. @throws InvalidError where they are too few or too many for a series */
export function requireSeries(asked: readonly number[]): number[] {
  const ids = [...new Set(asked)];
  if (ids.length < 2) throw new InvalidError('Tick two crimes or more that may be one series.', 'crimes');
  if (ids.length > crimesAtMost) throw new InvalidError(`Tick at most ${crimesAtMost} crimes.`, 'crimes');
  return ids;
}

/**
 * Who was present at several of some crimes that somebody takes for one series, with the chance of that by coincidence. Whoever is present at
 * one alone is left out: the page of the crime has them.
 */
export const readSeries: Action<{ verdicts: VerdictStore }, { crimes: number[] }, Series> = {
  name: 'series.look',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, { verdicts }, { crimes: asked }) {
    const ids = requireSeries(asked);
    const found = (await Promise.all(ids.map((id) => findCrime(tx, id)))).flatMap((own) => (own ? [own.current] : []));
    found.sort((a, b) => a.from_at.getTime() - b.from_at.getTime() || a.id - b.id);
    note(null, { crimes: found.map(({ crime_id }) => crime_id) });
    const runs = await currentRuns(tx, found);
    const judged: { crime: CrimeVersionRow; coincidence: number | null; rows: Map<number, StoredVerdict> }[] = [];
    const waiting: string[] = [];
    for (const crime of found) {
      const run = runs.get(crime.id);
      if (!run) {
        waiting.push(crime.reference);
        continue;
      }
      const shown = await shownVerdicts(tx, verdicts, run.run, crime.id);
      // Who was tested by it knows it; and a likeness of a crime is no other crime.
      if (shown.isMadeUp && (shown.test === null || shown.test.over)) continue;
      judged.push({ crime, coincidence: run.coincidence, rows: new Map(shown.verdicts.map((row) => [row.wearing, row])) });
    }
    const wearings = [...new Set(judged.flatMap(({ rows }) => [...rows.keys()]))];
    const nameOf = (row: StoredVerdict | undefined) => (row ? (verdictNames[row.verdict] ?? 'unknown') : null);
    const candidates = wearings
      .map((wearing) => ({ wearing, own: judged.map(({ rows }) => rows.get(wearing)) }))
      .map(({ wearing, own }) => ({ wearing, own, present: own.filter((row) => nameOf(row) === 'present').length }))
      .filter(({ present }) => present > 1);
    const names = await wearerNames(
      tx,
      candidates.map(({ wearing }) => wearing),
    );
    const rows = candidates.map(({ wearing, own, present }): SeriesRow => {
      // Of exclusions no habit is kept: who is often about one of these places is taken to be so about all.
      const habits = own.flatMap((row) => (row && row.habitWeeks > 0 ? [{ weeks: row.habitWeeks, visits: row.habitVisits }] : []));
      const most = habits.sort((a, b) => b.visits / b.weeks - a.visits / a.weeks)[0] ?? null;
      const chance = atLeast(
        present,
        own.map((row, i) => {
          const crime = judged[i];
          if (!row || !crime) return 0;
          return chanceThere({
            coincidence: crime.coincidence,
            wearers: crime.rows.size,
            habit: nameOf(row) === 'excluded' || row.habitWeeks === 0 ? most : { weeks: row.habitWeeks, visits: row.habitVisits },
          });
        }),
      );
      return {
        wearing,
        name: names.get(wearing)?.name ?? '',
        tag: names.get(wearing)?.tag ?? '',
        verdicts: own.map(nameOf),
        present,
        unknown: own.filter((row) => nameOf(row) === 'unknown').length,
        excluded: own.filter((row) => nameOf(row) === 'excluded').length,
        chance,
        amongAll: amongAll(chance, wearings.length),
      };
    });
    await noteSubjects(
      { tx, actor, note },
      candidates.map(({ wearing }) => wearing),
    );
    note(null, { wearers: wearings.length });
    return {
      crimes: judged.map(({ crime, coincidence, rows: own }) => ({
        id: crime.crime_id,
        name: `${crimeTypes[crime.type] ?? 'Crime'}, ${crime.reference}`,
        from: crime.from_at,
        to: crime.to_at,
        present: [...own.values()].filter((row) => nameOf(row) === 'present').length,
        coincidence,
      })),
      rows: rows.sort((a, b) => b.present - a.present || a.chance - b.chance || a.wearing - b.wearing),
      lookedAt: wearings.length,
      waiting,
    };
  },
};
