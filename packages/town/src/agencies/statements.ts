import { Random } from '../chance/random.ts';
import { shortForm } from '../names/household-names.ts';
import { misdated, misheard, misnumbered, mistyped } from '../names/record-errors.ts';
import { type Circumstance, circumstancesOf } from './circumstances.ts';
import { household, type Register, type Resident } from './residents.ts';

export const agencyNames = ['school', 'social care', 'housing', 'health', 'youth offending'] as const;
export type AgencyName = (typeof agencyNames)[number];

/** What an agency has written down about one person, before it takes the form of its file. */
export interface Statement {
  agency: AgencyName;
  /** The agency's own number for its record. */
  key: string;
  /** The truth: whom the record is about. */
  person: string;
  forename: string | null;
  middleName: string | null;
  surname: string | null;
  knownAs: string | null;
  surnameBefore: string | null;
  born: string | null;
  sex: 'f' | 'm' | null;
  ethnicity: string | null;
  address: string | null;
  postcode: string | null;
  addressBefore: string | null;
  postcodeBefore: string | null;
  phone: string | null;
  email: string | null;
  nhs: string | null;
  upn: string | null;
  circumstances: Circumstance[];
}

export interface AgenciesOptions {
  seed?: number;
  /** How many people live in the town. */
  people: number;
  /** The day on which the agencies write their files, `YYYY-MM-DD`. */
  today: string;
  /** Multiplies every rate of error; 1 unless given. */
  errors?: number;
}

interface Agency {
  /** P(the agency knows this person). */
  knows: (person: Resident) => number;
  /** P(a second record of the same person). */
  again: number;
  /** P(a value is missing). */
  missing: Partial<Record<keyof Statement, number>>;
  /** Errors in a value. */
  slips: number;
  /** What it has to say, of what is so. */
  tells: Circumstance['kind'][];
  prefix: string;
}

const agencies: Record<AgencyName, Agency> = {
  school: {
    knows: ({ age }) => (age >= 4 && age <= 17 ? 0.97 : 0),
    again: 0.01,
    missing: { middleName: 0.1, nhs: 1, phone: 0.6, email: 0.9, upn: 0.005, surnameBefore: 0.6, addressBefore: 1, born: 0.001 },
    slips: 0.012,
    tells: ['attendance', 'attainment', 'school exclusion', 'trusted adult'],
    prefix: 'S',
  },
  'social care': {
    knows: ({ age, adversity }) => (age <= 18 ? 0.03 + 0.6 * adversity : 0.02 + 0.1 * adversity),
    again: 0.04,
    missing: { middleName: 0.3, nhs: 0.25, upn: 0.35, email: 0.8, phone: 0.4, addressBefore: 0.4, surnameBefore: 0.3, born: 0.01 },
    slips: 0.02,
    tells: ['family', 'parent offending'],
    prefix: 'C',
  },
  housing: {
    knows: ({ isTenant, adversity }) => (isTenant ? 0.85 : 0.05 * adversity),
    again: 0.03,
    missing: {
      middleName: 0.5,
      nhs: 1,
      upn: 1,
      ethnicity: 0.6,
      email: 0.3,
      phone: 0.2,
      born: 0.06,
      sex: 0.3,
      addressBefore: 0.5,
      surnameBefore: 0.8,
    },
    slips: 0.03,
    tells: ['housing', 'occupation'],
    prefix: 'T',
  },
  health: {
    knows: () => 0.93,
    again: 0.015,
    missing: { middleName: 0.08, upn: 1, email: 0.6, phone: 0.15, nhs: 0.004, addressBefore: 0.3, surnameBefore: 0.1, born: 0.0005 },
    slips: 0.008,
    tells: ['substance use'],
    prefix: 'H',
  },
  'youth offending': {
    knows: ({ age, adversity }) => (age >= 10 && age <= 21 ? 0.005 + 0.25 * adversity ** 2 : 0),
    again: 0.05,
    missing: { middleName: 0.3, nhs: 0.7, upn: 0.4, email: 0.8, phone: 0.3, addressBefore: 0.3, surnameBefore: 0.6, born: 0.005 },
    slips: 0.025,
    tells: ['substance use', 'occupation', 'trusted adult', 'parent offending'],
    prefix: 'Y',
  },
};

/** P(an agency that could tell something does). Whom an agency knows it has not asked everything. */
const told = 0.8;
/** P(an agency still has the address or surname from before). */
const outOfDate = 0.14;

/** What the town's five agencies have written down, household by household. The same options give the same statements. */
export function* statements({ seed = 1, people, today, errors = 1 }: AgenciesOptions): Generator<Statement> {
  const random = new Random(seed);
  const next: Register = { person: 0, nhs: 0 };
  const numbers = Object.fromEntries(agencyNames.map((name) => [name, 0])) as Record<AgencyName, number>;
  while (next.person < people) {
    for (const person of household(random, today, next)) {
      if (Number(person.id.slice(1)) > people) return;
      const circumstances = circumstancesOf(random, person, today);
      for (const agency of agencyNames) {
        const { knows, again, prefix } = agencies[agency];
        if (!random.chance(knows(person))) continue;
        do yield stated(random, person, circumstances, agency, `${prefix}${String(++numbers[agency]).padStart(6, '0')}`, errors);
        while (random.chance(again));
      }
    }
  }
}

function stated(random: Random, person: Resident, known: Circumstance[], name: AgencyName, key: string, errors: number): Statement {
  const agency = agencies[name];
  const slip = () => random.chance(agency.slips * errors);
  const isOld = random.chance(outOfDate);
  const home = isOld && person.homeBefore ? person.homeBefore : person.home;
  let forename = random.chance(0.04 * errors) ? shortForm(random, person.forename) : person.forename;
  let surname = isOld && person.surnameBefore ? person.surnameBefore : person.surname;
  const written = (text: string) => (slip() ? (random.chance(0.5) ? mistyped(random, text) : misheard(random, text)) : text);
  [forename, surname] = [written(forename), written(surname)];
  if (random.chance(0.004 * errors)) [forename, surname] = [surname, forename];
  let born = slip() ? misdated(random, person.born) : person.born;
  if (random.chance(0.002 * errors)) born = '1900-01-01';
  const given = <T extends string>(
    field: keyof Statement,
    value: T | null,
    wrong: (random: Random, text: string) => string = (_, text) => text,
  ): T | null => {
    if (value === null || random.chance(agency.missing[field] ?? 0.01)) return null;
    return (slip() ? wrong(random, value) : value) as T;
  };
  const before = isOld ? null : person.homeBefore;
  return {
    agency: name,
    key,
    person: person.id,
    forename: given('forename', forename),
    middleName: given('middleName', person.middleName, mistyped),
    surname: given('surname', surname),
    knownAs: random.chance(0.15) ? given('knownAs', shortForm(random, person.forename)) : null,
    surnameBefore: given('surnameBefore', isOld ? null : person.surnameBefore, mistyped),
    born: given('born', born),
    sex: given('sex', person.sex),
    ethnicity: given('ethnicity', person.ethnicity),
    address: given('address', home.address, mistyped),
    postcode: given('postcode', home.postcode, mistyped),
    addressBefore: given('addressBefore', before?.address ?? null, mistyped),
    postcodeBefore: before?.postcode ?? null,
    phone: given('phone', person.phone, misnumbered),
    email: given('email', person.email, mistyped),
    nhs: given('nhs', person.nhs, misnumbered),
    upn: given('upn', person.upn, misnumbered),
    circumstances: known.filter(({ kind }) => agency.tells.includes(kind) && random.chance(told)),
  };
}
