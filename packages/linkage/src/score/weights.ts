import type { Patterns } from '../compare/patterns.ts';
import type { Comparison, Level, LinkageModel } from '../model/model.ts';
import type { FieldColumn, Records } from '../records/records.ts';

/**
 * Weights are whole multiples of this many bits, so that their sums are exact and the order of adding never matters.
 */
export const weightGrain = 1 / 1024;

/** What one comparison adds to a pair's weight. */
export interface WeightPart {
  comparison: string;
  /** The level's label; `null` where a value is missing. */
  level: string | null;
  /** log₂(m/u), by the value's own frequency where the level says so. */
  bits: number;
  /** Of these, what the rarity of the shared value adds or takes. */
  rarityBits: number;
}

/**
 * Match weights in bits (Fellegi & Sunter 1969): log₂ of the odds for the same person, the sum of the prior's and of each
 * comparison's log₂(m/u). Agreement on a value takes the value's own frequency for u where the level asks for it.
 */
export class Weights {
  readonly priorBits: number;
  readonly #records: Records;
  readonly #patterns: Patterns;
  readonly #bits: Float64Array[];
  readonly #m: Float64Array[];
  /** Per comparison and level: the field whose frequency counts, or null. */
  readonly #rarity: (FieldColumn | null)[][];
  readonly #mBySources: (Map<number, Float64Array> | null)[];
  readonly #hasSources: boolean;
  /** log₂ odds of "others of one household" against strangers, and what each level adds to it; null where there are none. */
  readonly #household: HouseholdBits | null;

  constructor(model: LinkageModel, records: Records, patterns: Patterns) {
    this.#records = records;
    this.#patterns = patterns;
    const lambda = model.prior?.value ?? 1 / Math.max(2, records.size);
    this.priorBits = grain(Math.log2(lambda / (1 - lambda)));
    this.#bits = model.comparisons.map(({ levels }) => Float64Array.from([...levels.map(levelBits), 0]));
    this.#m = model.comparisons.map(({ levels }) => Float64Array.from(levels.map((level) => level.m?.value ?? 0)));
    this.#rarity = model.comparisons.map(({ levels }) =>
      levels.map((level) => (level.byFrequencyOf && levelBits(level) !== 0 ? records.column(level.byFrequencyOf) : null)),
    );
    this.#mBySources = model.comparisons.map((comparison) => mBySources(comparison, records));
    this.#household = household(model);
    this.#hasSources = this.#mBySources.some((own) => own !== null);
  }

  /** The weight of a pair with this pattern. */
  of(i: number, j: number, pattern: number): number {
    let bits = this.priorBits;
    let home = this.#household?.priorBits ?? 0;
    let rest = pattern;
    const { comparators } = this.#patterns;
    for (let c = 0; c < comparators.length; c++) {
      const radix = (this.#bits[c] as Float64Array).length;
      const level = rest % radix;
      rest = (rest - level) / radix;
      bits += this.#part(c, level, i, j);
      if (this.#household) home += this.#householdPart(c, level, i);
    }
    return this.#household ? bits - householdBits(home) : bits;
  }

  /** The same, comparison by comparison, and what the household takes away. */
  parts(i: number, j: number, pattern: number): WeightPart[] {
    let home = this.#household?.priorBits ?? 0;
    const parts = this.#patterns.comparators.map(({ comparison, missing }, c): WeightPart => {
      const level = this.#patterns.level(pattern, c);
      if (this.#household) home += this.#householdPart(c, level, i);
      if (level === missing) return { comparison: comparison.name, level: null, bits: 0, rarityBits: 0 };
      const bits = this.#part(c, level, i, j);
      return {
        comparison: comparison.name,
        level: (comparison.levels[level] as Level).label,
        bits,
        rarityBits: bits - this.#plainBits(c, level, i, j),
      };
    });
    const taken = this.#household ? householdBits(home) : 0;
    if (taken > 0) parts.push({ comparison: 'household', level: 'may be another person of it', bits: -taken, rarityBits: 0 });
    return parts;
  }

  #householdPart(c: number, level: number, i: number): number {
    const { h, bits } = this.#household as HouseholdBits;
    const own = (bits[c] as Float64Array)[level] as number;
    const column = this.#rarity[c]?.[level];
    if (own === 0 || !column) return own;
    return Math.log2(((h[c] as Float64Array)[level] as number) / this.#frequency(column, column.code(i)));
  }

  #part(c: number, level: number, i: number, j: number): number {
    const column = this.#rarity[c]?.[level];
    const bits = this.#hasSources ? this.#plainBits(c, level, i, j) : ((this.#bits[c] as Float64Array)[level] as number);
    if (!column) return bits;
    const m = this.#hasSources ? this.#mOf(c, level, i, j) : ((this.#m[c] as Float64Array)[level] as number);
    return grain(Math.log2(m / this.#frequency(column, column.code(i))));
  }

  #plainBits(c: number, level: number, i: number, j: number): number {
    const bits = (this.#bits[c] as Float64Array)[level] as number;
    const own = this.#m[c]?.[level] as number;
    const m = this.#mOf(c, level, i, j);
    return m === own || bits === 0 ? bits : grain(bits + Math.log2(m / own));
  }

  #mOf(c: number, level: number, i: number, j: number): number {
    const bySources = this.#mBySources[c];
    if (bySources) {
      const { sourceOf } = this.#records;
      const own = bySources.get(sourcePair(sourceOf[i] as number, sourceOf[j] as number))?.[level];
      if (own) return own;
    }
    return (this.#m[c] as Float64Array)[level] as number;
  }

  /** How often another record has this value: the record itself is left out. */
  #frequency(column: FieldColumn, code: number): number {
    const others = Math.max(1, column.dictionary.count(code) - 1);
    return others / Math.max(1, column.known - 1);
  }
}

