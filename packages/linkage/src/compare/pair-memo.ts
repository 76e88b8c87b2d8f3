/**
 * Remembers a small number for each pair of codes: string similarity is worked out once per distinct pair of values, however
 * many pairs of records have it. When full it forgets everything and begins anew, so memory stays bounded.
 */
export class PairMemo {
  readonly #atMost: number;
  #mask: number;
  #low: Int32Array;
  #high: Int32Array;
  #values: Int32Array;
  #count = 0;

  /** @param atMost pairs kept at most, 12 bytes and some air each */
  constructor(atMost: number) {
    this.#atMost = Math.max(1024, atMost);
    this.#mask = 4095;
    this.#low = new Int32Array(4096).fill(-1);
    this.#high = new Int32Array(4096);
    this.#values = new Int32Array(4096);
  }

  /** The number for codes a and b in either order, worked out by `find` when it is not known. */
  get(a: number, b: number, find: (a: number, b: number) => number): number {
    const low = a < b ? a : b;
    const high = a < b ? b : a;
    let slot = this.#slotOf(low, high);
    for (;;) {
      const there = this.#low[slot] as number;
      if (there === low && this.#high[slot] === high) return this.#values[slot] as number;
      if (there === -1) break;
      slot = (slot + 1) & this.#mask;
    }
    const value = find(low, high);
    if (this.#count * 2 > this.#mask) {
      this.#enlarge();
      slot = this.#slotOf(low, high);
      while (this.#low[slot] !== -1) slot = (slot + 1) & this.#mask;
    }
    this.#low[slot] = low;
    this.#high[slot] = high;
    this.#values[slot] = value;
    this.#count++;
    return value;
  }

  #slotOf(low: number, high: number): number {
    let h = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
    h ^= h >>> 15;
    h = Math.imul(h, 0x2c1b3c6d);
    return (h ^ (h >>> 13)) & this.#mask;
  }

  #enlarge(): void {
    if (this.#count >= this.#atMost) {
      this.#low.fill(-1);
      this.#count = 0;
      return;
    }
    const [low, high, values] = [this.#low, this.#high, this.#values];
    const size = 2 * (this.#mask + 1);
    this.#mask = size - 1;
    this.#low = new Int32Array(size).fill(-1);
    this.#high = new Int32Array(size);
    this.#values = new Int32Array(size);
    for (let i = 0; i < low.length; i++) {
      if (low[i] === -1) continue;
      let slot = this.#slotOf(low[i] as number, high[i] as number);
      while (this.#low[slot] !== -1) slot = (slot + 1) & this.#mask;
      this.#low[slot] = low[i] as number;
      this.#high[slot] = high[i] as number;
      this.#values[slot] = values[i] as number;
    }
  }
}
