/**
 * Waits until something is so. It has no limit of its own, for a machine may be slow: what never comes is ended by the test's
 * own limit, which is there for that alone.
 */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}
