import type { FieldColumn, Records } from '../records/records.ts';
import { jaroWinkler } from '../similarity/jaro-winkler.ts';
import { areNicknames } from '../similarity/nicknames.ts';
import { unproven } from '../standardise/identifier.ts';

/** What must never be one person, whatever the weights say, and what a person has decided. */
export interface Constraints {
  /** Pairs of rows that a person decided are the same, or are not. */
  same?: [number, number][];
  notSame?: [number, number][];
  /** Sources that hold each person at most once. */
  cleanSources?: string[];
  /** How twins show; without it they are not looked for. */
  twins?: TwinRule;
  /** More than names must speak for two records to be one person. */
  moreThanNames?: boolean;
  /** What proves two records to be of two people; without it only weights speak. */
  apart?: ApartRule;
}

/**
 * Two people, whatever else agrees and whatever was learnt, are
 * - those with two different numbers of one kind whose check digits are both right, and another birth date or another forename: a
 *   mother and the daughter who is called after her, or twins whose names are nearly alike;
 * - those with other forenames and other birth dates, and no such number in common: a household.
 * A forename that stands as the other's surname is no other.
 */
export interface ApartRule {
  dateOfBirth: string;
  identifiers: string[];
  forename?: string;
  surname?: string;
}

/**
 * Twins share surname, birth date and address, and have different forenames and no identifier in common. Fields by name;
 * of `address` one that is equal is enough. Within one source of several, which tells its people apart, forenames that are only
 * alike are different ones too.
 */
export interface TwinRule {
  forename: string;
  surname: string;
  dateOfBirth: string;
  address: string[];
  identifiers: string[];
}

export type Obstacle =
  | 'decided not the same'
  | 'two from a source that holds each person once'
  | 'twins'
  | 'other numbers and birth dates'
  | 'other numbers and forenames'
  | 'other forenames and birth dates';

/** Answers whether two records, or two groups of them, may be one person. */
export class ConstraintCheck {
  readonly #records: Records;
  readonly #notSame = new Map<number, Set<number>>();
  readonly #same = new Map<number, Set<number>>();
  readonly #clean: boolean[];
  readonly #twins: ((i: number, j: number) => boolean) | null;
  readonly #apart: ((i: number, j: number) => Obstacle | null) | null;
  readonly #isEmpty: boolean;

