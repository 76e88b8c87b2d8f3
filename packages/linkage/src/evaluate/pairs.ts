import type { ScoredPairs } from '../score/score.ts';

/** How well decisions agree with the truth. `null` where there was nothing to judge by. */
export interface Agreement {
  precision: number | null;
  recall: number | null;
  f1: number | null;
  truePairs: number;
  linkedPairs: number;
  rightPairs: number;
}

export function agreement(rightPairs: number, linkedPairs: number, truePairs: number): Agreement {
  const precision = linkedPairs > 0 ? rightPairs / linkedPairs : null;
  const recall = truePairs > 0 ? rightPairs / truePairs : null;
  const f1 = linkedPairs + truePairs > 0 ? (2 * rightPairs) / (linkedPairs + truePairs) : null;
  return { precision, recall, f1, truePairs, linkedPairs, rightPairs };
}

/** The truth: for each row the person it is of, or null where nobody knows. */
export type Truth = readonly (string | null)[];

/** Pairs of rows that are one person, by the truth. */
export function countTruePairs(truth: Truth): number {
  const sizes = new Map<string, number>();
  for (const person of truth) if (person !== null) sizes.set(person, (sizes.get(person) ?? 0) + 1);
  let pairs = 0;
  for (const size of sizes.values()) pairs += (size * (size - 1)) / 2;
  return pairs;
}

/** Agreement at one threshold. */
export interface ThresholdAgreement extends Agreement {
  bits: number;
}

/**
 * Agreement of the scored pairs with the truth at every threshold, from the strictest down, and the threshold with the best
 * F1. Pairs that no rule found count as not linked; pairs with an unknown side do not count.
 */
export function evaluatePairs(
  scored: ScoredPairs,
  truth: Truth,
): { curve: ThresholdAgreement[]; best: ThresholdAgreement | null; at: (bits: number) => Agreement } {
  const truePairs = countTruePairs(truth);
  const order = Uint32Array.from({ length: scored.count }, (_, p) => p)
    .filter((p) => truth[scored.left[p] as number] !== null && truth[scored.right[p] as number] !== null)
    .sort((a, b) => (scored.bits[b] as number) - (scored.bits[a] as number));
  const curve: ThresholdAgreement[] = [];
  let right = 0;
  order.forEach((p, k) => {
    if (truth[scored.left[p] as number] === truth[scored.right[p] as number]) right++;
    const bits = scored.bits[p] as number;
    const next = order[k + 1];
    if (next === undefined || scored.bits[next] !== bits) curve.push({ bits, ...agreement(right, k + 1, truePairs) });
  });
  const best = curve.reduce<ThresholdAgreement | null>((top, point) => ((point.f1 ?? 0) > (top?.f1 ?? -1) ? point : top), null);
  const at = (bits: number): Agreement => {
    let found: ThresholdAgreement | undefined;
    for (const point of curve) {
      if (point.bits < bits) break;
      found = point;
    }
    return found ?? agreement(0, 0, truePairs);
  };
  return { curve, best, at };
}