/** log₂(m/u) of a level; 0 where it tells nothing. */
export function levelBits({ m, u, neutral }: Level): number {
  if (neutral || !m || !u || m.origin === 'not estimated' || u.origin === 'not estimated' || m.value <= 0 || u.value <= 0) return 0;
  return grain(Math.log2(m.value / u.value));
}

/**
 * What the chance of another person of the household takes from a weight: log₂(1 + odds of household against strangers). The
 * odds for the same person are against both, so the household's share joins the strangers'.
 */
function householdBits(home: number): number {
  return grain(home > 50 ? home : Math.log2(1 + 2 ** home));
}

interface HouseholdBits {
  priorBits: number;
  h: Float64Array[];
  bits: Float64Array[];
}

function household(model: LinkageModel): HouseholdBits | null {
  if (!model.household || model.household.value <= 0) return null;
  const { value } = model.household;
  return {
    priorBits: Math.log2(value / (1 - value)),
    h: model.comparisons.map(({ levels }) => Float64Array.from(levels.map((level) => level.h?.value ?? 0))),
    bits: model.comparisons.map(({ levels }) =>
      Float64Array.from([
        ...levels.map((level) => (level.h && level.u && levelBits(level) !== 0 ? Math.log2(level.h.value / level.u.value) : 0)),
        0,
      ]),
    ),
  };
}

/** P(same person) of a weight in bits. */
export function probabilityOf(bits: number): number {
  return 1 / (1 + 2 ** -bits);
}

function grain(bits: number): number {
  return Math.round(bits / weightGrain) * weightGrain;
}

function mBySources({ mBySources: given }: Comparison, records: Records): Map<number, Float64Array> | null {
  if (!given || given.length === 0) return null;
  const found = new Map<number, Float64Array>();
  for (const { sources, m } of given) {
    const [a, b] = sources.map((source) => records.sources.indexOf(source)) as [number, number];
    if (a >= 0 && b >= 0) found.set(sourcePair(a, b), Float64Array.from(m));
  }
  return found;
}

function sourcePair(a: number, b: number): number {
  return a < b ? a * 65_536 + b : b * 65_536 + a;
}
