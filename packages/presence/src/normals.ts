/**
 * A fixed table of standard normal numbers, so that the same pair is always judged with the same draws.
 *
 * Made from the golden-ratio sequence through the inverse normal (Acklam's rational approximation), then shuffled by a
 * linear congruential generator with a fixed seed.
 */
const size = 1 << 14;
export const normalMask = size - 1;
export const normals = build();

function build(): Float64Array {
  const table = new Float64Array(size);
  for (let i = 0; i < size; i++) table[i] = inverseNormal((i + 0.5) / size);
  let state = 20_261;
  for (let i = size - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const j = state % (i + 1);
    const held = table[i] as number;
    table[i] = table[j] as number;
    table[j] = held;
  }
  return table;
}

function inverseNormal(p: number): number {
  const low = 0.02425;
  if (p > 1 - low) return -inverseNormal(1 - p);
  if (p < low) {
    const q = Math.sqrt(-2 * Math.log(p));
    return (
      (((((-7.784894002430293e-3 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q + 4.374664141464968) * q +
        2.938163982698783) /
      ((((7.784695709041462e-3 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1)
    );
  }
  const q = p - 0.5;
  const r = q * q;
  return (
    ((((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r - 30.66479806614716) * r +
      2.506628277459239) *
      q) /
    (((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r - 13.28068155288572) * r + 1)
  );
}

/** Spreads two indexes over the table. */
export function normalAt(stream: number, index: number): number {
  return normals[(Math.imul(stream, 0x9e3779b1) + Math.imul(index, 0x85ebca6b) + (Math.imul(stream, index) >>> 7)) & normalMask] as number;
}
