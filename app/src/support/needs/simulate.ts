import { sql } from 'kysely';
import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, type Performer } from '../../platform/action.ts';
import { type Calendar, todayOf } from '../../platform/days.ts';
import { type Share, shareOf } from '../fairness/index.ts';
import { personOf, readFactsOf, readRecordsOf } from '../people/index.ts';
import { currentInstrument, type Instrument, InstrumentError, readInstrument } from './instrument.ts';
import { computeProfile, type NoProfile, type Profile, triggersOf } from './profile.ts';

/** More people than this are not gone through: a fixed sample of them stands for all. */
const peopleAtMost = 20_000;
const personsTogether = 2_000;

export interface Simulation {
  from: string;
  to: string;
  today: string;
  /** People who have a profile under either. */
  people: number;
  /** All people on record; where it is more than were gone through, the figures are of a sample. */
  onRecord: number;
  isSample: boolean;
  /** People with any factor at another level, or another score. */
  changed: Share & { count: number };
  higher: number;
  lower: number;
  /** How many people move from which band to which. Null: no band, because the range reaches over several. */
  bands: { before: string | null; after: string | null; people: number }[];
  factors: { name: string; standing: 'in both' | 'new' | 'left out'; higher: number; lower: number; wider: number; narrower: number }[];
  triggered: { before: number; after: number };
}

interface Counted {
  profiles: [Profile | NoProfile, Profile | NoProfile];
  triggered: [boolean, boolean];
}

const readPart: Action<null, { upto: number; offset: number; today: string; instruments: [Instrument, Instrument] }, Counted[]> = {
  name: 'instrument.simulate',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { upto, offset, today, instruments }) {
    // The order by a digest is the same every time and has nothing to do with who they are.
    const { rows } = await sql<{ id: number }>`
      SELECT id FROM support.persons WHERE ended_at IS NULL AND NOT EXISTS (
        SELECT FROM support.withdrawals w WHERE w.person_id = persons.id AND w.ended_at IS NULL) ORDER BY md5(id::text) LIMIT ${Math.min(personsTogether, upto - offset)} OFFSET ${offset}`.execute(
      tx,
    );
    const ids = rows.map(({ id }) => id);
    const records = await readRecordsOf(tx, ids);
    const facts = await readFactsOf(tx, ids, today);
    note(null, { persons: ids.length, from: instruments[0].version, to: instruments[1].version });
    return ids.flatMap((id): Counted[] => {
      const own = records.get(id);
      if (!own) return [];
      const { born } = personOf(own.map(({ identity }) => identity));
      const stated = facts.get(id) ?? [];
      const [before, after] = instruments;
      return [
        {
          profiles: [computeProfile(before, stated, born, today), computeProfile(after, stated, born, today)],
          triggered: [triggersOf(before, stated, today).length > 0, triggersOf(after, stated, today).length > 0],
        },
      ];
    });
  },
};

const countPeople: Action<null, null, number> = {
  name: 'instrument.simulate',
  room: 'support',
  purpose: 'support',
  async run({ tx }) {
    const { rows } = await sql<{ people: number }>`SELECT count(*)::int AS people FROM support.persons WHERE ended_at IS NULL`.execute(tx);
    return rows[0]?.people ?? 0;
  },
};

/**
 * What another instrument would do to the people on record, before anybody adopts it. Nothing is stored.
 * @param text the instrument, in the form of its file
 * @throws InvalidError when it cannot be used, naming each fault
 */
export async function simulateInstrument(
  performer: Performer,
  actor: Actor,
  text: string,
  calendar: Calendar,
  onProgress: (done: number, all: number) => void = () => undefined,
): Promise<Simulation> {
  const [before, after] = [currentInstrument(), draftFrom(text)];
  const today = todayOf(calendar);
  const onRecord = await performer.perform(actor, countPeople, null, null);
  const upto = Math.min(peopleAtMost, onRecord);
  const tally = new Tally(before, after);
  for (let offset = 0; offset < upto; offset += personsTogether) {
    const part = await performer.perform(actor, readPart, null, { upto, offset, today, instruments: [before, after] });
    for (const person of part) tally.add(person);
    onProgress(Math.min(upto, offset + personsTogether), upto);
  }
  return { from: before.version, to: after.version, today, onRecord, isSample: upto < onRecord, ...tally.result() };
}

function draftFrom(text: string): Instrument {
  try {
    return readInstrument(text);
  } catch (error) {
    if (error instanceof InstrumentError) throw new InvalidError(error.message, 'draft');
    throw error;
  }
}

type FactorTally = Simulation['factors'][number];

/** Counts how people fare under both. */
class Tally {
  readonly #factors: Map<string, FactorTally>;
  readonly #bands = new Map<string, Simulation['bands'][number]>();
  readonly #triggered = { before: 0, after: 0 };
  #people = 0;
  #changed = 0;
  #higher = 0;
  #lower = 0;

  constructor(before: Instrument, after: Instrument) {
    const old = new Set(before.factors.map(({ key }) => key));
    const now = new Set(after.factors.map(({ key }) => key));
    const nothing = { higher: 0, lower: 0, wider: 0, narrower: 0 };
    this.#factors = new Map([
      ...after.factors.map(({ key, name }): [string, FactorTally] => [
        key,
        { name, standing: old.has(key) ? 'in both' : 'new', ...nothing },
      ]),
      ...before.factors
        .filter(({ key }) => !now.has(key))
        .map(({ key, name }): [string, FactorTally] => [key, { name, standing: 'left out', ...nothing }]),
    ]);
  }

  add({ profiles: [before, after], triggered }: Counted): void {
    if (triggered[0]) this.#triggered.before++;
    if (triggered[1]) this.#triggered.after++;
    const [old, now] = [before, after].map((own) => ('factors' in own ? own : null));
    if (!old && !now) return;
    this.#people++;
    const bands = { before: old?.band ?? null, after: now?.band ?? null };
    const key = JSON.stringify(bands);
    const move = this.#bands.get(key) ?? { ...bands, people: 0 };
    move.people++;
    this.#bands.set(key, move);
    let isChanged = old?.score.low !== now?.score.low || old?.score.high !== now?.score.high;
    for (const [factor, tally] of this.#factors) {
      const a = rangeOf(old, factor);
      const b = rangeOf(now, factor);
      if (a.low === b.low && a.high === b.high) continue;
      isChanged = true;
      if (b.low > a.low) tally.higher++;
      if (b.low < a.low) tally.lower++;
      const growth = b.high - b.low - (a.high - a.low);
      if (growth > 0) tally.wider++;
      if (growth < 0) tally.narrower++;
    }
    if (isChanged) this.#changed++;
    const step = (now?.score.low ?? 0) - (old?.score.low ?? 0);
    if (step > 0) this.#higher++;
    if (step < 0) this.#lower++;
  }

  result(): Omit<Simulation, 'from' | 'to' | 'today' | 'onRecord' | 'isSample'> {
    return {
      people: this.#people,
      changed: { count: this.#changed, ...shareOf(this.#changed, this.#people) },
      higher: this.#higher,
      lower: this.#lower,
      bands: [...this.#bands.values()].sort((a, b) => b.people - a.people),
      factors: [...this.#factors.values()],
      triggered: this.#triggered,
    };
  }
}

function rangeOf(profile: Profile | null | undefined, factor: string): { low: number; high: number } {
  const found = profile?.factors.find(({ key, applies }) => key === factor && applies);
  return found ?? { low: 0, high: 0 };
}
