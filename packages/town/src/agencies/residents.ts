import type { Random } from '../chance/random.ts';
import { forenameOf, surnameOf } from '../names/household-names.ts';
import { dateIn, emailOf, type Home, homeOf, phoneOf, upnOf } from './identities.ts';

/** Someone who lives in the town, as they truly are. */
export interface Resident {
  id: string;
  forename: string;
  middleName: string | null;
  surname: string;
  /** A surname borne before. */
  surnameBefore: string | null;
  /** `YYYY-MM-DD`. */
  born: string;
  /** Whole years on the day the town is looked at. */
  age: number;
  sex: 'f' | 'm';
  ethnicity: string;
  home: Home;
  homeBefore: Home | null;
  phone: string | null;
  email: string | null;
  nhs: string;
  upn: string | null;
  /** The household rents from the council or a housing association. */
  isTenant: boolean;
  /** 0 to 1: how much has gone wrong around this person. What agencies know follows from it, and nothing else does. */
  adversity: number;
}

const ethnicities = ['White British', 'White other', 'Asian', 'Black', 'Mixed', 'Other'];
const ethnicityShares = [0.72, 0.08, 0.09, 0.05, 0.04, 0.02];
/** Twins among births: about one birth in sixty-six in England. */
const twinRate = 0.015;

/** The people of one household on a day: one or two adults, their children and grown-up children. Ids count on from `next`. */
export function household(random: Random, today: string, next: Register): Resident[] {
  const year = Number(today.slice(0, 4));
  // Nobody is born yet who will be.
  const bornIn = (own: number) => {
    const born = dateIn(random, own);
    return born > today ? `${own - 1}${born.slice(4)}` : born;
  };
  const home = homeOf(random);
  const homeBefore = random.chance(0.3) ? homeOf(random) : null;
  const surname = surnameOf(random);
  const ethnicity = weighted(random, ethnicities, ethnicityShares);
  const isTenant = random.chance(0.3);
  const strain = random.next() ** 3 * (isTenant ? 1 : 0.6);
  const phone = phoneOf(random);
  const shared = { home, homeBefore, ethnicity, isTenant };
  const people: Resident[] = [];
  const add = (sex: 'f' | 'm', born: string, of: string, phones: string | null, before: string | null = null): Resident => {
    const person = resident(random, { ...shared, sex, born, surname: of, surnameBefore: before, phone: phones, year, next, strain });
    people.push(person);
    return person;
  };
  const parentAge = random.integer(22, 60);
  const sexes = random.chance(0.9) ? (['f', 'm'] as const) : (['f', 'f'] as const);
  const both = random.chance(0.62);
  const first = add(sexes[0], bornIn(year - parentAge), surname, phone, random.chance(0.3) ? surnameOf(random) : null);
  if (both)
    add(
      sexes[1],
      bornIn(year - parentAge + random.integer(-6, 6)),
      random.chance(0.75) ? surname : surnameOf(random),
      random.chance(0.5) ? phone : null,
    );
  const children = random.pick([0, 0, 1, 1, 2, 2, 3, 4]);
  for (let i = 0; i < children; i++) {
    const age = random.integer(0, Math.min(25, first.age - 17));
    const child = add(random.chance(0.5) ? 'f' : 'm', bornIn(year - age), surname, null);
    if (random.chance(twinRate)) {
      const twin = add(random.chance(0.5) ? 'f' : 'm', child.born, surname, null);
      if (twin.forename === child.forename) people.pop();
    }
  }
  return people;
}

function resident(
  random: Random,
  {
    phone,
    year,
    next,
    strain,
    ...given
  }: Pick<Resident, 'home' | 'homeBefore' | 'ethnicity' | 'isTenant' | 'sex' | 'born' | 'surname' | 'surnameBefore' | 'phone'> & {
    year: number;
    next: Register;
    strain: number;
  },
): Resident {
  const forename = forenameOf(random, given.sex);
  const middle = random.chance(0.78) ? forenameOf(random, given.sex) : null;
  const age = year - Number(given.born.slice(0, 4));
  const number = ++next.person;
  return {
    ...given,
    id: `p${number}`,
    forename,
    middleName: middle === forename ? null : middle,
    age,
    phone: age < 11 ? null : (phone ?? (random.chance(0.7) ? phoneOf(random) : null)),
    email: age >= 13 && random.chance(0.6) ? emailOf(random, forename, given.surname) : null,
    nhs: nextNhsNumber(next),
    upn: age >= 4 && age <= 25 ? upnOf(random) : null,
    adversity: Math.min(1, strain + 0.5 * random.next() ** 4),
  };
}

/** Counts people and the numbers given to them. */
export interface Register {
  person: number;
  nhs: number;
}

/** A different number for each person, from the block that the NHS keeps for tests: they begin with 999. */
function nextNhsNumber(next: Register): string {
  for (;;) {
    // A step that has no divisor in common with the million numbers there are visits each once.
    const digits = `999${String((++next.nhs * 387_420_489) % 1_000_000).padStart(6, '0')}`;
    let sum = 0;
    for (let i = 0; i < 9; i++) sum += Number(digits[i]) * (10 - i);
    const check = (11 - (sum % 11)) % 11;
    if (check < 10) return digits + String(check);
  }
}

function weighted<T>(random: Random, items: readonly T[], shares: readonly number[]): T {
  let rest = random.next();
  for (let i = 0; i < items.length; i++) {
    rest -= shares[i] as number;
    if (rest < 0) return items[i] as T;
  }
  return items[items.length - 1] as T;
}
