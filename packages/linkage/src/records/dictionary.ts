/** The distinct values of a field, each with a code from 0 up and how many records have it. */
export class Dictionary {
  readonly values: string[] = [];
  readonly #codes = new Map<string, number>();
  #counts = new Int32Array(1024);

  /** The code of a value, given when it is new. */
  code(value: string): number {
    const known = this.#codes.get(value);
    if (known !== undefined) return known;
    const code = this.values.length;
    this.values.push(value);
    this.#codes.set(value, code);
    if (code >= this.#counts.length) {
      const counts = new Int32Array(2 * this.#counts.length);
      counts.set(this.#counts);
      this.#counts = counts;
    }
    return code;
  }

  /** The code of a value, or −1. */
  find(value: string): number {
    return this.#codes.get(value) ?? -1;
  }

  count(code: number): number {
    return this.#counts[code] as number;
  }

  /** Counts one record more, or with −1 one less. */
  tally(code: number, change: 1 | -1): void {
    this.#counts[code] = (this.#counts[code] as number) + change;
  }

  get size(): number {
    return this.values.length;
  }
}
