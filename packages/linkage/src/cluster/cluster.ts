import type { Records } from '../records/records.ts';
import { ConstraintCheck, type Constraints, type Obstacle } from './constraints.ts';

/** Pairs with their weights, as far as clustering needs them. */
export interface WeightedPairs {
  left: ArrayLike<number>;
  right: ArrayLike<number>;
  bits: ArrayLike<number>;
  count: number;
}

export interface ClusterOptions {
  linkBits: number;
  reviewBits: number;
  /** The weight of any two records, for pairs that no blocking rule found. */
  weigh: (i: number, j: number) => number;
  /** Only these rows are put together; all unless given. */
  rows?: readonly number[];
  /** Pairs that nothing but names speaks for are shown to a person, whatever their weight: whether something else does. */
  isBorneOut?: (i: number, j: number) => boolean;
  /** Two records of one cluster with less than this are shown to a person. */
  doubtBits?: number;
}

/** Something for a person to decide. */
export interface ReviewItem {
  left: number;
  right: number;
  bits: number;
  reason: 'unsure' | 'evidence against' | 'doubt within a person' | 'nothing but names in common' | Obstacle;
}

export interface Clustering {
  /** The cluster of each row; −1 for removed records. */
  clusterOf: Int32Array;
  /** Rows of each cluster, in order of their records' ids. */
  clusters: number[][];
  /** The most promising first. */
  review: ReviewItem[];
  /** The pairs that put records together, each with its weight; Infinity where a person decided. */
  joins: { left: number; right: number; bits: number }[];
}

const defaultDoubtBits = -10;
/** Of two large groups only so many records each are compared when evidence is added up. */
const comparedAtMost = 10;

/**
 * Puts records together to persons, from the strongest pair down, honouring evidence against as much as evidence for.
 *
 * Two groups become one only when all pairs across them together speak for it (greedy additive contraction, after Keuper
 * et al. 2015), and no constraint stands against it. What is held back for either reason goes to review. The result does
 * not depend on the order of records or pairs: pairs are taken by weight, then by the ids of their records, and weights are
 * sums of whole grains.
 */
export function cluster(records: Records, pairs: WeightedPairs, constraints: Constraints, options: ClusterOptions): Clustering {
  const check = new ConstraintCheck(records, constraints);
  const edges = sortedEdges(records, pairs, constraints, options);
  const groups = new Groups(edges.key);
  const held = new Map<number, ReviewItem>();
  // The state of both groups when an edge was held back: it is looked at again only when one of them has grown.
  const heldAt = new Map<number, number>();
  const joins: Clustering['joins'] = [];
  let open: number[] = [];
  for (let e = 0; e < edges.linked; e++) open.push(e);
  for (let merged = true; merged; ) {
    merged = false;
    const later: number[] = [];
    for (const e of open) {
      const [left, right] = [edges.left[e] as number, edges.right[e] as number];
      const [a, b] = [groups.of(left), groups.of(right)];
      if (a === b) continue;
      if (options.isBorneOut && edges.bits[e] !== Number.POSITIVE_INFINITY && !options.isBorneOut(left, right)) {
        held.set(e, { left, right, bits: edges.bits[e] as number, reason: 'nothing but names in common' });
        continue;
      }
      const state = a.version + b.version;
      if (heldAt.get(e) === state) {
        later.push(e);
        continue;
      }
      const stop = hindrance(a, b, left, right, edges.bits[e] as number, check, options);
      if (stop) {
        held.set(e, stop);
        heldAt.set(e, state);
        later.push(e);
        continue;
      }
      held.delete(e);
      groups.join(a, b);
      joins.push({ left, right, bits: edges.bits[e] as number });
      merged = true;
    }
    open = later;
  }
  const clusterOf = new Int32Array(records.count).fill(-1);
  const clusters: number[][] = [];
  for (const rows of groups.all()) {
    rows.sort((x, y) => compareRows(records, x, y));
    for (const row of rows) clusterOf[row] = clusters.length;
    clusters.push(rows);
  }
  const doubtful = doubts(clusters, constraints, options);
  const alone = (row: number) => {
    if (clusterOf[row] !== -1 || records.removed.has(row)) return;
    clusterOf[row] = clusters.length;
    clusters.push([row]);
  };
  if (options.rows) options.rows.forEach(alone);
  else for (let row = 0; row < records.count; row++) alone(row);
  const review = [...held.values(), ...unsure(edges, clusterOf)].filter(({ left, right }) => clusterOf[left] !== clusterOf[right]);
  return {
    clusterOf,
    clusters,
    joins,
    review: [...review, ...doubtful].sort(
      (x, y) => y.bits - x.bits || compareRows(records, x.left, y.left) || compareRows(records, x.right, y.right),
    ),
  };
}

