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
  /** Two records of one cluster with less than this are shown to a person. */
  doubtBits?: number;
}

/** Something for a person to decide. */
export interface ReviewItem {
  left: number;
  right: number;
  bits: number;
  reason: 'unsure' | 'evidence against' | 'doubt within a person' | Obstacle;
}

export interface Clustering {
  /** The cluster of each row; −1 for removed records. */
  clusterOf: Int32Array;
  /** Rows of each cluster, in order of their records' ids. */
  clusters: number[][];
  /** The most promising first. */
  review: ReviewItem[];
}

const defaultDoubtBits = -10;
/** Of two large groups only so many records each are compared when evidence is added up. */
const comparedAtMost = 24;

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
  const { edges, rows } = sortedEdges(records, pairs, constraints, options);
  // From here on records go by their place in `rows`, which is the order of their ids.
  const members: number[][] = rows.map((_, place) => [place]);
  const groupOf = Int32Array.from(rows, (_, place) => place);
  const held = new Map<Edge, ReviewItem>();
  let open = edges.filter(({ bits }) => bits >= options.linkBits);
  // What was held back may become possible when one side has grown.
  for (let merged = true; merged; ) {
    merged = false;
    const later: Edge[] = [];
    for (const edge of open) {
      const [a, b] = [groupOf[edge.left] as number, groupOf[edge.right] as number];
      if (a === b) continue;
      const [groupA, groupB] = [members[a] as number[], members[b] as number[]];
      const stop = hindrance(groupA, groupB, edge, rows, check, options);
      if (stop) {
        held.set(edge, stop);
        later.push(edge);
        continue;
      }
      held.delete(edge);
      const [into, from] = groupA.length >= groupB.length ? [a, b] : [b, a];
      for (const place of members[from] as number[]) groupOf[place] = into;
      members[into] = (members[into] as number[]).concat(members[from] as number[]);
      members[from] = [];
      merged = true;
    }
    open = later;
  }
  const clusterOf = new Int32Array(records.count).fill(-1);
  const clusters: number[][] = [];
  for (const places of members) {
    if (places.length === 0) continue;
    const together = places.sort((x, y) => x - y).map((place) => rows[place] as number);
    for (const row of together) clusterOf[row] = clusters.length;
    clusters.push(together);
  }
  const doubtful = doubts(clusters, constraints, options);
  const alone = (row: number) => {
    if (clusterOf[row] !== -1 || records.removed.has(row)) return;
    clusterOf[row] = clusters.length;
    clusters.push([row]);
  };
  if (options.rows) options.rows.forEach(alone);
  else for (let row = 0; row < records.count; row++) alone(row);
  const review = [...held.values(), ...unsure(edges, rows, clusterOf, options)].filter(
    ({ left, right }) => clusterOf[left] !== clusterOf[right],
  );
  return {
    clusterOf,
    clusters,
    review: [...review, ...doubtful].sort(
      (x, y) => y.bits - x.bits || compareRows(records, x.left, y.left) || compareRows(records, x.right, y.right),
    ),
  };
}

interface Edge {
  left: number;
  right: number;
  bits: number;
}

/** Pairs worth a look, strongest first, and the rows they are of in the order of ids; pairs go by places in that order. */
function sortedEdges(
  records: Records,
  pairs: WeightedPairs,
  { same = [] }: Constraints,
  { reviewBits }: ClusterOptions,
): { edges: Edge[]; rows: number[] } {
  const found: Edge[] = [];
  for (let p = 0; p < pairs.count; p++) {
    const bits = pairs.bits[p] as number;
    if (bits >= reviewBits) found.push({ left: pairs.left[p] as number, right: pairs.right[p] as number, bits });
  }
  for (const [left, right] of same) found.push({ left, right, bits: Number.POSITIVE_INFINITY });
  const placeOf = new Map<number, number>();
  for (const { left, right } of found) placeOf.set(left, -1).set(right, -1);
  const rows = [...placeOf.keys()].sort((a, b) => compareRows(records, a, b));
  rows.forEach((row, place) => {
    placeOf.set(row, place);
  });
  const edges = found.map(({ left, right, bits }) => {
    const [a, b] = [placeOf.get(left) as number, placeOf.get(right) as number];
    return a < b ? { left: a, right: b, bits } : { left: b, right: a, bits };
  });
  return { edges: edges.sort((x, y) => (x.bits === y.bits ? 0 : y.bits - x.bits) || x.left - y.left || x.right - y.right), rows };
}

/** What keeps two groups apart, or null. */
function hindrance(
  groupA: number[],
  groupB: number[],
  edge: Edge,
  rows: number[],
  check: ConstraintCheck,
  { linkBits, weigh }: ClusterOptions,
): ReviewItem | null {
  const [left, right] = [rows[edge.left] as number, rows[edge.right] as number];
  const rowsOf = (group: number[]) => group.map((place) => rows[place] as number);
  const found = check.obstacle(rowsOf(groupA), rowsOf(groupB));
  if (found) return { left, right, bits: Number.isFinite(edge.bits) ? edge.bits : weigh(left, right), reason: found.obstacle };
  if (groupA.length * groupB.length === 1 || edge.bits === Number.POSITIVE_INFINITY) return null;
  const inA = groupA.includes(edge.left);
  let sum = 0;
  for (const i of someOf(groupA, inA ? edge.left : edge.right)) {
    for (const j of someOf(groupB, inA ? edge.right : edge.left)) sum += weigh(rows[i] as number, rows[j] as number);
  }
  return sum >= linkBits ? null : { left, right, bits: edge.bits, reason: 'evidence against' };
}

/** A group, or of a large one the record at hand and the first by id. */
function someOf(group: number[], always: number): number[] {
  if (group.length <= comparedAtMost) return group;
  const first = [...group].sort((x, y) => x - y).slice(0, comparedAtMost);
  return first.includes(always) ? first : [always, ...first.slice(1)];
}

function unsure(edges: Edge[], rows: number[], clusterOf: Int32Array, { linkBits }: ClusterOptions): ReviewItem[] {
  // Of two persons only their strongest pair is shown.
  const seen = new Set<string>();
  const items: ReviewItem[] = [];
  for (const edge of edges) {
    if (edge.bits >= linkBits) continue;
    const [left, right, bits] = [rows[edge.left] as number, rows[edge.right] as number, edge.bits];
    const [a, b] = [clusterOf[left] as number, clusterOf[right] as number];
    const key = a < b ? `${a}/${b}` : `${b}/${a}`;
    if (a === b || seen.has(key)) continue;
    seen.add(key);
    items.push({ left, right, bits, reason: 'unsure' });
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
