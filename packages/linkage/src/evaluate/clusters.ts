import { type Agreement, agreement, countTruePairs, type Truth } from './pairs.ts';

export interface ClusterAgreement {
  /** Of all pairs that end up in one cluster. */
  pairs: Agreement;
  /** Averaged over records (B³, Bagga & Baldwin 1998): of a record's cluster how much is its person, and the reverse. */
  bCubed: { precision: number; recall: number; f1: number };
}

/** How well clusters agree with the truth. Rows whose person nobody knows do not count. */
export function evaluateClusters(clusterOf: ArrayLike<number>, truth: Truth): ClusterAgreement {
  const clusters = new Map<number, number>();
  const persons = new Map<string, number>();
  const both = new Map<string, number>();
  let known = 0;
  truth.forEach((person, row) => {
    const cluster = clusterOf[row] as number;
    if (person === null || cluster < 0) return;
    known++;
    clusters.set(cluster, (clusters.get(cluster) ?? 0) + 1);
    persons.set(person, (persons.get(person) ?? 0) + 1);
    const key = `${cluster}/${person}`;
    both.set(key, (both.get(key) ?? 0) + 1);
  });
  let right = 0;
  let precision = 0;
  let recall = 0;
  for (const [key, shared] of both) {
    const slash = key.indexOf('/');
    right += (shared * (shared - 1)) / 2;
    precision += (shared * shared) / (clusters.get(Number(key.slice(0, slash))) as number);
    recall += (shared * shared) / (persons.get(key.slice(slash + 1)) as number);
  }
  let linked = 0;
  for (const size of clusters.values()) linked += (size * (size - 1)) / 2;
  const p = known > 0 ? precision / known : 1;
  const r = known > 0 ? recall / known : 1;
  return {
    pairs: agreement(right, linked, countTruePairs(truth)),
    bCubed: { precision: p, recall: r, f1: p + r > 0 ? (2 * p * r) / (p + r) : 0 },
  };
}
