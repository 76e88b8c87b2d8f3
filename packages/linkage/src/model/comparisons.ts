import type { Field } from '../standardise/field.ts';
import { identifierKinds } from '../standardise/identifier.ts';
import { type Comparison, type Condition, fieldsOf, type Level } from './model.ts';

/** A comparison together with the fields it needs: what a model is composed of. */
export interface Composed {
  fields: Field[];
  comparison: Comparison;
}

export interface FieldOptions {
  /** Columns of the input; the name of the field unless given. */
  from?: string | string[];
}

function composed(field: Field, levels: Level[], personal = false): Composed {
  const all = [...levels, { label: 'different' }];
  return { fields: [field], comparison: { name: field.name, needs: [[field.name]], levels: all, ...(personal ? { personal } : {}) } };
}

function fieldOf(name: string, standard: Field['standard'], { from = name }: FieldOptions, list = false): Field {
  return { name, from: [from].flat(), standard, ...(list ? { list } : {}) };
}

/**
 * A forename or surname: the same (rare ones tell more), a nickname where it is a forename, a slip of one letter, part of a
 * double name, alike by Jaro–Winkler.
 *
 * @param options.swappedWith the other name, where the two may have changed places; give it to one of the two only, and
 *   `swapIsCountedBy` to the other
 */
export function name(
  field: string,
  options: FieldOptions & { forename?: boolean; swappedWith?: string; swapIsCountedBy?: string } = {},
): Composed {
  const forename = options.forename ?? /fore|given|first|middle|christian|known/i.test(field);
  const other = options.swappedWith ?? options.swapIsCountedBy;
  const swapped: Level[] = other
    ? [{ label: 'swapped with the other name', when: { swapped: [field, other] }, ...(options.swapIsCountedBy ? { neutral: true } : {}) }]
    : [];
  return composed(
    fieldOf(field, 'name', options),
    [
      { label: 'same', when: { equal: field }, byFrequencyOf: field },
      ...swapped,
      ...(forename ? [{ label: 'short or pet form', when: { nickname: field } }] : []),
      { label: 'one letter off', when: { edits: field, atMost: 1 } },
      { label: 'part of a double name', when: { contained: field } },
      { label: 'much alike', when: { similar: field, atLeast: 0.9 } },
      { label: 'somewhat alike', when: { similar: field, atLeast: 0.8 } },
    ],
    forename,
  );
}

/** A birth date: the same, day and month exchanged, one digit off or two exchanged, same year and month or day, within a year. */
export function dateOfBirth(field = 'date_of_birth', options: FieldOptions = {}): Composed {
  return composed(
    fieldOf(field, 'date', options),
    [
      { label: 'same', when: { equal: field }, byFrequencyOf: field },
      { label: 'one digit off', when: { edits: field, atMost: 1 } },
      { label: 'day and month exchanged', when: { turned: field } },
      { label: 'same day and month', when: { part: { fields: [field], take: 'month and day' } } },
      { label: 'same year and month', when: { part: { fields: [field], take: 'first', length: 7 } } },
      { label: 'two digits off', when: { edits: field, atMost: 2 } },
      { label: 'same year', when: { part: { fields: [field], take: 'year' } } },
    ],
    true,
  );
}

/** A UK postcode: the same, one character off, same sector, outward part, area. */
export function postcode(field = 'postcode', options: FieldOptions = {}): Composed {
  return composed(fieldOf(field, 'postcode', options), [
    { label: 'same', when: { equal: field }, byFrequencyOf: field },
    { label: 'one character off', when: { edits: field, atMost: 1 } },
    { label: 'same sector', when: { part: { fields: [field], take: 'sector' } } },
    { label: 'same district', when: { part: { fields: [field], take: 'outward' } } },
    { label: 'same area', when: { part: { fields: [field], take: 'area' } } },
  ]);
}

/** An identifier. With a known kind (`nhs`, `upn`, `nino`, `pnc`, `cro`) only right check digits are proof. */
export function identifier(field: string, options: FieldOptions & { kind?: (typeof identifierKinds)[number] | 'code' } = {}): Composed {
  const kind = options.kind ?? identifierKinds.find((known) => field.toLowerCase().includes(known)) ?? 'code';
  const same: Level[] =
    kind === 'code'
      ? [{ label: 'same', when: { equal: field } }]
      : [
          { label: 'same, check digit right', when: { all: [{ equal: field }, { proven: field }] } },
          { label: 'same, check digit wrong', when: { equal: field } },
          // Each of the two is somebody's: however near they are, neither is a slip for the other.
          { label: 'two numbers, both check digits right', when: { proven: field } },
        ];
  return composed(
    fieldOf(field, kind, options),
    [
      ...same,
      { label: 'one character off', when: { edits: field, atMost: 1 } },
      { label: 'two characters off', when: { edits: field, atMost: 2 } },
    ],
    true,
  );
}

