/** m, u or h of every level of every comparison; a comparison that takes no part has `null`. */
export type LevelTable = (number[] | null)[];

/** P(levels | same person), P(levels | two of one household) and P(levels | strangers). */
export type Likelihoods = [same: number, home: number, strangers: number];

/**
 * How likely a pair's levels are for each kind of pair, comparisons taken as independent; a missing value tells nothing.
 *
 * @param levels of many pairs, this one's from `offset`
 * @param h where it is null, households are as strangers
 * @param out filled in place
 */
export function likelihoods(
  levels: Uint8Array,
  offset: number,
  m: LevelTable,
  u: LevelTable,
  h: LevelTable | null,
  out: Likelihoods,
): void {
  let [same, home, strangers] = [1, 1, 1];
  for (let c = 0; c < m.length; c++) {
    const own = m[c];
    const other = u[c];
    const level = levels[offset + c] as number;
    if (!own || !other || level >= own.length) continue;
    same *= own[level] as number;
    strangers *= other[level] as number;
    home *= (h?.[c]?.[level] ?? other[level]) as number;
  }
  out[0] = same;
  out[1] = home;
  out[2] = strangers;
}

/**
 * P(same person | levels) for many pairs.
 *
 * @param household P(two of one household) and h, where they are told from strangers
 */
export function posteriors(
  { levels, comparisons, counts }: { levels: Uint8Array; comparisons: number; counts: Float64Array },
  m: LevelTable,
  u: LevelTable,
  lambda: number,
  household: { lambda: number; h: LevelTable } | null = null,
): Float64Array {
  const of: Likelihoods = [0, 0, 0];
  const home = household?.lambda ?? 0;
  return Float64Array.from(counts, (_, e) => {
    likelihoods(levels, e * comparisons, m, u, household?.h ?? null, of);
    const same = lambda * of[0];
    const all = same + home * of[1] + (1 - lambda - home) * of[2];
    return all > 0 ? same / all : 0;
  });
}
