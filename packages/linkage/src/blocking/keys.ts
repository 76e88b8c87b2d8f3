import type { BlockingRule, Part } from '../model/model.ts';
import type { FieldColumn, Records } from '../records/records.ts';
import { jointPart, takePart } from '../records/take-part.ts';

/** Gives each record a code for one part of its values; equal parts have equal codes. */
class PartEncoder {
  readonly #part: Part;
  readonly #columns: FieldColumn[];
  readonly #known = new Map<string, number>();
  /** Of one field: the code of each of its values, −2 where not worked out yet. */
  #codeOf = new Int32Array(0);

  constructor(records: Records, part: Part) {
    this.#part = part;
    this.#columns = part.fields.map((field) => records.column(field));
  }

  /** −1 where the record has no such part. */
  code(row: number): number {
    if (this.#columns.length > 1) return this.#numbered(jointPart(this.#columns, row, this.#part));
    const column = this.#columns[0] as FieldColumn;
    const { dictionary } = column;
    const value = column.code(row);
    if (value < 0 || !this.#part.take) return value;
    if (value >= this.#codeOf.length) {
      const larger = new Int32Array(Math.max(1024, 2 * value, dictionary.size)).fill(-2);
      larger.set(this.#codeOf);
      this.#codeOf = larger;
    }
    let code = this.#codeOf[value] as number;
    if (code === -2) {
      code = this.#numbered(takePart(dictionary.values[value] as string, this.#part));
      this.#codeOf[value] = code;
    }
    return code;
  }

  #numbered(part: string | null): number {
    if (part === null || part === '') return -1;
    let code = this.#known.get(part);
    if (code === undefined) {
      code = this.#known.size;
      this.#known.set(part, code);
    }
    return code;
  }
}

const partsApart = 2 ** 26;

/** Gives each record the number of the block that a rule puts it in. New records may come at any time. */
export class RuleEncoder {
  readonly rule: BlockingRule;
  readonly #parts: PartEncoder[];
  readonly #joined: Map<number, number>[];
  #blocks = 0;

  constructor(records: Records, rule: BlockingRule) {
    this.rule = rule;
    this.#parts = rule.equal.map((part) => new PartEncoder(records, part));
    this.#joined = this.#parts.slice(1).map(() => new Map());
  }

  /** −1 where a part of the key is missing. */
  code(row: number): number {
    let key = (this.#parts[0] as PartEncoder).code(row);
    for (let p = 1; p < this.#parts.length && key >= 0; p++) {
      const next = (this.#parts[p] as PartEncoder).code(row);
      if (next < 0) return -1;
      const joined = this.#joined[p - 1] as Map<number, number>;
      const both = key * partsApart + next;
      const known = joined.get(both);
      key = known ?? joined.size;
      if (known === undefined) joined.set(both, key);
    }
    if (key >= this.#blocks) this.#blocks = key + 1;
    return key;
  }

  /** One more than the greatest code so far. */
  get blocks(): number {
    return this.#blocks;
  }
}

/** For each record the block that a rule puts it in, −1 where a part of the key is missing. */
export interface BlockKeys {
  rule: BlockingRule;
  keys: Int32Array;
  blocks: number;
}

/** Puts all records into the blocks of a rule. */
export function blockKeys(records: Records, rule: BlockingRule, encoder = new RuleEncoder(records, rule)): BlockKeys {
  const keys = new Int32Array(records.count);
  for (let row = 0; row < keys.length; row++) keys[row] = records.removed.has(row) ? -1 : encoder.code(row);
  return { rule, keys, blocks: encoder.blocks };
}

/** Records sorted by block: block b has rows `rows[start[b]]` to `rows[start[b + 1] - 1]`. */
export function groupByBlock({ keys, blocks }: BlockKeys): { start: Int32Array; rows: Int32Array } {
  const start = new Int32Array(blocks + 1);
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row] as number;
    if (key >= 0) start[key + 1] = (start[key + 1] as number) + 1;
  }
  for (let b = 0; b < blocks; b++) start[b + 1] = (start[b + 1] as number) + (start[b] as number);
  const rows = new Int32Array(start[blocks] as number);
  const next = start.slice();
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row] as number;
    if (key < 0) continue;
    rows[next[key] as number] = row;
    next[key] = (next[key] as number) + 1;
  }
  return { start, rows };
}

/** Pairs that share a block, from where blocks start in the sorted rows. */
export function pairsInBlocks(start: Int32Array): number {
  let pairs = 0;
  for (let b = 0; b + 1 < start.length; b++) {
    const size = (start[b + 1] as number) - (start[b] as number);
    pairs += (size * (size - 1)) / 2;
  }
  return pairs;
}
