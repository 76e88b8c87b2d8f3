import { type Agreement, agreement, type Truth } from './pairs.ts';

/**
 * Agreement of clusters with the truth for each group of people apart: does linkage serve all alike? A pair belongs to the
 * groups of both its records; `groupOf` gives the group of a row, null where it is not known.
 */
export function evaluateByGroup(
  clusterOf: ArrayLike<number>,
  truth: Truth,
  groupOf: (row: number) => string | null,
): Map<string, Agreement> {
  const tallies = new Map<string, { right: number; linked: number; true: number }>();
  const count = (i: number, j: number, what: 'right' | 'linked' | 'true') => {
    for (const group of new Set([groupOf(i), groupOf(j)])) {
      if (group === null) continue;
      const tally = tallies.get(group) ?? { right: 0, linked: 0, true: 0 };
      tally[what]++;
      tallies.set(group, tally);
    }
  };
  const clusters = gather(truth.length, (row) => (truth[row] === null || (clusterOf[row] as number) < 0 ? null : String(clusterOf[row])));
  for (const rows of clusters) {
    eachPair(rows, (i, j) => {
      count(i, j, 'linked');
      if (truth[i] === truth[j]) count(i, j, 'right');
    });
  }
  for (const rows of gather(truth.length, (row) => truth[row] ?? null)) eachPair(rows, (i, j) => count(i, j, 'true'));
  return new Map(
    [...tallies].sort(([a], [b]) => (a < b ? -1 : 1)).map(([group, tally]) => [group, agreement(tally.right, tally.linked, tally.true)]),
  );
}

function gather(length: number, keyOf: (row: number) => string | null): number[][] {
  const groups = new Map<string, number[]>();
  for (let row = 0; row < length; row++) {
    const key = keyOf(row);
    if (key === null) continue;
    const rows = groups.get(key);
    if (rows) rows.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}

function eachPair(rows: number[], on: (i: number, j: number) => void): void {
  for (let x = 0; x < rows.length; x++) for (let y = x + 1; y < rows.length; y++) on(rows[x] as number, rows[y] as number);
}
