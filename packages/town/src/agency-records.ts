import { dateIn, emailOf, type Home, homeOf, nhsNumber, phoneOf, upnOf } from './agencies/identities.ts';
import { Random } from './chance/random.ts';
import { forenameOf, shortForm, surnameOf } from './names/household-names.ts';
import { misdated, misheard, misnumbered, mistyped } from './names/record-errors.ts';

/**
 * Records of fictional people as agencies hold them: households over time, who move, marry and have twins, and what each
 * agency wrote down, with the errors agencies make. `person` is the truth.
 */
export interface AgencyRecord {
  record: string;
  source: string;
  person: string;
  forename: string | null;
  surname: string | null;
  date_of_birth: string | null;
  sex: string | null;
  address: string | null;
  postcode: string | null;
  phone: string | null;
  email: string | null;
  nhs_number: string | null;
  upn: string | null;
}

export interface AgencyOptions {
  seed?: number;
  /** About how many people; records are about two and a half times as many. */
  people: number;
  /** Multiplies every rate of error; 1 unless given. */
  errors?: number;
}

/** What an agency writes down, and how carefully. */
interface Agency {
  source: string;
  /** Share of people it knows. */
  reach: number;
  /** More than one record of some people. */
  again: number;
  missing: Partial<Record<keyof AgencyRecord, number>>;
  carelessness: number;
}

const agencies: Agency[] = [
  { source: 'school', reach: 0.7, again: 0.05, missing: { nhs_number: 1, phone: 0.3, email: 0.4, upn: 0.02 }, carelessness: 0.6 },
  { source: 'health', reach: 0.75, again: 0.08, missing: { upn: 1, email: 0.6, nhs_number: 0.03 }, carelessness: 0.8 },
  { source: 'housing', reach: 0.4, again: 0.1, missing: { nhs_number: 1, upn: 1, sex: 0.5, date_of_birth: 0.15 }, carelessness: 1.3 },
  { source: 'social care', reach: 0.3, again: 0.15, missing: { nhs_number: 0.35, upn: 0.5, email: 0.7 }, carelessness: 1 },
  { source: 'youth justice', reach: 0.15, again: 0.2, missing: { nhs_number: 0.9, upn: 0.8, email: 0.8, phone: 0.4 }, carelessness: 1.4 },
];

interface Person {
  forename: string;
  surname: string;
  surnameBefore: string | null;
  born: string;
  sex: 'f' | 'm';
  home: Home;
  homeBefore: Home | null;
  phone: string | null;
  email: string | null;
  nhs: string;
  upn: string | null;
}

/** Errors in a value of an agency of ordinary care. */
const errorRate = 0.06;

/** Streams records, about two and a half for each person, household by household. The same seed gives the same records. */
export function* agencyRecords({ seed = 1, people, errors = 1 }: AgencyOptions): Generator<AgencyRecord> {
  const random = new Random(seed);
  let number = 0;
  let written = 0;
  while (number < people) {
    for (const person of household(random)) {
      if (number >= people) return;
      number++;
      for (const agency of agencies) {
        if (!random.chance(agency.reach)) continue;
        do yield writtenDown(random, person, agency, `p${number}`, `r${++written}`, errors);
        while (random.chance(agency.again));
      }
    }
  }
}

function household(random: Random): Person[] {
  const home = homeOf(random);
  const before = random.chance(0.25) ? homeOf(random) : null;
  const surname = surnameOf(random);
  const phone = phoneOf(random);
  const people: Person[] = [];
  const size = random.pick([1, 1, 2, 2, 3, 3, 4, 5]);
  const adultYear = random.integer(1950, 2000);
  for (let i = 0; i < size; i++) {
    const child = i >= 2;
    const sex = random.chance(0.5) ? 'f' : 'm';
    const year = child ? adultYear + random.integer(18, 40) : adultYear + random.integer(-4, 4);
    const born = dateIn(random, Math.min(2022, year));
    people.push(
      personOf(random, {
        sex,
        born,
        surname: i === 1 && random.chance(0.4) ? surnameOf(random) : surname,
        home,
        before,
        phone: child ? null : phone,
      }),
    );
    const last = people[people.length - 1] as Person;
    // Twins: about one birth in seventy, and they are what linkage finds hardest.
    if (child && random.chance(0.03)) {
      const twin = personOf(random, { sex: random.chance(0.5) ? 'f' : 'm', born: last.born, surname, home, before, phone: null });
      if (twin.forename !== last.forename) people.push(twin);
    }
  }
  return people;
}

function personOf(
  random: Random,
  {
    sex,
    born,
    surname,
    home,
    before,
    phone,
  }: { sex: 'f' | 'm'; born: string; surname: string; home: Home; before: Home | null; phone: string | null },
): Person {
  const forename = forenameOf(random, sex);
  const married = Number(born.slice(0, 4)) < 2004 && random.chance(sex === 'f' ? 0.2 : 0.03);
  return {
    forename,
    surname: married && random.chance(0.15) ? `${surname}-${surnameOf(random)}` : surname,
    surnameBefore: married ? surnameOf(random) : null,
    born,
    sex,
    home,
    homeBefore: before,
    phone: phone ?? (random.chance(0.4) ? phoneOf(random) : null),
    email: random.chance(0.6) ? emailOf(random, forename, surname) : null,
    nhs: nhsNumber(random),
    upn: Number(born.slice(0, 4)) >= 1996 ? upnOf(random) : null,
  };
}

function writtenDown(random: Random, person: Person, agency: Agency, truth: string, record: string, errors: number): AgencyRecord {
  const rate = errorRate * agency.carelessness * errors;
  const slip = () => random.chance(rate);
  const old = random.chance(0.35);
  const home = old && person.homeBefore ? person.homeBefore : person.home;
  let forename = random.chance(0.08 * errors) ? shortForm(random, person.forename) : person.forename;
  let surname = old && person.surnameBefore ? person.surnameBefore : person.surname;
  if (surname.includes('-') && random.chance(0.4)) surname = random.pick(surname.split('-'));
  if (slip()) forename = random.chance(0.5) ? mistyped(random, forename) : misheard(random, forename);
  if (slip()) surname = random.chance(0.5) ? mistyped(random, surname) : misheard(random, surname);
  if (random.chance(0.008 * errors)) [forename, surname] = [surname, forename];
  let born: string | null = slip() ? misdated(random, person.born) : person.born;
  if (random.chance(0.006 * errors)) born = '1900-01-01';
  const given = <K extends keyof AgencyRecord>(
    field: K,
    value: string | null,
    wrong: (random: Random, text: string) => string,
  ): string | null => {
    if (value === null || random.chance(agency.missing[field] ?? 0.02))
      return random.chance(0.02) && field === 'surname' ? 'unknown' : null;
    return slip() ? wrong(random, value) : value;
  };
  const asIs = (_: Random, text: string) => text;
  return {
    record,
    source: agency.source,
    person: truth,
    forename: given('forename', forename, asIs),
    surname: given('surname', surname, asIs),
    date_of_birth: given('date_of_birth', born, asIs),
    sex: given('sex', person.sex === 'f' ? 'female' : 'male', asIs),
    address: given('address', home.address, mistyped),
    postcode: given('postcode', home.postcode, mistyped),
    phone: given('phone', person.phone, misnumbered),
    email: given('email', person.email, mistyped),
    nhs_number: given('nhs_number', person.nhs, misnumbered),
    upn: given('upn', person.upn, misnumbered),
  };
}
