/** Characters that count for the common beginning, and what each adds (Winkler 1990). */
const prefixAtMost = 4;
const prefixScale = 0.1;

let takenA = new Uint8Array(64);
let takenB = new Uint8Array(64);

/**
 * Jaro–Winkler similarity, 0 to 1 (Jaro 1989, Winkler 1990): characters in common within half the longer length, less half
 * the transpositions, with a bonus for a common beginning. Counts UTF-16 units.
 *
 * @param atLeast below this the answer may be 0: as soon as it cannot be reached any more, the rest is not looked at
 */
export function jaroWinkler(a: string, b: string, atLeast = 0): number {
  if (a === b) return 1;
  const lengthA = a.length;
  const lengthB = b.length;
  if (lengthA === 0 || lengthB === 0) return 0;
  if (takenA.length < lengthA) takenA = new Uint8Array(2 * lengthA);
  if (takenB.length < lengthB) takenB = new Uint8Array(2 * lengthB);
  let prefix = 0;
  while (prefix < prefixAtMost && prefix < lengthA && prefix < lengthB && a.charCodeAt(prefix) === b.charCodeAt(prefix)) prefix++;
  // What Jaro's part must reach, and how many characters must be in common for that; a hair less, for rounding.
  const bonus = prefix * prefixScale;
  const needed = ((3 * (atLeast - bonus)) / (1 - bonus) - 1) / (1 / lengthA + 1 / lengthB) - 1e-6;
  let possible = lengthA;
  takenA.fill(0, 0, lengthA);
  takenB.fill(0, 0, lengthB);
  const window = Math.max(0, Math.floor(Math.max(lengthA, lengthB) / 2) - 1);
  let common = 0;
  for (let i = 0; i < lengthA; i++) {
    const character = a.charCodeAt(i);
    const last = Math.min(lengthB - 1, i + window);
    let j = Math.max(0, i - window);
    while (j <= last && (takenB[j] === 1 || b.charCodeAt(j) !== character)) j++;
    if (j > last) {
      if (--possible < needed) return 0;
      continue;
    }
    takenA[i] = 1;
    takenB[j] = 1;
    common++;
  }
  if (common === 0) return 0;
  let outOfPlace = 0;
  for (let i = 0, j = 0; i < lengthA; i++) {
    if (takenA[i] === 0) continue;
    while (takenB[j] === 0) j++;
    if (a.charCodeAt(i) !== b.charCodeAt(j)) outOfPlace++;
    j++;
  }
  const jaro = (common / lengthA + common / lengthB + (common - outOfPlace / 2) / common) / 3;
  return jaro + bonus * (1 - jaro);
}
