/**
 * What agencies' records can state about a person: the words that mappings translate into and that the instrument reads.
 * Every statement has a day and an expiry; there is no "ever".
 */
export interface FactKind {
  name: string;
  /** The values it may have; `percent` is a number from 0 to 100. */
  values: readonly string[] | 'percent';
  /** How long a statement is relied on, in months after its day. */
  monthsValid: number;
  /** Values that tell of something that happened on the day: a later statement does not take their place. */
  events?: readonly string[];
}

export const factKinds = {
  attendance: { name: 'School attendance', values: 'percent', monthsValid: 12 },
  attainment: { name: 'Attainment at school', values: ['well below', 'below', 'expected', 'above'], monthsValid: 18 },
  'school exclusion': {
    name: 'Exclusion from school',
    values: ['permanent', 'suspended', 'none'],
    monthsValid: 12,
    events: ['permanent', 'suspended'],
  },
  family: {
    name: 'Family and care',
    values: ['looked after', 'child protection plan', 'child in need', 'separated', 'no concern'],
    monthsValid: 18,
  },
  'parent offending': { name: 'Offending by a parent', values: ['yes', 'no'], monthsValid: 24 },
  'substance use': { name: 'Alcohol and drugs', values: ['none', 'some', 'harmful', 'dependent'], monthsValid: 12 },
  occupation: {
    name: 'Education, training and work',
    values: ['in education or work', 'part-time', 'not in education or work'],
    monthsValid: 9,
  },
  housing: { name: 'Housing', values: ['settled', 'at risk', 'temporary', 'homeless', 'rough sleeping'], monthsValid: 12 },
  'trusted adult': { name: 'A trusted adult', values: ['yes', 'no'], monthsValid: 12 },
} as const satisfies Record<string, FactKind>;

export type FactKindKey = keyof typeof factKinds;
export const factKindKeys = Object.keys(factKinds) as FactKindKey[];

/** Why a value cannot stand for this kind; null when it can. */
export function faultOfValue(kind: FactKindKey, value: string): string | null {
  const { values } = factKinds[kind];
  if (values === 'percent') {
    const number = Number(value);
    return value.trim() !== '' && number >= 0 && number <= 100 ? null : 'is no percentage from 0 to 100';
  }
  return (values as readonly string[]).includes(value) ? null : `is none of ${values.join(', ')}`;
}

/** The last day on which a statement of this day is relied on, `YYYY-MM-DD`. */
export function expiryOf(kind: FactKindKey, on: string): string {
  const [year, month, day] = on.split('-').map(Number) as [number, number, number];
  const first = new Date(Date.UTC(year, month - 1 + factKinds[kind].monthsValid, 1));
  const days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(day, days));
  return first.toISOString().slice(0, 10);
}

/** What tells one person from another: the only values of a record that linkage sees. */
export const identityFields = {
  forename: 'Forename',
  middle_name: 'Middle names',
  surname: 'Surname',
  known_as: 'Known as',
  surname_before: 'Former surname',
  date_of_birth: 'Date of birth',
  sex: 'Sex',
  address: 'Address',
  postcode: 'Postcode',
  address_before: 'Former address',
  postcode_before: 'Former postcode',
  phone: 'Phone',
  email: 'E-mail',
  nhs_number: 'NHS number',
  upn: 'Unique pupil number',
} as const;

export type IdentityField = keyof typeof identityFields;
/** What a record says of who it is about, as it was given. */
export type Identity = Partial<Record<IdentityField, string>>;
export const identityKeys = Object.keys(identityFields) as IdentityField[];

/** What an agreement may allow to be looked at only to check another value by; it is kept nowhere. */
export const checkFields = { parent_born: 'Birth date of a parent' } as const;

/** Kept apart from everything else, for the fairness audit alone. */
export const characteristics = { ethnicity: 'Ethnicity' } as const;
export type Characteristic = keyof typeof characteristics;
