import { type CandidateOptions, Candidates } from '../blocking/candidates.ts';
import type { CompareOptions } from '../compare/comparator.ts';
import { Patterns } from '../compare/patterns.ts';
import type { LinkageModel } from '../model/model.ts';
import type { Records } from '../records/records.ts';
import { Weights } from './weights.ts';

export interface ScoreOptions extends CandidateOptions, CompareOptions {
  /** Pairs below this weight are counted, not kept; six bits below the threshold for review unless given. */
  keepBits?: number;
  onProgress?: (pairs: number, kept: number) => void;
}

/** Pairs and their weights, each pair once, the lower row left. Sorted by nothing in particular. */
export interface ScoredPairs {
  left: Int32Array;
  right: Int32Array;
  /** Match weight in bits, the prior included. */
  bits: Float64Array;
  /** The agreement pattern: see `Patterns`. */
  pattern: Float64Array;
  /** The index of the blocking rule that found the pair first. */
  rule: Uint8Array;
  count: number;
  /** Pairs below this weight were not kept. */
  keptFromBits: number;
  /** Pairs compared, those not kept among them, and how many had each whole number of bits. */
  compared: number;
  histogram: Map<number, number>;
}

/** Scores all candidate pairs and keeps those that could matter. Chunk by chunk: memory grows with what is kept alone. */
export function scorePairs(
  records: Records,
  model: LinkageModel,
  options: ScoreOptions = {},
  candidates = new Candidates(records, model, options),
): ScoredPairs {
  const patterns = new Patterns(model, records, options);
  const weights = new Weights(model, records, patterns);
  const keepBits = options.keepBits ?? model.thresholds.reviewBits - 6;
  const kept = new PairList();
  const histogram = new Int32Array(2 * histogramReach + 1);
  let compared = 0;
  for (const { left, right, rule, count } of candidates.chunks()) {
    for (let p = 0; p < count; p++) {
      const i = left[p] as number;
      const j = right[p] as number;
      const pattern = patterns.of(i, j);
      const bits = weights.of(i, j, pattern);
      const bin = Math.floor(bits) + histogramReach;
      const held = bin < 0 ? 0 : bin >= histogram.length ? histogram.length - 1 : bin;
      histogram[held] = (histogram[held] as number) + 1;
      if (bits >= keepBits) kept.add(i < j ? i : j, i < j ? j : i, bits, pattern, rule[p] as number);
    }
    compared += count;
    options.onProgress?.(compared, kept.count);
  }
  const bins = new Map<number, number>();
  histogram.forEach((pairs, bin) => {
    if (pairs > 0) bins.set(bin - histogramReach, pairs);
  });
  return { ...kept.done(), keptFromBits: keepBits, compared, histogram: bins };
}

/** Weights beyond this many bits are counted with the last. */
const histogramReach = 200;

class PairList {
  count = 0;
  #left = new Int32Array(4096);
  #right = new Int32Array(4096);
  #bits = new Float64Array(4096);
  #pattern = new Float64Array(4096);
  #rule = new Uint8Array(4096);

  add(left: number, right: number, bits: number, pattern: number, rule: number): void {
    if (this.count === this.#left.length) this.#grow();
    this.#left[this.count] = left;
    this.#right[this.count] = right;
    this.#bits[this.count] = bits;
    this.#pattern[this.count] = pattern;
    this.#rule[this.count++] = rule;
  }

  #grow(): void {
    const room = 2 * this.count;
    const { count } = this;
    const larger = <T extends Int32Array | Float64Array | Uint8Array>(empty: T, full: T): T => {
      empty.set(full.subarray(0, count) as never);
      return empty;
    };
    this.#left = larger(new Int32Array(room), this.#left);
    this.#right = larger(new Int32Array(room), this.#right);
    this.#bits = larger(new Float64Array(room), this.#bits);
    this.#pattern = larger(new Float64Array(room), this.#pattern);
    this.#rule = larger(new Uint8Array(room), this.#rule);
  }

  done(): Omit<ScoredPairs, 'keptFromBits' | 'compared' | 'histogram'> {
    const end = this.count;
    return {
      left: this.#left.subarray(0, end),
      right: this.#right.subarray(0, end),
      bits: this.#bits.subarray(0, end),
      pattern: this.#pattern.subarray(0, end),
      rule: this.#rule.subarray(0, end),
      count: end,
    };
  }
}
