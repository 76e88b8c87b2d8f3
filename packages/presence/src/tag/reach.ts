import { distanceM } from '../ground/plane.ts';

/** A position as far as reach goes: ms since 1970, degrees, and the per-axis standard deviation of its ordinary error in metres. */
export interface Reached {
  at: number;
  lon: number;
  lat: number;
  sigma: number;
}

export interface ReachParameters {
  /** Nobody goes faster, metres per second, over at least `jumpM` metres. */
  speedMps: number;
  jumpM: number;
}

export const defaultReach: Readonly<ReachParameters> = { speedMps: 90, jumpM: 1000 };

/** Could nobody have gone from one position to the other in the time between, even if both are off by four of their spreads? */
export function isOutOfReach(a: Reached, b: Reached, { speedMps, jumpM }: ReachParameters = defaultReach): boolean {
  // Most fixes are near each other; degrees are enough to see that.
  if (Math.abs(a.lat - b.lat) < 0.005 && Math.abs(a.lon - b.lon) < 0.005) return false;
  const distance = distanceM(a.lon, a.lat, b.lon, b.lat) - 4 * (a.sigma + b.sigma);
  return distance > jumpM && distance > (speedMps * Math.abs(b.at - a.at)) / 1000;
}

/** So many fixes in a row that are in reach of one another outweigh where the wearer was before: it is they who are right. */
const outweighs = 3;

/** The last fix that is believed, and those after it that no movement explains: plain data, so that it can be stored. */
export interface ReachState<T extends Reached> {
  believed: T | null;
  aside: T[];
}

/** Takes in the next fix in order of time. Is it to be set aside, because no movement explains it? */
export function setAside<T extends Reached>(state: ReachState<T>, fix: T, parameters: ReachParameters = defaultReach): boolean {
  const { believed, aside } = state;
  if (believed && isOutOfReach(believed, fix, parameters)) {
    const last = aside[aside.length - 1];
    state.aside = last && isOutOfReach(last, fix, parameters) ? [fix] : [...aside, fix];
    if (state.aside.length < outweighs) return true;
  }
  state.believed = fix;
  if (state.aside.length > 0) state.aside = [];
  return false;
}
