import { Patterns } from '../compare/patterns.ts';
import type { Estimate, LinkageModel } from '../model/model.ts';
import type { Records } from '../records/records.ts';

/** A level gets this many pairs more than were seen, so that few labels never make certainty. */
const smoothing = 0.5;

/**
 * Estimates m and u from labelled pairs. λ is left to training or to the user: labels are rarely a fair draw of all pairs.
 * Levels of a comparison without labelled pairs, and what somebody fixed, stay as they are.
 */
export function trainFromLabels(
  records: Records,
  model: LinkageModel,
  labels: Iterable<{ left: number; right: number; same: boolean }>,
): LinkageModel {
  const patterns = new Patterns(model, records);
  const counts = model.comparisons.map(({ levels }) => ({ same: levels.map(() => 0), different: levels.map(() => 0) }));
  for (const { left, right, same } of labels) {
    const levels = patterns.levels(patterns.of(left, right));
    levels.forEach((level, c) => {
      const own = counts[c]?.[same ? 'same' : 'different'];
      if (own && level < own.length) own[level] = (own[level] as number) + 1;
    });
  }
  return {
    ...model,
    comparisons: model.comparisons.map((comparison, c) => {
      const { same, different } = counts[c] as (typeof counts)[number];
      return {
        ...comparison,
        levels: comparison.levels.map((level, l) => ({
          ...level,
          m: level.m?.origin === 'fixed' ? level.m : (share(same, l) ?? level.m),
          u: level.u?.origin === 'fixed' ? level.u : (share(different, l) ?? level.u),
        })),
      };
    }),
  };
}

function share(counts: number[], level: number): Estimate | undefined {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return all === 0
    ? undefined
    : { value: ((counts[level] as number) + smoothing) / (all + smoothing * counts.length), origin: 'from labels' };
}
