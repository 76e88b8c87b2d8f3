/**
 * The possible set: could somebody who goes no faster than is possible have been within reach between two fixes?
 *
 * They are at the place no earlier than the way from fix a allows, and no later than the way to fix b does (Hägerstrand's space-time
 * prism, ends widened by their errors). The place, shrunk to "distance at most the reach", is touched at some moment of [s1, s2] only if
 * there is one that is neither too early nor too late. Each condition is necessary, so `false` is proof.
 *
 * @param earliest,latest seconds after fix a   @param s1,s2 the part of the gap inside the window, seconds after a
 */
export function prismReaches(earliest: number, latest: number, s1: number, s2: number): boolean {
  return Math.max(s1, earliest) <= Math.min(s2, latest);
}
