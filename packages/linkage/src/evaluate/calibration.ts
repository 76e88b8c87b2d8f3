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

/** From told bits to bits that reviewers' decisions bear out: points of a rising line, straight between them. */
export interface Recalibration {
  points: { bits: number; calibratedBits: number }[];
}

/** What the model says counts like this many reviewed pairs in each step. */
const modelWeight = 1;
const widestShiftBits = 40;

/** How far the straight line of the first stage is expected to lie from the model: spread of its offset in bits, and of its slope. */
const offsetSpread = 3;
const slopeSpread = 0.5;

/**
 * Recalibrates from reviewers' decisions, in two stages: a straight line through the bits (Platt 1999), drawn towards the
 * model, for a model that is too sure or too timid throughout; and isotonic regression on it (pool adjacent violators, Ayer et
 * al. 1955) for what the line leaves.
 *
 * Within a step of the regression the line's bits are moved together, so that their probabilities add up to what was
 * found: clear pairs stay clear. Each step is drawn a little towards the model, so that three decisions alike do not become
 * certainty. The pairs may be picked by their weight, as a reviewer would; only what is said of a given weight counts.
 */
export function recalibrate(reviewed: readonly ReviewedPair[]): Recalibration {
  const line = straightLine(reviewed);
  const steps: { bits: number[]; same: number }[] = [];
  for (const { bits, same } of [...reviewed].sort((a, b) => a.bits - b.bits)) {
    steps.push({ bits: [bits], same: same ? 1 : 0 });
    while (steps.length > 1) {
      const [before, last] = steps.slice(-2) as [(typeof steps)[number], (typeof steps)[number]];
      if (before.same / before.bits.length < last.same / last.bits.length) break;
      steps.splice(-2, 2, { bits: [...before.bits, ...last.bits], same: before.same + last.same });
    }
  }
  const points: Recalibration['points'] = [];
  let highest = Number.NEGATIVE_INFINITY;
  for (const { bits, same } of steps) {
    const shift = shiftFor(bits.map(line), same);
    for (const end of new Set([bits[0] as number, bits[bits.length - 1] as number])) {
      highest = Math.max(highest, line(end) + shift);
      points.push({ bits: end, calibratedBits: highest });
    }
  }
  return { points };
}

/** The likeliest line from told bits to true ones, by Newton's method; with few pairs it stays near the model. */
function straightLine(reviewed: readonly ReviewedPair[]): (bits: number) => number {
  let [offset, slope] = [0, 1];
  for (let i = 0; i < 50; i++) {
    let [g0, g1] = [-offset / offsetSpread ** 2, -(slope - 1) / slopeSpread ** 2];
    let [h00, h01, h11] = [1 / offsetSpread ** 2, 0, 1 / slopeSpread ** 2];
    for (const { bits, same } of reviewed) {
      const p = probabilityOf(offset + slope * bits);
      const error = ((same ? 1 : 0) - p) * Math.LN2;
      const weight = p * (1 - p) * Math.LN2 ** 2;
      g0 += error;
      g1 += error * bits;
      h00 += weight;
      h01 += weight * bits;
      h11 += weight * bits * bits;
    }
    const determinant = h00 * h11 - h01 * h01;
    const [dOffset, dSlope] = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant];
    offset += Math.max(-2, Math.min(2, dOffset));
    slope = Math.max(0.05, slope + Math.max(-0.3, Math.min(0.3, dSlope)));
    if (Math.abs(dOffset) + Math.abs(dSlope) < 1e-9) break;
  }
  return (bits) => offset + slope * bits;
}

/** By how much the bits of a step must move for their probabilities to add up to what was found, by bisection. */
function shiftFor(bits: number[], same: number): number {
  const told = bits.reduce((sum, own) => sum + probabilityOf(own), 0);
  const wanted = ((same + (modelWeight * told) / bits.length) * bits.length) / (bits.length + modelWeight);
  let [low, high] = [-widestShiftBits, widestShiftBits];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (bits.reduce((sum, own) => sum + probabilityOf(own + middle), 0) < wanted) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The recalibrated probability of a weight. Beyond the reviewed weights the last shift goes on. */
export function recalibrated({ points }: Recalibration): (bits: number) => number {
  const first = points[0];
  const last = points[points.length - 1];
  if (!first || !last) return probabilityOf;
  return (bits) => {
    if (bits <= first.bits) return probabilityOf(bits + first.calibratedBits - first.bits);
    if (bits >= last.bits) return probabilityOf(bits + last.calibratedBits - last.bits);
    const high = points.findIndex((point) => point.bits >= bits);
    const [a, b] = [points[high - 1] as typeof first, points[high] as typeof first];
    const along = b.bits === a.bits ? 1 : (bits - a.bits) / (b.bits - a.bits);
    return probabilityOf(a.calibratedBits + along * (b.calibratedBits - a.calibratedBits));
  };
}
