import type { Street, Streets } from './streets.ts';

/** How people get about: cruising speed on side and main streets, m/s, and the wait at each junction, seconds. */
export interface Mode {
  side: number;
  main: number;
  waitS: number;
}

export const modes = {
  walk: { side: 1.4, main: 1.4, waitS: 2 },
  cycle: { side: 4.2, main: 4.8, waitS: 3 },
  drive: { side: 8.5, main: 13, waitS: 5 },
} as const satisfies Record<string, Mode>;
export type ModeName = keyof typeof modes;

/**
 * Shortest ways through the streets. One tree of "next junction" per destination is kept, since destinations recur.
 */
export class Routes {
  readonly #town: Streets;
  readonly #trees = new Map<number, Int32Array>();

  constructor(town: Streets) {
    this.#town = town;
  }

  /** Street indexes from one junction to another, in order. */
  between(from: number, to: number): number[] {
    const next = this.#treeTo(to);
    const way: number[] = [];
    for (let node = from; node !== to; ) {
      const street = next[node] as number;
      if (street < 0) return way;
      way.push(street);
      const { from: a, to: b } = this.#town.streets[street] as Street;
      node = a === node ? b : a;
    }
    return way;
  }

  /** Dijkstra from the destination by driving time, with a binary heap. */
  #treeTo(to: number): Int32Array {
    const known = this.#trees.get(to);
    if (known) return known;
    const { streets, at, x } = this.#town;
    const cost = new Float64Array(x.length).fill(Infinity);
    const next = new Int32Array(x.length).fill(-1);
    const heap: [number, number][] = [[0, to]];
    cost[to] = 0;
    while (heap.length > 0) {
      const [spent, node] = takeLeast(heap);
      if (spent > (cost[node] as number)) continue;
      for (const i of at[node] ?? []) {
        const street = streets[i] as Street;
        const other = street.from === node ? street.to : street.from;
        const through = spent + street.lengthM / (street.main ? 11 : 8);
        if (through >= (cost[other] as number)) continue;
        cost[other] = through;
        next[other] = i;
        put(heap, [through, other]);
      }
    }
    this.#trees.set(to, next);
    return next;
  }
}

function put(heap: [number, number][], item: [number, number]): void {
  let i = heap.push(item) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if ((heap[parent] as [number, number])[0] <= item[0]) break;
    heap[i] = heap[parent] as [number, number];
    i = parent;
  }
  heap[i] = item;
}

function takeLeast(heap: [number, number][]): [number, number] {
  const least = heap[0] as [number, number];
  const item = heap.pop() as [number, number];
  if (heap.length === 0) return least;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as [number, number])[0] < (heap[child] as [number, number])[0]) child++;
    if ((heap[child] as [number, number])[0] >= item[0]) break;
    heap[i] = heap[child] as [number, number];
    i = child;
  }
  heap[i] = item;
  return least;
}
