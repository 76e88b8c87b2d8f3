import type { LinkageModel } from '../model/model.ts';
import type { Records } from '../records/records.ts';
import { type BlockKeys, blockKeys, groupByBlock, pairsInBlocks } from './keys.ts';

/** A block holds more records than is allowed. */
export class LargeBlockError extends Error {
  override name = 'LargeBlockError';
  readonly rule: string;
  readonly records: number;
  constructor(rule: string, value: string, records: number, atMost: number) {
    const pairs = (records * (records - 1)) / 2;
    super(
      `The blocking rule "${rule}" puts ${records.toLocaleString('en-GB')} records with "${value}" into one block, which is ${pairs.toLocaleString('en-GB')} pairs; ` +
        `at most ${atMost.toLocaleString('en-GB')} records are allowed. Make the rule finer, or allow larger blocks with blockAtMost`,
    );
    this.rule = rule;
    this.records = records;
  }
}

export interface CandidateOptions {
  /** Records in one block at most. */
  blockAtMost?: number;
  /** Which pairs may be of one person: of all records, or of two sources only. */
  pairs?: 'all' | 'between sources';
  /** Pairs handed over at a time. */
  chunkPairs?: number;
}

export const defaultBlockAtMost = 10_000;
const defaultChunkPairs = 262_144;

/** Some pairs, and the rule that found each; the arrays are used again for the next chunk. */
export interface PairChunk {
  left: Int32Array;
  right: Int32Array;
  rule: Uint8Array;
  count: number;
}

/** The pairs that share a block of some rule, each once, by the first rule that finds it. */
export class Candidates {
  readonly #records: Records;
  readonly #keys: BlockKeys[];
  readonly #options: CandidateOptions;
  #pairsAtMost = 0;

  /** @throws LargeBlockError before any pair is made */
  constructor(records: Records, model: LinkageModel, options: CandidateOptions = {}) {
    this.#records = records;
    this.#options = options;
    this.#keys = model.blocking.map((rule) => blockKeys(records, rule));
    const atMost = options.blockAtMost ?? defaultBlockAtMost;
    for (const keys of this.#keys) {
      const { start, rows } = groupByBlock(keys);
      this.#pairsAtMost += pairsInBlocks(start);
      for (let b = 0; b < keys.blocks; b++) {
        const size = (start[b + 1] as number) - (start[b] as number);
        if (size <= atMost) continue;
        const row = rows[start[b] as number] as number;
        const value = [...new Set(keys.rule.equal.flatMap(({ fields }) => fields))].map((field) => records.value(row, field)).join(', ');
        throw new LargeBlockError(keys.rule.name, value, size, atMost);
      }
    }
  }

  /** Pairs of all rules, those found by several counted as often: an upper bound, at once. */
  get pairsAtMost(): number {
    return this.#pairsAtMost;
  }

  /** The rules that find a pair, as bits. */
  rulesOf(i: number, j: number): number {
    let rules = 0;
    for (let r = 0; r < this.#keys.length; r++) {
      const { keys } = this.#keys[r] as BlockKeys;
      if ((keys[i] as number) >= 0 && keys[i] === keys[j]) rules |= 1 << r;
    }
    return rules;
  }

  isCandidate(i: number, j: number): boolean {
    return this.#keys.some(({ keys }) => (keys[i] as number) >= 0 && keys[i] === keys[j]);
  }

  /** All pairs, rule by rule, block by block. */
  *chunks(): Generator<PairChunk> {
    for (let r = 0; r < this.#keys.length; r++) yield* this.#ofRule(r);
  }

  *#ofRule(r: number): Generator<PairChunk> {
    const room = this.#options.chunkPairs ?? defaultChunkPairs;
    const chunk: PairChunk = { left: new Int32Array(room), right: new Int32Array(room), rule: new Uint8Array(room).fill(r), count: 0 };
    const { start, rows } = groupByBlock(this.#keys[r] as BlockKeys);
    const earlier = this.#keys.slice(0, r).map(({ keys }) => keys);
    const { sourceOf } = this.#records;
    const between = this.#options.pairs === 'between sources';
    for (let b = 0; b + 1 < start.length; b++) {
      const end = start[b + 1] as number;
      for (let x = start[b] as number; x < end; x++) {
        const i = rows[x] as number;
        for (let y = x + 1; y < end; y++) {
          const j = rows[y] as number;
          if (between && sourceOf[i] === sourceOf[j]) continue;
          if (earlier.length > 0 && sharesBlock(earlier, i, j)) continue;
          chunk.left[chunk.count] = i;
          chunk.right[chunk.count] = j;
          if (++chunk.count === room) {
            yield chunk;
            chunk.count = 0;
          }
        }
      }
    }
    if (chunk.count > 0) yield chunk;
  }
}

function sharesBlock(keys: Int32Array[], i: number, j: number): boolean {
  for (let r = 0; r < keys.length; r++) {
    const own = keys[r] as Int32Array;
    if ((own[i] as number) >= 0 && own[i] === own[j]) return true;
  }
  return false;
}

/** How many pairs of live records there are, whatever blocking finds. */
export function possiblePairs(records: Records, pairs: CandidateOptions['pairs'] = 'all'): number {
  const n = records.size;
  const all = (n * (n - 1)) / 2;
  if (pairs === 'all') return all;
  const sizes = new Map<number, number>();
  for (let row = 0; row < records.count; row++) {
    if (!records.removed.has(row)) sizes.set(records.sourceOf[row] as number, (sizes.get(records.sourceOf[row] as number) ?? 0) + 1);
  }
  let withinSources = 0;
  for (const size of sizes.values()) withinSources += (size * (size - 1)) / 2;
  return all - withinSources;
}
