import type { FigureLine } from './figure-table.ts';
import type { PublishedGroup } from './fold-groups.ts';

/** So many people at least, for a middle that tells of nobody. */
export const leastForMedian = 10;

interface ValueOf {
  person: number;
  value: number;
}

/**
 * The middle of some values with its 95 % interval from their order (binomial, by its normal approximation); null of too few people. One of them
 * is somebody's own, so it is told in whole steps; so is how many there are, but where each is of another person.
 *
 * @param step to which the middle and its interval are rounded
 */
export function medianOf(group: string, values: readonly ValueOf[], step: number): FigureLine | null {
  const people = new Set(values.map(({ person }) => person)).size;
  if (people < leastForMedian) return null;
  const sorted = values.map(({ value }) => value).sort((a, b) => a - b);
  const at = (rank: number) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(rank)))] as number;
  const half = 0.98 * Math.sqrt(sorted.length);
  const middle = (sorted.length - 1) / 2;
  const told = (value: number) => Math.round(value / step) * step;
  // An end at which fewer than five stand would tell of them.
  const isWide = people >= 4 * leastForMedian;
  return {
    group,
    of: people === sorted.length ? people : Math.round(sorted.length / 10) * 10,
    yes: null,
    value: told((at(Math.floor(middle)) + at(Math.ceil(middle))) / 2),
    low: isWide ? told(at(middle - half)) : null,
    high: isWide ? told(at(middle + half)) : null,
  };
}

/** The middle of each published group, folded as its table is; null where fewer than two have one. */
export function mediansOf(
  parts: PublishedGroup[] | null,
  order: readonly string[],
  rows: readonly (ValueOf & { group: string })[],
  step: number,
): FigureLine[] | null {
  if (!parts) return null;
  const alone = new Set(parts.filter(({ folds }) => folds === 1).map(({ group }) => group));
  const lines = parts.flatMap(({ group, folds }) => {
    const members = folds === 1 ? [group] : order.filter((own) => !alone.has(own));
    const line = medianOf(
      group,
      rows.filter((row) => members.includes(row.group)),
      step,
    );
    return line ? [line] : [];
  });
  return lines.length > 1 ? lines : null;
}
