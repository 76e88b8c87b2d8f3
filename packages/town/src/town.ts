import { Random } from './chance/random.ts';
import { type PlannedCrime, planCrime, recordCrime, type TownCrime } from './crimes.ts';
import type { TruePath } from './paths.ts';
import { fictionalName } from './people.ts';
import { defaultReceiver, type ReceiverSettings, type ReportedFixes, receive } from './receiver.ts';
import { Routes } from './routes.ts';
import { dayS, drawLife, type Intention, livePath } from './routines.ts';
import { drawConditions, type Incident, type TownRule } from './rules.ts';
import { layStreets, type Streets } from './streets.ts';
import { playTagIncidents, type TagIncident } from './tag-incidents.ts';

export interface TownSettings {
  seed: number;
  wearers: number;
  days: number;
  crimes: number;
  /** Share of the crimes that a wearer commits. */
  byWearers: number;
  /** Milliseconds since 1970 of the first midnight; a Monday reads best. */
  startMs: number;
  receiver: ReceiverSettings;
  /** Puts every wearer under rules, and has them broken now and then. */
  conditions: boolean;
  /** Has straps cut, batteries run flat, receivers jammed and fixes come late. */
  tagIncidents: boolean;
}

export const defaultTown: TownSettings = {
  seed: 7,
  wearers: 60,
  days: 14,
  crimes: 60,
  byWearers: 0.4,
  startMs: Date.UTC(2026, 8, 7),
  receiver: defaultReceiver,
  conditions: false,
  tagIncidents: false,
};

export interface Wearer {
  index: number;
  tag: string;
  name: string;
  path: TruePath;
  fixes: ReportedFixes;
  /** None unless the town was made with `conditions`. */
  rules: TownRule[];
  incidents: Incident[];
  tagIncidents: TagIncident[];
}

/**
 * A fictional English town, Tarnbridge. Wearers are made one at a time, each from a stream of its own, so any size can be
 * written out without being held; crimes are complete once every wearer has been made.
 */
export class Town {
  readonly settings: TownSettings;
  readonly streets: Streets;
  readonly #random: Random;
  readonly #routes: Routes;
  readonly #centre: number[];
  readonly #planned: PlannedCrime[] = [];
  readonly #crimes: TownCrime[] = [];
  #everyWearerMade = false;

  constructor(settings: Partial<TownSettings> = {}) {
    this.settings = { ...defaultTown, ...settings };
    const { seed, wearers, crimes, days, byWearers } = this.settings;
    this.#random = new Random(seed);
    const radiusM = Math.min(4200, 1900 + 45 * Math.sqrt(wearers));
    this.streets = layStreets(this.#random.fork(1), radiusM);
    this.#routes = new Routes(this.streets);
    this.#centre = [...this.streets.x.keys()].filter((i) => Math.hypot(this.streets.x[i] as number, this.streets.y[i] as number) < 600);
    const random = this.#random.fork(2);
    for (let i = 0; i < crimes; i++) {
      const wearer = wearers > 0 && random.chance(byWearers) ? random.integer(0, wearers - 1) : null;
      const planned = planCrime(random.fork(i), this.streets, i, days, wearer);
      this.#planned.push(planned);
      this.#crimes.push(planned.crime);
      if (wearer === null) recordCrime(random.fork(i + 1_000_000), planned.crime, planned.plannedAt, days);
    }
  }

  /**
   * What was recorded. What wearers commit is known once they have been made.
   * @throws Error before `wearers()` has been gone through to its end
   */
  get crimes(): TownCrime[] {
    if (!this.#everyWearerMade)
      throw new Error("A town's crimes are known once all its wearers have been made: go through wearers() first");
    return this.#crimes;
  }

  get endS(): number {
    return this.settings.days * dayS;
  }

  *wearers(): Generator<Wearer> {
    const { wearers, days, receiver } = this.settings;
    const plansOf = new Map<number, [number, PlannedCrime][]>();
    this.#planned.forEach((planned, i) => {
      if (planned.crime.wearer === null) return;
      plansOf.set(planned.crime.wearer, [...(plansOf.get(planned.crime.wearer) ?? []), [i, planned]]);
    });
    for (let index = 0; index < wearers; index++) {
      const random = this.#random.fork(10 + index);
      const life = drawLife(random, this.streets, this.#centre);
      const intentions: Intention[] = (plansOf.get(index) ?? []).map(([i, planned]) => ({
        at: planned.plannedAt,
        junction: planned.junction,
        spot: [planned.crime.trueX, planned.crime.trueY],
        stayS: planned.stayS,
        onArrival: (at) => {
          const committedAt = at + Math.min(planned.stayS / 2, 60);
          // Whoever comes after the last day has ended has not committed it within this town's time.
          if (committedAt < this.endS) recordCrime(random.fork(i + 1_000_000), planned.crime, committedAt, days);
        },
      }));
      const name = fictionalName(random);
      const conditions = this.settings.conditions ? drawConditions(random.fork(4), this.streets, life, days) : null;
      intentions.push(...(conditions?.intentions ?? []));
      const path = livePath(random, this.streets, this.#routes, life, days, intentions);
      const fixes = receive(random.fork(3), path, this.endS, receiver);
      const tagIncidents = this.settings.tagIncidents ? playTagIncidents(random.fork(5), fixes, days) : [];
      // A crime planned too late to be reached was not committed by this wearer after all.
      for (const [i, planned] of plansOf.get(index) ?? []) {
        if (planned.crime.from !== 0 || planned.crime.to !== 0) continue;
        planned.crime.wearer = null;
        recordCrime(random.fork(i + 1_000_000), planned.crime, planned.plannedAt, days);
      }
      const { rules = [], incidents = [] } = conditions ?? {};
      yield { index, tag: tagOf(index), name, path, fixes, rules, incidents, tagIncidents };
    }
    this.#everyWearerMade = true;
  }
}

export function tagOf(index: number): string {
  return `TB-${String(index + 1).padStart(5, '0')}`;
}
