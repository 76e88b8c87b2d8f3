import { defaultParameters, verdictNames } from '@waymark/presence';
import { type Action, NotFoundError } from '../../platform/action.ts';
import { latestCrimes } from '../clearing/index.ts';
import { crimeTypes } from '../crimes/index.ts';
import { shownVerdicts } from '../review/index.ts';
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
  name: 'wearer.read',
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
    for (const crime of crimes) {
      const run = runs.get(crime.id);
      if (!run) continue;
      const { verdicts: shown, isMadeUp, test } = await shownVerdicts(tx, verdicts, run.run, crime.id);
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
    note(null, { crimes: rows.length });
    return { wearing, name: wearer.name, subject: wearer.subject, tag: wearer.tag, rows, counts, crimes: { of, looked: crimes.length } };
  },
};