  constructor(records: Records, { same = [], notSame = [], cleanSources = [], twins, apart }: Constraints) {
    this.#records = records;
    for (const [i, j] of notSame) both(this.#notSame, i, j);
    for (const [i, j] of same) both(this.#same, i, j);
    this.#clean = records.sources.map((source) => cleanSources.includes(source));
    this.#twins = twins ? twinTest(records, twins, (i, j) => this.#same.get(i)?.has(j) ?? false) : null;
    this.#apart = apart ? apartTest(records, apart, (i, j) => this.#same.get(i)?.has(j) ?? false) : null;
    this.#isEmpty = this.#notSame.size === 0 && !this.#clean.includes(true) && this.#twins === null && this.#apart === null;
  }

  /** Why two groups cannot be one person, and the pair that shows it; null when they can. */
  obstacle(groupA: readonly number[], groupB: readonly number[]): { obstacle: Obstacle; left: number; right: number } | null {
    if (this.#isEmpty) return null;
    const { sourceOf } = this.#records;
    for (const i of groupA) {
      const forbidden = this.#notSame.get(i);
      for (const j of groupB) {
        if (forbidden?.has(j)) return { obstacle: 'decided not the same', left: i, right: j };
        if (sourceOf[i] === sourceOf[j] && this.#clean[sourceOf[i] as number]) {
          return { obstacle: 'two from a source that holds each person once', left: i, right: j };
        }
        if (this.#twins?.(i, j)) return { obstacle: 'twins', left: i, right: j };
        const apart = this.#apart?.(i, j);
        if (apart) return { obstacle: apart, left: i, right: j };
      }
    }
    return null;
  }
}

function both(map: Map<number, Set<number>>, i: number, j: number): void {
  for (const [a, b] of [
    [i, j],
    [j, i],
  ] as const) {
    const found = map.get(a);
    if (found) found.add(b);
    else map.set(a, new Set([b]));
  }
}

function twinTest(records: Records, rule: TwinRule, decidedSame: (i: number, j: number) => boolean): (i: number, j: number) => boolean {
  const code = (field: string) => {
    const column = records.column(field);
    return (row: number) => column.code(row);
  };
  const [forename, surname, dateOfBirth] = [code(rule.forename), code(rule.surname), code(rule.dateOfBirth)];
  const [addresses, identifiers] = [rule.address.map(code), rule.identifiers.map(code)];
  const equal = (of: (row: number) => number, i: number, j: number) => of(i) >= 0 && of(i) === of(j);
  const forenames = records.column(rule.forename);
  const { sourceOf } = records;
  // Of one file alone it is not known that it tells its people apart: looking for doubles in it is the point.
  const several = records.sources.length > 1;
  return (i, j) => {
    if (!equal(surname, i, j) || !equal(dateOfBirth, i, j) || !addresses.some((address) => equal(address, i, j))) return false;
    const [a, b] = [forenames.dictionary.values[forename(i)], forenames.dictionary.values[forename(j)]];
    const isOther = clearlyDiffer(a, b) || (several && sourceOf[i] === sourceOf[j] && onlyAlike(a, b));
    return isOther && !identifiers.some((identifier) => equal(identifier, i, j)) && !decidedSame(i, j);
  };
}

function apartTest(
  records: Records,
  rule: ApartRule,
  decidedSame: (i: number, j: number) => boolean,
): (i: number, j: number) => Obstacle | null {
  const born = records.column(rule.dateOfBirth);
  const numbers = rule.identifiers.map((field) => records.column(field));
  const [forenames, surnames] = [rule.forename, rule.surname].map((field) => (field ? records.column(field) : null)) as [
    FieldColumn | null,
    FieldColumn | null,
  ];
  const isProven = (value: string | undefined) => value !== undefined && !value.startsWith(unproven);
  const standardOf = (column: FieldColumn | null, row: number) => (column ? column.dictionary.values[column.code(row)] : undefined);
  return (i, j) => {
    let haveOther = false;
    let haveSame = false;
    for (const column of numbers) {
      const [x, y] = [column.code(i), column.code(j)];
      if (x < 0 || y < 0 || !isProven(column.dictionary.values[x]) || !isProven(column.dictionary.values[y])) continue;
      if (x === y) haveSame = true;
      else haveOther = true;
    }
    const [a, b] = [born.code(i), born.code(j)];
    const isOtherDay = a >= 0 && b >= 0 && a !== b;
    const [one, other] = [standardOf(forenames, i), standardOf(forenames, j)];
    const found: Obstacle | null =
      haveOther && isOtherDay
        ? 'other numbers and birth dates'
        : haveOther && !haveSame && one !== undefined && other !== undefined && one !== other && !areNicknames(one, other)
          ? 'other numbers and forenames'
          : isOtherDay &&
              !haveSame &&
              clearlyDiffer(one, other) &&
              !isSwapped(one, standardOf(surnames, j)) &&
              !isSwapped(other, standardOf(surnames, i))
            ? 'other forenames and birth dates'
            : null;
    return found !== null && !decidedSame(i, j) ? found : null;
  };
}

/** Not the same, and not another form of it: a slip, or twins who are called nearly alike. */
function onlyAlike(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b && !clearlyDiffer(a, b) && !areNicknames(a, b) && !haveWordInCommon(a, b);
}

function haveWordInCommon(a: string, b: string): boolean {
  return a.split(' ').some((word) => b.split(' ').includes(word));
}

/** A forename that stands as a surname in the other record. */
function isSwapped(forename: string | undefined, surname: string | undefined): boolean {
  return forename !== undefined && surname !== undefined && !clearlyDiffer(forename, surname);
}

/** Different forenames, and not one within the other or a slip in it. */
export function clearlyDiffer(a: string | undefined, b: string | undefined): boolean {
  if (!a || !b || a === b) return false;
  return jaroWinkler(a < b ? a : b, a < b ? b : a) < 0.8 && !areNicknames(a, b) && !haveWordInCommon(a, b);
}
