/**
 * The fixes of one wearing as parallel arrays in order of time. Two of one moment contradict each other: neither is believed.
 *
 * `at` is milliseconds since 1970, `lon` and `lat` degrees, `sigma` the ordinary per-axis error in metres.
 * `from` and `to` bound the wearing itself; `to` is Infinity while the tag is still worn.
 * `clockS` is by how many seconds more than others this tag's own clock may be out; nothing where nothing is known of it.
 */
export interface Track {
  at: Float64Array;
  lon: Float64Array;
  lat: Float64Array;
  sigma: Float32Array;
  from: number;
  to: number;
  clockS?: number;
}

/** Index of the first fix at or after `moment`, searched in [low, high). */
export function firstAtOrAfter(at: Float64Array, moment: number, low = 0, high = at.length): number {
  let a = low;
  let b = high;
  while (a < b) {
    const middle = (a + b) >>> 1;
    if ((at[middle] as number) < moment) a = middle + 1;
    else b = middle;
  }
  return a;
}

/** Index of the first fix after `moment`, searched in [low, high). */
export function firstAfter(at: Float64Array, moment: number, low = 0, high = at.length): number {
  let a = low;
  let b = high;
  while (a < b) {
    const middle = (a + b) >>> 1;
    if ((at[middle] as number) <= moment) a = middle + 1;
    else b = middle;
  }
  return a;
}
