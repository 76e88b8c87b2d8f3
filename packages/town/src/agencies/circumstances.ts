import type { Random } from '../chance/random.ts';
import type { Resident } from './residents.ts';

/** Something that is so, since a day. The kinds and their values are those that support knows. */
export interface Circumstance {
  kind:
    | 'attendance'
    | 'attainment'
    | 'school exclusion'
    | 'family'
    | 'parent offending'
    | 'substance use'
    | 'occupation'
    | 'housing'
    | 'trusted adult';
  value: string;
  /** `YYYY-MM-DD`. */
  on: string;
}

const dayMs = 86_400_000;

/** What is true of a person on the day the town is looked at. Agencies know parts of it. */
export function circumstancesOf(random: Random, person: Resident, today: string): Circumstance[] {
  const { age, adversity: a } = person;
  const found: Circumstance[] = [];
  const ago = (days: number) => new Date(Date.parse(today) - Math.min(days, age * 365) * dayMs).toISOString().slice(0, 10);
  const add = (kind: Circumstance['kind'], value: string, days = random.integer(5, 300)) => found.push({ kind, value, on: ago(days) });
  const likely = (low: number, high: number) => random.chance(low + (high - low) * a);
  if (age >= 4 && age <= 17) {
    add('attendance', String(Math.round(Math.max(20, 99 - 4 * random.next() - 60 * a * random.next()))), 30);
    if (age >= 7)
      add('attainment', likely(0.08, 0.7) ? (likely(0.1, 0.5) ? 'well below' : 'below') : random.chance(0.3) ? 'above' : 'expected', 120);
    add('school exclusion', likely(0.005, 0.35) ? (likely(0.05, 0.25) ? 'permanent' : 'suspended') : 'none', random.integer(5, 340));
  }
  if (age <= 18) {
    const state = likely(0.004, 0.5)
      ? random.pick(['looked after', 'child protection plan', 'child in need', 'child in need'])
      : 'no concern';
    add('family', state);
    add('parent offending', likely(0.03, 0.45) ? 'yes' : 'no');
  }
  if (age >= 12) add('substance use', likely(0.04, 0.6) ? random.pick(['some', 'some', 'harmful', 'dependent']) : 'none');
  if (age >= 16) {
    add(
      'occupation',
      likely(0.06, 0.6) ? random.pick(['not in education or work', 'not in education or work', 'part-time']) : 'in education or work',
    );
  }
  add(
    'housing',
    likely(0.01, 0.35)
      ? random.pick(['at risk', 'temporary', 'temporary', 'homeless', ...(age >= 16 ? ['rough sleeping'] : [])])
      : 'settled',
  );
  if (age >= 8 && age <= 25) add('trusted adult', random.chance(0.75 - 0.4 * a) ? 'yes' : 'no');
  return found;
}
