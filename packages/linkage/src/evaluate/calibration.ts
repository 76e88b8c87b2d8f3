import { probabilityOf } from '../score/weights.ts';

/** A pair somebody decided about. */
export interface ReviewedPair {
  bits: number;
  same: boolean;
}

export interface ReliabilityBin {
  from: number;
  to: number;
  pairs: number;
  /** Mean probability told, and share that were the same. */
  told: number;
  found: number;
}

const bins = 10;

/**
 * Does a probability mean what it says? Expected calibration error: the mean over pairs of |told − found| within ten bins of
 * equal width (Naeini et al. 2015), with the table it comes from.
 */
export function calibration(
  pairs: readonly ReviewedPair[],
  probability: (bits: number) => number = probabilityOf,
): { error: number; table: ReliabilityBin[] } {
  const table = Array.from(
    { length: bins },
    (_, b): ReliabilityBin => ({ from: b / bins, to: (b + 1) / bins, pairs: 0, told: 0, found: 0 }),
  );
  for (const { bits, same } of pairs) {
    const p = probability(bits);
    const bin = table[Math.min(bins - 1, Math.floor(p * bins))] as ReliabilityBin;
    bin.pairs++;
    bin.told += p;
    bin.found += same ? 1 : 0;
  }
  let error = 0;
  for (const bin of table) {
    error += Math.abs(bin.told - bin.found);
    if (bin.pairs === 0) continue;
    bin.told /= bin.pairs;
    bin.found /= bin.pairs;
  }
  return { error: pairs.length > 0 ? error / pairs.length : 0, table };
}

/** From bits to a probability that reviewers' decisions bear out: points of a rising line, straight between them. */
export interface Recalibration {
  points: { bits: number; probability: number }[];
}

/** What the model says counts like this many reviewed pairs in each step. */
const modelWeight = 1;

/**
 * Recalibrates from reviewers' decisions by isotonic regression (pool adjacent violators, Ayer et al. 1955). Each step is
 * drawn a little towards the model's own probability, so that three decisions alike do not become certainty.
 */
export function recalibrate(reviewed: readonly ReviewedPair[]): Recalibration {
  interface Step {
    weight: number;
    same: number;
    bits: number;
    model: number;
  }
  const steps: Step[] = [];
  for (const { bits, same } of [...reviewed].sort((a, b) => a.bits - b.bits)) {
    steps.push({ weight: 1, same: same ? 1 : 0, bits, model: probabilityOf(bits) });
    while (steps.length > 1) {
      const last = steps[steps.length - 1] as Step;
      const before = steps[steps.length - 2] as Step;
      if (before.same / before.weight < last.same / last.weight) break;
      steps.splice(-2, 2, {
        weight: before.weight + last.weight,
        same: before.same + last.same,
        bits: before.bits + last.bits,
        model: before.model + last.model,
      });
    }
  }
  let least = 0;
  return {
    points: steps.map(({ weight, same, bits, model }) => {
      const probability = Math.max(least, (same + (modelWeight * model) / weight) / (weight + modelWeight));
      least = probability;
      return { bits: bits / weight, probability };
    }),
  };
}

/** The recalibrated probability of a weight. Beyond the reviewed weights the model's own odds go on from the last point. */
export function recalibrated({ points }: Recalibration): (bits: number) => number {
  const first = points[0];
  const last = points[points.length - 1];
  if (!first || !last) return probabilityOf;
  const odds = (p: number) => Math.log2(Math.min(1 - 1e-9, Math.max(1e-9, p)) / (1 - Math.min(1 - 1e-9, Math.max(1e-9, p))));
  return (bits) => {
    if (bits <= first.bits) return Math.min(first.probability, probabilityOf(odds(first.probability) + bits - first.bits));
    if (bits >= last.bits) return Math.max(last.probability, probabilityOf(odds(last.probability) + bits - last.bits));
    let high = points.findIndex((point) => point.bits >= bits);
    if (high < 1) high = 1;
    const [a, b] = [points[high - 1] as typeof first, points[high] as typeof first];
    const along = b.bits === a.bits ? 1 : (bits - a.bits) / (b.bits - a.bits);
    return a.probability + along * (b.probability - a.probability);
  };
}
