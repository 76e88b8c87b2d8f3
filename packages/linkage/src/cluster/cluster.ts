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
  const rank = rankById(records);
  const check = new ConstraintCheck(records, constraints);
  const members: number[][] = Array.from({ length: records.count }, (_, row) => [row]);
  const groupOf = Int32Array.from({ length: records.count }, (_, row) => row);
  const edges = sortedEdges(pairs, constraints, options, rank);
  const held = new Map<string, ReviewItem>();
  let open = edges.filter(({ bits }) => bits >= options.linkBits);
  // What was held back may become possible when one side has grown.
  for (let merged = true; merged; ) {
    merged = false;
    const later: Edge[] = [];
    for (const edge of open) {
      const [a, b] = [groupOf[edge.left] as number, groupOf[edge.right] as number];
      if (a === b) continue;
      const [groupA, groupB] = [members[a] as number[], members[b] as number[]];
      const stop = hindrance(groupA, groupB, edge, check, options, rank);
      const key = `${edge.left}/${edge.right}`;
      if (stop) {
        held.set(key, stop);
        later.push(edge);
        continue;
      }
      held.delete(key);
      const [into, from] = groupA.length >= groupB.length ? [a, b] : [b, a];
      for (const row of members[from] as number[]) groupOf[row] = into;
      members[into] = (members[into] as number[]).concat(members[from] as number[]);
      members[from] = [];
      merged = true;
    }
    open = later;
  }
  const clusterOf = new Int32Array(records.count).fill(-1);
  const clusters = members
    .filter((rows) => rows.length > 0 && !(rows.length === 1 && records.removed.has(rows[0] as number)))
    .map((rows) => rows.sort((x, y) => (rank[x] as number) - (rank[y] as number)))
    .sort((x, y) => (rank[x[0] as number] as number) - (rank[y[0] as number] as number));
  clusters.forEach((rows, c) => {
    for (const row of rows) clusterOf[row] = c;
  });
  const review = [...held.values(), ...unsure(edges, clusterOf, options), ...doubts(clusters, constraints, options)].filter(
    ({ left, right, reason }) => reason === 'doubt within a person' || clusterOf[left] !== clusterOf[right],
  );
  review.sort(
    (x, y) =>
      y.bits - x.bits || (rank[x.left] as number) - (rank[y.left] as number) || (rank[x.right] as number) - (rank[y.right] as number),
  );
  return { clusterOf, clusters, review };
}

interface Edge {
  left: number;
  right: number;
  bits: number;
}

function sortedEdges(pairs: WeightedPairs, { same = [] }: Constraints, { reviewBits }: ClusterOptions, rank: Int32Array): Edge[] {
  const edges: Edge[] = [];
  const add = (i: number, j: number, bits: number) => {
    edges.push((rank[i] as number) < (rank[j] as number) ? { left: i, right: j, bits } : { left: j, right: i, bits });
  };
  for (let p = 0; p < pairs.count; p++) {
    if ((pairs.bits[p] as number) >= reviewBits) add(pairs.left[p] as number, pairs.right[p] as number, pairs.bits[p] as number);
  }
  for (const [i, j] of same) add(i, j, Number.POSITIVE_INFINITY);
  return edges.sort(
    (x, y) =>
      (x.bits === y.bits ? 0 : y.bits - x.bits) ||
      (rank[x.left] as number) - (rank[y.left] as number) ||
      (rank[x.right] as number) - (rank[y.right] as number),
  );
}

/** What keeps two groups apart, or null. */
function hindrance(
  groupA: number[],
  groupB: number[],
  { left, right, bits }: Edge,
  check: ConstraintCheck,
  { linkBits, weigh }: ClusterOptions,
  rank: Int32Array,
): ReviewItem | null {
  const found = check.obstacle(groupA, groupB);
  if (found) return { left, right, bits: Number.isFinite(bits) ? bits : weigh(left, right), reason: found.obstacle };
  if (groupA.length * groupB.length === 1 || bits === Number.POSITIVE_INFINITY) return null;
  let sum = 0;
  for (const i of someOf(groupA, left, rank)) for (const j of someOf(groupB, right, rank)) sum += weigh(i, j);
  return sum >= linkBits ? null : { left, right, bits, reason: 'evidence against' };
}

/** A group, or of a large one the record at hand and the first by id. */
function someOf(group: number[], always: number, rank: Int32Array): number[] {
  if (group.length <= comparedAtMost) return group;
  const first = [...group].sort((x, y) => (rank[x] as number) - (rank[y] as number)).slice(0, comparedAtMost);
  return first.includes(always) || !group.includes(always) ? first : [always, ...first.slice(1)];
}

function unsure(edges: Edge[], clusterOf: Int32Array, { linkBits }: ClusterOptions): ReviewItem[] {
  // Of two persons only their strongest pair is shown.
  const seen = new Set<string>();
  const items: ReviewItem[] = [];
  for (const { left, right, bits } of edges) {
    if (bits >= linkBits) continue;
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

/** The place of each record in the order of sources and ids, which does not depend on the order of rows. */
function rankById(records: Records): Int32Array {
  const { ids, sources, sourceOf } = records;
  const order = Int32Array.from({ length: records.count }, (_, row) => row);
  const source = sources.map((name) => name);
  const compare = (a: number, b: number): number => {
    const [x, y] = [source[sourceOf[a] as number] as string, source[sourceOf[b] as number] as string];
    if (x !== y) return x < y ? -1 : 1;
    const [idA, idB] = [ids[a] as string, ids[b] as string];
    return idA < idB ? -1 : idA > idB ? 1 : a - b;
  };
  order.sort(compare);
  const rank = new Int32Array(records.count);
  order.forEach((row, place) => {
    rank[row] = place;
  });
  return rank;
}
