let rows = [new Uint16Array(64), new Uint16Array(64), new Uint16Array(64)] as [Uint16Array, Uint16Array, Uint16Array];

/**
 * How many edits turn one string into the other: insert, delete, replace a character, or swap two neighbours (Damerau 1964,
 * in the form of the optimal string alignment). Gives `atMost + 1` as soon as there must be more.
 */
export function edits(a: string, b: string, atMost: number): number {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > atMost) return atMost + 1;
  let start = 0;
  let endA = a.length;
  let endB = b.length;
  while (start < endA && start < endB && a.charCodeAt(start) === b.charCodeAt(start)) start++;
  while (endA > start && endB > start && a.charCodeAt(endA - 1) === b.charCodeAt(endB - 1)) {
    endA--;
    endB--;
  }
  const lengthA = endA - start;
  const lengthB = endB - start;
  if (lengthA === 0 || lengthB === 0) return Math.min(lengthA + lengthB, atMost + 1);
  if (rows[0].length <= lengthB) rows = [new Uint16Array(2 * lengthB), new Uint16Array(2 * lengthB), new Uint16Array(2 * lengthB)];
  let [before, above, row] = rows;
  for (let j = 0; j <= lengthB; j++) above[j] = j;
  for (let i = 1; i <= lengthA; i++) {
    row[0] = i;
    let least = i;
    const character = a.charCodeAt(start + i - 1);
    for (let j = 1; j <= lengthB; j++) {
      const other = b.charCodeAt(start + j - 1);
      let cost = Math.min((above[j] as number) + 1, (row[j - 1] as number) + 1, (above[j - 1] as number) + (character === other ? 0 : 1));
      if (i > 1 && j > 1 && character === b.charCodeAt(start + j - 2) && a.charCodeAt(start + i - 2) === other) {
        cost = Math.min(cost, (before[j - 2] as number) + 1);
      }
      row[j] = cost;
      if (cost < least) least = cost;
    }
    if (least > atMost) return atMost + 1;
    [before, above, row] = [above, row, before];
  }
  return Math.min(above[lengthB] as number, atMost + 1);
}
