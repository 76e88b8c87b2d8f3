import { type Comparison, type Condition, fieldsOf } from '../model/model.ts';
import type { FieldColumn, Records } from '../records/records.ts';
import { PairMemo } from './pair-memo.ts';
import { type KnownSimilarity, mostEdits, type SingleCondition, testCondition } from './test-condition.ts';
import { type ValueTest, valueTest } from './value-tests.ts';

export interface CompareOptions {
  /** Pairs of values that each field of each comparison remembers at most; 0 where pairs hardly ever come again. */
  rememberedPairs?: number;
  /** Works everything out each time: slow, obvious, and the same answers. For tests. */
  plain?: boolean;
}

const defaultRememberedPairs = 4_000_000;

/** What holds between two values of one field, as bits: one for each condition that the comparison asks of the field. */
class FieldTests {
  readonly column: FieldColumn;
  readonly conditions: SingleCondition[] = [];
  readonly #memo: PairMemo | null;
  readonly #plain: boolean;
  #equalBits = new Int32Array(0);
  #tests: ValueTest[] = [];
  readonly #known: KnownSimilarity = { jaroWinkler: undefined, edits: undefined, editsAtMost: 1 };

  constructor(column: FieldColumn, { rememberedPairs = defaultRememberedPairs, plain = false }: CompareOptions) {
    this.column = column;
    this.#plain = plain;
    this.#memo = plain || rememberedPairs === 0 ? null : new PairMemo(rememberedPairs);
  }

  /** The bit of a condition. */
  bitOf(condition: SingleCondition): number {
    const same = JSON.stringify(condition);
    let i = this.conditions.findIndex((known) => JSON.stringify(known) === same);
    if (i < 0) i = this.conditions.push(condition) - 1;
    return i;
  }

  /** To be called when all conditions are known. */
  ready(): void {
    this.#known.editsAtMost = mostEdits(this.conditions);
    const least = Math.min(...this.conditions.map((condition) => ('similar' in condition ? condition.atLeast : 1)));
    this.#tests = this.conditions.map((condition) => valueTest(condition, this.column.dictionary, least));
  }

  /** −1 where a value is missing on a side. */
  bits(a: number, b: number): number {
    if (a < 0 || b < 0) return -1;
    if (this.#plain) return this.#find(a, b);
    if (a === b) return this.#bitsOfEqual(a);
    return this.#memo === null ? this.#find(a, b) : this.#memo.get(a, b, this.#find);
  }

  #bitsOfEqual(code: number): number {
    if (code >= this.#equalBits.length) {
      const larger = new Int32Array(Math.max(1024, 2 * code, this.column.dictionary.size)).fill(-1);
      larger.set(this.#equalBits);
      this.#equalBits = larger;
    }
    const known = this.#equalBits[code] as number;
    if (known >= 0) return known;
    const found = this.#find(code, code);
    this.#equalBits[code] = found;
    return found;
  }

  readonly #find = (a: number, b: number): number => {
    this.#known.jaroWinkler = undefined;
    this.#known.edits = undefined;
    let bits = 0;
    for (let i = 0; i < this.conditions.length; i++) {
      if (this.#holds(i, a, b)) bits |= 1 << i;
    }
    return bits;
  };

  #holds(i: number, a: number, b: number): boolean {
    if (!this.#plain) return (this.#tests[i] as ValueTest)(a, b, this.#known);
    const { values } = this.column.dictionary;
    return testCondition(this.conditions[i] as SingleCondition, values[a] as string, values[b] as string, this.#known);
  }
}

/** Gives the level of pairs of records in one comparison. */
export class Comparator {
  readonly comparison: Comparison;
  /** Stands for "nothing is known", one past the last level. */
  readonly missing: number;
  readonly #fields: FieldTests[] = [];
  readonly #needs: number[][];
  readonly #levels: ((bits: Int32Array, i: number, j: number) => boolean)[];
  readonly #neutral: boolean[];
  readonly #bits: Int32Array;
  /** Where one field decides all, the level by its bits, filled as they come up. */
  readonly #levelOfBits: Map<number, number> | null;

  constructor(comparison: Comparison, records: Records, options: CompareOptions = {}) {
    this.comparison = comparison;
    this.missing = comparison.levels.length;
    const field = (name: string): number => {
      const found = this.#fields.findIndex(({ column }) => column.field.name === name);
      return found >= 0 ? found : this.#fields.push(new FieldTests(records.column(name), options)) - 1;
    };
    this.#needs = comparison.needs.map((set) => set.map(field));
    this.#levels = comparison.levels.map(({ when }) => (when ? this.#compile(when, field) : () => true));
    this.#neutral = comparison.levels.map(({ neutral }) => neutral ?? false);
    for (const tests of this.#fields) tests.ready();
    this.#bits = new Int32Array(this.#fields.length);
    const single = this.#fields.length === 1 && !JSON.stringify(comparison.levels).includes('"swapped"');
    this.#levelOfBits = single && !options.plain ? new Map() : null;
  }

  /** The fields whose values decide. */
  get fields(): string[] {
    return this.#fields.map(({ column }) => column.field.name);
  }

  /** The index of the level that records i and j reach; `missing` where nothing is known or nothing is told. */
  level(i: number, j: number): number {
    if (this.#levelOfBits) {
      const only = this.#fields[0] as FieldTests;
      const bits = only.bits(only.column.code(i), only.column.code(j));
      if (bits < 0) return this.missing;
      const known = this.#levelOfBits.get(bits);
      if (known !== undefined) return known;
      this.#bits[0] = bits;
      const level = this.#firstThatHolds(i, j);
      this.#levelOfBits.set(bits, level);
      return level;
    }
    for (let f = 0; f < this.#fields.length; f++) {
      const tests = this.#fields[f] as FieldTests;
      this.#bits[f] = tests.bits(tests.column.code(i), tests.column.code(j));
    }
    if (!this.#needs.some((set) => set.every((f) => (this.#bits[f] as number) >= 0))) return this.missing;
    return this.#firstThatHolds(i, j);
  }

  #firstThatHolds(i: number, j: number): number {
    for (let level = 0; level < this.#levels.length; level++) {
      if (this.#levels[level]?.(this.#bits, i, j)) return this.#neutral[level] ? this.missing : level;
    }
    return this.missing;
  }

  #compile(condition: Condition, field: (name: string) => number): (bits: Int32Array, i: number, j: number) => boolean {
    if ('all' in condition) {
      const parts = condition.all.map((part) => this.#compile(part, field));
      return (bits, i, j) => parts.every((part) => part(bits, i, j));
    }
    if ('any' in condition) {
      const parts = condition.any.map((part) => this.#compile(part, field));
      return (bits, i, j) => parts.some((part) => part(bits, i, j));
    }
    if ('swapped' in condition) {
      const [first, second] = condition.swapped.map((name) => (this.#fields[field(name)] as FieldTests).column) as [
        FieldColumn,
        FieldColumn,
      ];
      return (_bits, i, j) => crosses(first, second, i, j) && crosses(first, second, j, i);
    }
    const name = fieldsOf(condition)[0] as string;
    const f = field(name);
    const mask = 1 << (this.#fields[f] as FieldTests).bitOf(condition);
    return (bits) => (bits[f] as number) >= 0 && ((bits[f] as number) & mask) !== 0;
  }
}

/** Does the first field of one record stand in the second of the other? */
function crosses(first: FieldColumn, second: FieldColumn, i: number, j: number): boolean {
  const a = first.code(i);
  const b = second.code(j);
  return a >= 0 && b >= 0 && first.dictionary.values[a] === second.dictionary.values[b];
}