/** An address line, a place, or any words: the same, one letter off, alike. */
export function text(field: string, options: FieldOptions = {}): Composed {
  return composed(fieldOf(field, 'text', options), [
    { label: 'same', when: { equal: field }, byFrequencyOf: field },
    { label: 'one letter off', when: { edits: field, atMost: 1 } },
    { label: 'much alike', when: { similar: field, atLeast: 0.92 } },
    { label: 'somewhat alike', when: { similar: field, atLeast: 0.8 } },
  ]);
}

/** A short code or number: the same, one character off. */
export function code(field: string, options: FieldOptions = {}): Composed {
  return composed(fieldOf(field, 'code', options), [
    { label: 'same', when: { equal: field }, byFrequencyOf: field },
    { label: 'one character off', when: { edits: field, atMost: 1 } },
  ]);
}

/** Sex, a state, and other values of a few kinds. */
export function category(field: string, options: FieldOptions = {}): Composed {
  return composed(fieldOf(field, 'text', options), [{ label: 'same', when: { equal: field }, byFrequencyOf: field }]);
}

export function email(field = 'email', options: FieldOptions = {}): Composed {
  return composed(
    fieldOf(field, 'email', options),
    [
      { label: 'same', when: { equal: field }, byFrequencyOf: field },
      { label: 'same before the @', when: { part: { fields: [field], take: 'before @' } } },
      { label: 'one or two letters off', when: { edits: field, atMost: 2 } },
      { label: 'alike', when: { similar: field, atLeast: 0.88 } },
    ],
    true,
  );
}

export function phone(field = 'phone', options: FieldOptions = {}): Composed {
  return composed(fieldOf(field, 'phone', options), [
    { label: 'same', when: { equal: field } },
    { label: 'one digit off', when: { edits: field, atMost: 1 } },
  ]);
}

/** Several values a side (addresses, phones, former names): do they share one? */
export function anyOf(field: string, standard: Field['standard'], options: FieldOptions = {}): Composed {
  return composed(fieldOf(field, standard, options, true), [{ label: 'one in common', when: { shared: field } }]);
}

/**
 * The best of several ways to see the same thing, such as three identifiers of which a record mostly has one: evidence is
 * counted once. Levels are taken by place, so all must have equally many.
 */
export function oneOf(parts: Composed[], called?: string): Composed {
  const [first, ...rest] = parts;
  if (!first) throw new TypeError('oneOf needs at least one comparison');
  const odd = rest.find(({ comparison }) => comparison.levels.length !== first.comparison.levels.length);
  if (odd) {
    throw new TypeError(
      `oneOf needs comparisons with equally many levels: "${first.comparison.name}" has ${first.comparison.levels.length}, "${odd.comparison.name}" has ${odd.comparison.levels.length}`,
    );
  }
  const levels = first.comparison.levels.map((level, i): Level => {
    const conditions = parts.map(({ comparison }) => comparison.levels[i]?.when).filter((when) => when !== undefined);
    return { label: level.label, ...(conditions.length > 0 ? { when: { any: conditions } } : {}) };
  });
  return {
    fields: parts.flatMap(({ fields }) => fields),
    comparison: {
      name: called ?? parts.map(({ comparison }) => comparison.name).join(' or '),
      needs: parts.flatMap(({ comparison }) => comparison.needs),
      levels,
      ...(parts.every(({ comparison }) => comparison.personal) ? { personal: true } : {}),
    },
  };
}

/** Levels of one's own over fields of one's own. The last level, "different", is added. `personal`: tells people of one household apart. */
export function comparison(
  called: string,
  fields: Field[],
  levels: { label: string; when: Condition; byFrequencyOf?: string }[],
  { personal = false }: { personal?: boolean } = {},
): Composed {
  const used = [...new Set(levels.flatMap(({ when }) => fieldsOf(when)))];
  return {
    fields,
    comparison: { name: called, needs: [used], levels: [...levels, { label: 'different' }], ...(personal ? { personal } : {}) },
  };
}
