import type { Records } from '../records/records.ts';
import { probabilityOf } from '../score/weights.ts';
import { percent, signed } from './waterfall.ts';

/** How the records of one person hang together. */
export interface ClusterStory {
  records: string[];
  /** The strongest links that hold all records together, strongest first; one fewer than there are records. */
  links: { left: string; right: string; bits: number; text: string }[];
  /** Pairs within the cluster that speak against it. */
  against: { left: string; right: string; bits: number; text: string }[];
  text: string;
}

/**
 * Tells a cluster's story: the tree of its strongest pairs (Kruskal's), and the pairs that speak against it.
 * @param explain the words for a pair
 */
export function clusterStory(
  records: Records,
  rows: readonly number[],
  weigh: (i: number, j: number) => number,
  explain: (i: number, j: number) => string,
): ClusterStory {
  const name = (row: number) => {
    const source = records.sources[records.sourceOf[row] as number] as string;
    return source ? `${records.ids[row]} (${source})` : (records.ids[row] as string);
  };
  const pairs: { i: number; j: number; bits: number }[] = [];
  for (let x = 0; x < rows.length; x++) {
    for (let y = x + 1; y < rows.length; y++)
      pairs.push({ i: rows[x] as number, j: rows[y] as number, bits: weigh(rows[x] as number, rows[y] as number) });
  }
  pairs.sort((a, b) => b.bits - a.bits);
  const treeOf = new Map(rows.map((row) => [row, row]));
  const links: ClusterStory['links'] = [];
  const told = ({ i, j, bits }: (typeof pairs)[number]) => ({ left: name(i), right: name(j), bits, text: explain(i, j) });
  for (const pair of pairs) {
    const [a, b] = [treeOf.get(pair.i), treeOf.get(pair.j)];
    if (a === b) continue;
    for (const [row, tree] of treeOf) if (tree === b) treeOf.set(row, a as number);
    links.push(told(pair));
  }
  const against = pairs
    .filter(({ bits }) => bits < 0)
    .reverse()
    .map(told);
  const weakest = links[links.length - 1];
  const text =
    rows.length === 1
      ? `One record, ${name(rows[0] as number)}, that no other was linked to.`
      : `${rows.length} records. The weakest of the links that hold them together is ${weakest?.left} with ${weakest?.right}: ${signed(weakest?.bits ?? 0)} bits, ${percent(probabilityOf(weakest?.bits ?? 0))}.` +
        (against.length > 0
          ? ` ${against.length} ${against.length === 1 ? 'pair speaks' : 'pairs speak'} against it, most of all ${against[0]?.left} with ${against[0]?.right}.`
          : ' No pair speaks against it.');
  return { records: rows.map(name), links, against, text };
}
