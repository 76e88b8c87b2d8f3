/** In an order drawn by lot (Fisher and Yates). @param random gives 0 up to 1, without 1 */
export function inAnyOrder<T>(all: readonly T[], random: () => number): T[] {
  const list = [...all];
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j] as T, list[i] as T];
  }
  return list;
}
