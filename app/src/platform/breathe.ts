/** Work on the main thread goes on for so long before pages and tags have their turn, ms. */
const togetherMs = 15;

/** Lets whatever waits have its turn, when some time has gone by since the last turn: to be awaited between steps of long work. */
export function breather(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < togetherMs) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    last = performance.now();
  };
}
