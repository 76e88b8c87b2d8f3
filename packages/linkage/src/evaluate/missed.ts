import type { Truth } from './pairs.ts';

/** A pair of one person that was not linked, and why. */
export interface MissedPair {
  left: number;
  right: number;
  bits: number;
  cause: 'not blocked' | 'scored low' | 'held back';
}

/**
 * The pairs of one person that ended in different clusters, by cause: no blocking rule found them, their weight was too low,
 * or clustering held them back.
 */
export function missedPairs(
  clusterOf: ArrayLike<number>,
  truth: Truth,
  linkBits: number,
  isCandidate: (i: number, j: number) => boolean,
  weigh: (i: number, j: number) => number,
): MissedPair[] {
  const rowsOf = new Map<string, number[]>();
  truth.forEach((person, row) => {
    if (person === null) return;
    const rows = rowsOf.get(person);
    if (rows) rows.push(row);
    else rowsOf.set(person, [row]);
  });
  const missed: MissedPair[] = [];
  for (const rows of rowsOf.values()) {
    for (let x = 0; x < rows.length; x++) {
      for (let y = x + 1; y < rows.length; y++) {
        const [left, right] = [rows[x] as number, rows[y] as number];
        if (clusterOf[left] === clusterOf[right]) continue;
        const bits = weigh(left, right);
        missed.push({ left, right, bits, cause: !isCandidate(left, right) ? 'not blocked' : bits < linkBits ? 'scored low' : 'held back' });
      }
    }
  }
  return missed.sort((a, b) => b.bits - a.bits);
}
