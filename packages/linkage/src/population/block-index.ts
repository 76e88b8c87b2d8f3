import { blockKeys, groupByBlock, type RuleEncoder } from '../blocking/keys.ts';
import type { Records } from '../records/records.ts';

/**
 * The records of each block of one rule: a packed base, which is built once, and lists for what came later.
 */
export class BlockIndex {
  readonly #start: Int32Array;
  readonly #rows: Int32Array;
  readonly #later = new Map<number, number[]>();
  readonly #gone = new Set<number>();

  private constructor(start: Int32Array, rows: Int32Array) {
    this.#start = start;
    this.#rows = rows;
  }

  static build(records: Records, encoder: RuleEncoder): BlockIndex {
    const { start, rows } = groupByBlock(blockKeys(records, encoder.rule, encoder));
    return new BlockIndex(start, rows);
  }

  add(block: number, row: number): void {
    if (block < 0) return;
    const rows = this.#later.get(block);
    if (rows) rows.push(row);
    else this.#later.set(block, [row]);
  }

  remove(block: number, row: number): void {
    if (block < 0) return;
    const later = this.#later.get(block);
    const at = later?.indexOf(row) ?? -1;
    if (later && at >= 0) later.splice(at, 1);
    else this.#gone.add(row);
  }

  each(block: number, on: (row: number) => void): void {
    if (block + 1 < this.#start.length) {
      for (let k = this.#start[block] as number; k < (this.#start[block + 1] as number); k++) {
        const row = this.#rows[k] as number;
        if (!this.#gone.has(row)) on(row);
      }
    }
    for (const row of this.#later.get(block) ?? []) on(row);
  }
}
