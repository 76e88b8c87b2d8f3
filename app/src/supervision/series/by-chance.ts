/**
 * P(at least k of some independent events), each with a chance of its own (Poisson's binomial, summed up event by event).
 * @param chances 0..1 each
 */
export function atLeast(k: number, chances: readonly number[]): number {
  if (k <= 0) return 1;
  // How likely it is that none, one, two … have happened so far.
  let so = [1];
  for (const chance of chances) {
    const p = Math.min(1, Math.max(0, chance));
    so = Array.from({ length: so.length + 1 }, (_, i) => (so[i] ?? 0) * (1 - p) + (so[i - 1] ?? 0) * p);
  }
  return Math.min(
    1,
    so.slice(k).reduce((sum, one) => sum + one, 0),
  );
}

/** The chance that one or more of so many who were looked at come to it, where one does with `chance` (Šidák). */
export const amongAll = (chance: number, lookedAt: number): number => -Math.expm1(lookedAt * Math.log1p(-Math.min(1, chance)));

/** What is known of one wearer at one crime. */
export interface ByChance {
  /** How many others of the fleet had a fix there at these hours on the days around, on average; null where nobody can tell. */
  coincidence: number | null;
  /** Wearers with a verdict on the crime. */
  wearers: number;
  /** The wearer's own habit: visits in so many earlier weeks; nothing for exclusions. */
  habit: { weeks: number; visits: number } | null;
}

/**
 * The chance that a wearer had been there without being of the series: as often as others of the fleet are, or as often as they themselves
 * are, whichever is more. A little of a visit is added to one week more, so that none seen is no nought; of somebody with no earlier week nothing is known, and others stand in.
 */
export function chanceThere({ coincidence, wearers, habit }: ByChance): number {
  const others = wearers > 0 && coincidence !== null ? coincidence / wearers : 0;
  const least = 1 / (2 * Math.max(1, wearers));
  const own = habit && habit.weeks > 0 ? (habit.visits + least) / (habit.weeks + 1) : 0;
  return Math.min(1, Math.max(least, others, own));
}
