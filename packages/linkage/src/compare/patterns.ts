import type { LinkageModel } from '../model/model.ts';
import type { Records } from '../records/records.ts';
import { Comparator, type CompareOptions } from './comparator.ts';

/**
 * Levels of all comparisons of a pair in one number, its agreement pattern: mixed radix, the first comparison the smallest.
 * Exact up to 2⁵³, which is checked.
 */
export class Patterns {
  readonly comparators: Comparator[];
  /** What one step of each comparison's level adds to the pattern. */
  readonly steps: number[];
  /** How many patterns there could be. */
  readonly size: number;

  /** @throws RangeError when the comparisons have more patterns together than a number can tell apart */
  constructor(model: LinkageModel, records: Records, options: CompareOptions = {}) {
    this.comparators = model.comparisons.map((comparison) => new Comparator(comparison, records, options));
    this.steps = [];
    let size = 1;
    for (const { missing } of this.comparators) {
      this.steps.push(size);
      size *= missing + 1;
    }
    if (size > Number.MAX_SAFE_INTEGER) {
      throw new RangeError(
        `The model has ${this.comparators.length} comparisons with too many levels together; use fewer comparisons or levels`,
      );
    }
    this.size = size;
  }

  of(i: number, j: number): number {
    let pattern = 0;
    for (let c = 0; c < this.comparators.length; c++)
      pattern += (this.comparators[c] as Comparator).level(i, j) * (this.steps[c] as number);
    return pattern;
  }

  /** The level of one comparison in a pattern. */
  level(pattern: number, c: number): number {
    return Math.floor(pattern / (this.steps[c] as number)) % ((this.comparators[c] as Comparator).missing + 1);
  }

  levels(pattern: number): number[] {
    return this.comparators.map((_, c) => this.level(pattern, c));
  }
}
