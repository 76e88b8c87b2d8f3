import type { Action } from '../../platform/action.ts';
import { atHome } from '../../platform/fixes/fix.ts';
import { noteSubjects } from '../subjects/index.ts';
import { shownAround } from './draw-distance.ts';
import { type CrimePage, crimeOf, type ReadCrimeServices } from './read-crime.ts';

/** So many wearers are on a crime's map at most: more are no picture. */
const wearersAtMost = 12;
/** And so many fixes of each, spread over the time. */
const fixesAtMost = 240;

/** Where somebody who is present or unknown was observed around the window. */
export interface NearWearer {
  wearing: number;
  name: string;
  tag: string;
  verdict: string;
  points: [at: number, lon: number, lat: number, accuracyM: number | null][];
}

export interface CrimeWithNear extends CrimePage {
  near: NearWearer[];
  /** How many are present or unknown. */
  nearInAll: number;
}

/**
 * One crime as its page shows it: with the observed fixes of those who are present or unknown, the likelier first. That is a look at where each
 * of them was.
 */
export const readCrimeWithNear: Action<ReadCrimeServices, { id: number }, CrimeWithNear> = {
  name: 'crime.read',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, services, { id }) {
    const { isMadeUp: _, ...page } = await crimeOf(context, services, id);
    const candidates = page.verdicts.filter(({ verdict }) => verdict !== 'excluded');
    const { from, to } = shownAround({ from: page.crime.from_at.getTime(), to: page.crime.to_at.getTime() });
    const near: NearWearer[] = [];
    for (const { wearing, name, tag, verdict } of candidates.slice(0, wearersAtMost)) {
      const { count, columns } = await services.fixes.track(wearing, from, to);
      const rows = Array.from({ length: count }, (_, i) => i).filter((i) => columns.method[i] !== atHome);
      const step = Math.max(1, Math.ceil(rows.length / fixesAtMost));
      const points = rows
        .filter((_, n) => n % step === 0)
        .map((i): NearWearer['points'][number] => {
          const accuracy = columns.accuracyM[i] as number;
          return [
            columns.at[i] as number,
            Number((columns.lon[i] as number).toFixed(6)),
            Number((columns.lat[i] as number).toFixed(6)),
            Number.isNaN(accuracy) ? null : Math.round(accuracy),
          ];
        });
      near.push({ wearing, name, tag, verdict, points });
    }
    await noteSubjects(
      context,
      near.map(({ wearing }) => wearing),
    );
    return { ...page, near, nearInAll: candidates.length };
  },
};
