/** Numbers kept for each pair, side by side so that one look at memory finds them all: codes, value, and one spare. */
const width = 4;

/**
 * Remembers a small number for each pair of codes: string similarity is worked out once per distinct pair of values, however
 * many pairs of records have it. When full it forgets everything and begins anew, so memory stays bounded.
 */
export class PairMemo {
  readonly #atMost: number;
  #mask = 4095;
  #slots = new Int32Array(width * 4096).fill(-1);
  #count = 0;

  /** @param atMost pairs kept at most, 16 bytes and some air each */
  constructor(atMost: number) {
    this.#atMost = Math.max(1024, atMost);
  }

  /** The number for codes a and b in either order, worked out by `find` when it is not known. */
  get(a: number, b: number, find: (a: number, b: number) => number): number {
    const low = a < b ? a : b;
    const high = a < b ? b : a;
    let slot = this.#freeSlot(low, high);
    if (this.#slots[slot] === low) return this.#slots[slot + 2] as number;
    const value = find(low, high);
    if (this.#count * 2 > this.#mask) {
      this.#enlarge();
      slot = this.#freeSlot(low, high);
    }
    this.#write(slot, low, high, value);
    return value;
  }

  /** Where the pair stands, or could. */
  #freeSlot(low: number, high: number): number {
    let h = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
    h ^= h >>> 15;
    h = Math.imul(h, 0x2c1b3c6d);
    let slot = width * ((h ^ (h >>> 13)) & this.#mask);
    const slots = this.#slots;
    for (;;) {
      const there = slots[slot] as number;
      if (there === -1 || (there === low && slots[slot + 1] === high)) return slot;
      slot = slot + width === slots.length ? 0 : slot + width;
    }
  }

  #write(slot: number, low: number, high: number, value: number): void {
    this.#slots[slot] = low;
    this.#slots[slot + 1] = high;
    this.#slots[slot + 2] = value;
    this.#count++;
  }

  #enlarge(): void {
    if (this.#count >= this.#atMost) {
      this.#slots.fill(-1);
      this.#count = 0;
      return;
    }
    const before = this.#slots;
    this.#mask = 2 * this.#mask + 1;
    this.#slots = new Int32Array(2 * before.length).fill(-1);
    this.#count = 0;
    for (let slot = 0; slot < before.length; slot += width) {
      const low = before[slot] as number;
      if (low === -1) continue;
      const high = before[slot + 1] as number;
      this.#write(this.#freeSlot(low, high), low, high, before[slot + 2] as number);
    }
  }
}
