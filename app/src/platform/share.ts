/** A share with the number of cases behind it and its 95 % interval. */
export interface Share {
  of: number;
  share: number;
  low: number;
  high: number;
}

const z = 1.959_964;

/** A share with its 95 % interval (Wilson 1927), which holds for few cases too. */
export function shareOf(count: number, of: number): Share {
  if (of === 0) return { of, share: 0, low: 0, high: 1 };
  const p = count / of;
  const centre = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return { of, share: p, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