interface Group {
  rows: number[];
  /** Grows with every record that joins. */
  version: number;
  /** The first rows by key, at most `comparedAtMost`. */
  sample: number[];
}

/** Groups of rows that grow together; rows are groups of their own until they join one. */
class Groups {
  readonly #groupOf = new Map<number, Group>();
  readonly #key: (row: number) => number;

  constructor(key: (row: number) => number) {
    this.#key = key;
  }

  of(row: number): Group {
    let group = this.#groupOf.get(row);
    if (!group) {
      group = { rows: [row], version: 1, sample: [row] };
      this.#groupOf.set(row, group);
    }
    return group;
  }

  join(a: Group, b: Group): void {
    const [into, from] = a.rows.length >= b.rows.length ? [a, b] : [b, a];
    for (const row of from.rows) {
      into.rows.push(row);
      this.#groupOf.set(row, into);
    }
    into.version += from.version;
    into.sample = [...into.sample, ...from.sample].sort((x, y) => this.#key(x) - this.#key(y)).slice(0, comparedAtMost);
  }

  all(): number[][] {
    return [...new Set(this.#groupOf.values())].map(({ rows }) => rows);
  }
}

/** Pairs worth a look, strongest first; the first `linked` of them are strong enough to link. */
interface Edges {
  left: Int32Array;
  right: Int32Array;
  bits: Float64Array;
  linked: number;
  /** A number for each row that depends on its source and id alone: the order of pairs with equal weights. */
  key: (row: number) => number;
}

function sortedEdges(records: Records, pairs: WeightedPairs, { same = [] }: Constraints, { linkBits, reviewBits }: ClusterOptions): Edges {
  const keys = new Map<number, number>();
  const key = (row: number): number => {
    let known = keys.get(row);
    if (known === undefined) {
      known = keyOf(records.ids[row] as string, records.sources[records.sourceOf[row] as number] as string);
      keys.set(row, known);
    }
    return known;
  };
  const kept: number[] = [];
  for (let p = 0; p < pairs.count; p++) if ((pairs.bits[p] as number) >= reviewBits) kept.push(p);
  const room = kept.length + same.length;
  const left = new Int32Array(room);
  const right = new Int32Array(room);
  const bits = new Float64Array(room);
  const place = (e: number, i: number, j: number, weight: number) => {
    const inOrder = key(i) < key(j) || (key(i) === key(j) && compareRows(records, i, j) < 0);
    left[e] = inOrder ? i : j;
    right[e] = inOrder ? j : i;
    bits[e] = weight;
  };
  for (const [e, p] of kept.entries()) place(e, pairs.left[p] as number, pairs.right[p] as number, pairs.bits[p] as number);
  for (const [e, [i, j]] of same.entries()) place(kept.length + e, i, j, Number.POSITIVE_INFINITY);
  const [leftKey, rightKey] = [Float64Array.from(left, key), Float64Array.from(right, key)];
  const order = Uint32Array.from({ length: room }, (_, e) => e).sort((x, y) => {
    const [a, b] = [bits[x] as number, bits[y] as number];
    if (a !== b) return b > a ? 1 : -1;
    return (leftKey[x] as number) - (leftKey[y] as number) || (rightKey[x] as number) - (rightKey[y] as number);
  });
  const sorted = {
    left: Int32Array.from(order, (e) => left[e] as number),
    right: Int32Array.from(order, (e) => right[e] as number),
    bits: Float64Array.from(order, (e) => bits[e] as number),
  };
  let linked = 0;
  while (linked < room && (sorted.bits[linked] as number) >= linkBits) linked++;
  return { ...sorted, linked, key };
}

/** 52 bits of a hash (two of FNV-1a's kind side by side). */
function keyOf(id: string, source: string): number {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (const text of [source, '\u0000', id]) {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(b ^ unit, 0x85ebca6b) ^ (b >>> 13);
    }
  }
  return (a >>> 0) * 0x100000 + ((b >>> 0) & 0xfffff);
}

/** What keeps two groups, the one of `left` and the one of `right`, apart; or null. */
function hindrance(
  groupA: Group,
  groupB: Group,
  left: number,
  right: number,
  bits: number,
  check: ConstraintCheck,
  { linkBits, weigh }: ClusterOptions,
): ReviewItem | null {
  const found = check.obstacle(groupA.rows, groupB.rows);
  if (found) return { left, right, bits: Number.isFinite(bits) ? bits : weigh(left, right), reason: found.obstacle };
  if (groupA.rows.length * groupB.rows.length === 1 || bits === Number.POSITIVE_INFINITY) return null;
  let sum = 0;
  for (const i of compared(groupA, left)) for (const j of compared(groupB, right)) sum += weigh(i, j);
  return sum >= linkBits ? null : { left, right, bits, reason: 'evidence against' };
}

/** A group's records, or of a large one the record at hand and the first by key. */
function compared({ sample }: Group, row: number): number[] {
  return sample.includes(row) ? sample : [row, ...sample.slice(0, comparedAtMost - 1)];
}

function unsure({ left, right, bits, linked }: Edges, clusterOf: Int32Array): ReviewItem[] {
  // Of two persons only their strongest pair is shown.
  const seen = new Set<number>();
  const items: ReviewItem[] = [];
  for (let e = linked; e < bits.length; e++) {
    const [i, j] = [left[e] as number, right[e] as number];
    const [a, b] = [clusterOf[i] as number, clusterOf[j] as number];
    const both = Math.min(a, b) * 2 ** 26 + Math.max(a, b);
    if (a === b || seen.has(both)) continue;
    seen.add(both);
    items.push({ left: i, right: j, bits: bits[e] as number, reason: 'unsure' });
  }
  return items;
}

/** Pairs within a person that speak strongly against it, unless somebody decided they are the same. */
function doubts(clusters: number[][], { same = [] }: Constraints, { weigh, doubtBits = defaultDoubtBits }: ClusterOptions): ReviewItem[] {
  const decided = new Set(same.flatMap(([i, j]) => [`${i}/${j}`, `${j}/${i}`]));
  const items: ReviewItem[] = [];
  for (const rows of clusters) {
    if (rows.length < 3) continue;
    const looked = rows.slice(0, comparedAtMost);
    for (let x = 0; x < looked.length; x++) {
      for (let y = x + 1; y < looked.length; y++) {
        const [left, right] = [looked[x] as number, looked[y] as number];
        const bits = weigh(left, right);
        if (bits < doubtBits && !decided.has(`${left}/${right}`)) items.push({ left, right, bits, reason: 'doubt within a person' });
      }
    }
  }
  return items;
}

/** The order of records by source and id, which does not depend on the order of rows. */
function compareRows({ ids, sources, sourceOf }: Records, a: number, b: number): number {
  const [x, y] = [sources[sourceOf[a] as number] as string, sources[sourceOf[b] as number] as string];
  if (x !== y) return x < y ? -1 : 1;
  const [idA, idB] = [ids[a] as string, ids[b] as string];
  return idA < idB ? -1 : idA > idB ? 1 : a - b;
}
