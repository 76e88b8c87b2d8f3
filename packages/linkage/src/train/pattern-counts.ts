import type { Candidates } from '../blocking/candidates.ts';
import type { Patterns } from '../compare/patterns.ts';
import type { Records } from '../records/records.ts';

/**
 * How many pairs have each agreement pattern. Training works on these counts, so its cost does not grow with the pairs.
 */
export interface PatternCounts {
  /** Level of comparison c in entry e at `levels[e * comparisons + c]`. */
  levels: Uint8Array;
  comparisons: number;
  counts: Float64Array;
  /** The rules that find the pairs of an entry, as bits. */
  rules: Int32Array;
  /** The two sources of the pairs of an entry, the smaller first; −1 where they were not kept apart. */
  sources: Int32Array;
  pairs: number;
}

class Collector {
  readonly #patterns: Patterns;
  readonly #found = new Map<string | number, number>();
  readonly #pattern: number[] = [];
  readonly #counts: number[] = [];
  readonly #rules: number[] = [];
  readonly #sources: number[] = [];
  pairs = 0;

  constructor(patterns: Patterns) {
    this.#patterns = patterns;
  }

  add(pattern: number, rules: number, sources: number): void {
    this.pairs++;
    // One number for all three where they fit.
    const key = pattern < 2 ** 21 && sources < 0 ? pattern * 2 ** 31 + rules : `${pattern}/${rules}/${sources}`;
    const entry = this.#found.get(key);
    if (entry !== undefined) {
      this.#counts[entry] = (this.#counts[entry] as number) + 1;
      return;
    }
    this.#found.set(key, this.#counts.length);
    this.#pattern.push(pattern);
    this.#counts.push(1);
    this.#rules.push(rules);
    this.#sources.push(sources);
  }

  done(): PatternCounts {
    const comparisons = this.#patterns.comparators.length;
    const levels = new Uint8Array(this.#counts.length * comparisons);
    this.#pattern.forEach((pattern, e) => {
      for (let c = 0; c < comparisons; c++) levels[e * comparisons + c] = this.#patterns.level(pattern, c);
    });
    return {
      levels,
      comparisons,
      counts: Float64Array.from(this.#counts),
      rules: Int32Array.from(this.#rules),
      sources: Int32Array.from(this.#sources),
      pairs: this.pairs,
    };
  }
}

/**
 * Counts the patterns of candidate pairs, of all of them or of an even share.
 *
 * @param share of the pairs, 0 to 1; which ones is decided by a hash of the two rows
 * @param apart keeps pairs of different sources apart
 */
export function countCandidates(
  records: Records,
  candidates: Candidates,
  patterns: Patterns,
  { share = 1, apart = false, onProgress }: { share?: number; apart?: boolean; onProgress?: (pairs: number) => void } = {},
): PatternCounts {
  const collector = new Collector(patterns);
  const limit = share * 4_294_967_296;
  for (const { left, right, count } of candidates.chunks()) {
    for (let p = 0; p < count; p++) {
      const [i, j] = [left[p] as number, right[p] as number];
      if (share < 1 && pairHash(i, j) >= limit) continue;
      collector.add(patterns.of(i, j), candidates.rulesOf(i, j), apart ? sourcesOf(records, i, j) : -1);
    }
    onProgress?.(collector.pairs);
  }
  return collector.done();
}

/** Counts the patterns of random pairs, of all pairs where there are no more than wanted. Seeded, so runs repeat. */
export function countRandom(records: Records, patterns: Patterns, wanted: number, betweenSources: boolean): PatternCounts {
  const collector = new Collector(patterns);
  const live = Array.from({ length: records.count }, (_, row) => row).filter((row) => !records.removed.has(row));
  const n = live.length;
  const { sourceOf } = records;
  if ((n * (n - 1)) / 2 <= wanted) {
    for (let x = 0; x < n; x++) {
      for (let y = x + 1; y < n; y++) {
        const [i, j] = [live[x] as number, live[y] as number];
        if (!betweenSources || sourceOf[i] !== sourceOf[j]) collector.add(patterns.of(i, j), 0, -1);
      }
    }
    return collector.done();
  }
  let state = 20_261_121;
  const next = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  for (let drawn = 0; drawn < wanted; drawn++) {
    const i = live[Math.floor(next() * n)] as number;
    const j = live[Math.floor(next() * n)] as number;
    if (i !== j && (!betweenSources || sourceOf[i] !== sourceOf[j])) collector.add(patterns.of(i, j), 0, -1);
  }
  return collector.done();
}

function pairHash(i: number, j: number): number {
  let h = Math.imul(i, 0x9e3779b1) ^ Math.imul(j, 0x85ebca6b);
  h ^= h >>> 16;
  h = Math.imul(h, 0x7feb352d);
  h ^= h >>> 15;
  return h >>> 0;
}

/** Both sources of a pair in one number. */
export function sourcesOf(records: Records, i: number, j: number): number {
  const [a, b] = [records.sourceOf[i] as number, records.sourceOf[j] as number];
  return a < b ? a * 65_536 + b : b * 65_536 + a;
}
