/** Fixes that are held in memory at a time: with all that is worked out about them each takes about a hundred bytes. */
export const fixesTogether = 4_000_000;

/** So many stretches of neighbours, or fewer, with about as many fixes in each. */
export function splitEvenly(fixes: readonly number[], shares: number): { first: number; last: number }[] {
  // A wearing costs something without a fix, too.
  const all = fixes.reduce((sum, n) => sum + n + 1, 0);
  const split: { first: number; last: number }[] = [];
  let sum = 0;
  let first = 0;
  fixes.forEach((n, w) => {
    sum += n + 1;
    if (w + 1 < fixes.length && sum < (all * (split.length + 1)) / shares) return;
    split.push({ first, last: w });
    first = w + 1;
  });
  return split;
}
