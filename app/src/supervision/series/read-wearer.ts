import { defaultParameters, verdictNames } from '@waymark/presence';
import { type Action, NotFoundError } from '../../platform/action.ts';
import { latestCrimes } from '../clearing/index.ts';
import { crimeTypes } from '../crimes/index.ts';
import { shownByCrime } from '../review/index.ts';
import { noteSubject } from '../subjects/index.ts';
import { currentRuns, type VerdictStore, type VerdictView, viewOf, wearerNames } from '../verdicts/index.ts';

export interface WearerCrime extends VerdictView {
  crimeId: number;
  typeName: string;
  from: Date;
  to: Date;
}

export interface WearerOverTime {
  wearing: number;
  name: string;
  subject: string;
  tag: string;
  rows: WearerCrime[];
  counts: { present: number; excluded: number; unknown: number };
  /** How many of the crimes of these days were looked through. */
  crimes: { of: number; looked: number };
}

/** What was found of one wearer at the crimes of some days, the latest first. */
export const readWearer: Action<{ verdicts: VerdictStore }, { wearing: number; days: number; now: number }, WearerOverTime> = {
  name: 'wearer.look',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, access, note }, { verdicts }, { wearing, days, now }) {
    const wearer = (await wearerNames(tx, [wearing])).get(wearing);
    if (!wearer) throw new NotFoundError('There is no such wearer.');
    await noteSubject({ tx, actor, access, note }, { wearing });
    const { crimes, of } = await latestCrimes(tx, { now, days });
    const runs = await currentRuns(tx, crimes);
    const rows: WearerCrime[] = [];
    const counts = { present: 0, excluded: 0, unknown: 0 };
    const byId = new Map(crimes.map((crime) => [crime.id, crime]));
    const pairs = crimes.flatMap(({ id }) => {
      const run = runs.get(id)?.run;
      return run === undefined ? [] : [{ crime: id, run }];
    });
    for await (const { crime: id, verdicts: shown, isMadeUp, test } of shownByCrime(tx, verdicts, pairs)) {
      const crime = byId.get(id);
      if (!crime) continue;
      // Who was tested by it knows it.
      if (isMadeUp && (test === null || test.over)) continue;
      const own = shown.find((row) => row.wearing === wearing);
      if (!own) continue;
      counts[verdictNames[own.verdict] ?? 'unknown']++;
      rows.push({
        ...viewOf(own, crime, wearer, defaultParameters.radiusM),
        crimeId: crime.crime_id,
        typeName: crimeTypes[crime.type] ?? '',
        from: crime.from_at,
        to: crime.to_at,
      });
    }
    rows.sort((a, b) => b.from.getTime() - a.from.getTime() || b.crimeId - a.crimeId);
    note(null, { crimes: rows.length });
    return { wearing, name: wearer.name, subject: wearer.subject, tag: wearer.tag, rows, counts, crimes: { of, looked: crimes.length } };
  },
};
