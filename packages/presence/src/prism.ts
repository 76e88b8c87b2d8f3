/**
 * The possible set: could somebody who never moves faster than `speed` have been within reach between two fixes?
 *
 * At `s` seconds after fix a the wearer is within `speed·s + ea` of it, and within `speed·(T−s) + eb` of fix b
 * (Hägerstrand's space-time prism, ends widened by their errors). The place, shrunk to "distance at most `reach`", is
 * touched at some moment of [s1, s2] only if one `s` satisfies both. Each condition is necessary, so `false` is proof.
 *
 * @param da distance from fix a to the place, metres   @param ea error radius of fix a at 99 %, metres
 * @param T  seconds between the fixes                  @param s1,s2 the part of the gap inside the window, seconds after a
 */
export function prismReaches(
  da: number,
  db: number,
  ea: number,
  eb: number,
  reach: number,
  T: number,
  s1: number,
  s2: number,
  speed: number,
): boolean {
  const earliest = (da - ea - reach) / speed;
  const latest = T - (db - eb - reach) / speed;
  return Math.max(s1, earliest) <= Math.min(s2, latest);
}

/** The same with one fix only, `s` seconds away from the farthest moment of the window beyond it. */
export function coneReaches(d: number, e: number, reach: number, s: number, speed: number): boolean {
  return d - e - reach <= speed * s;
}
