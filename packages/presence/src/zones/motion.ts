import { longitudeDifference } from '../ground/plane.ts';

/**
 * How a wearer moves, told from the fixes alone, so that a receiver that is displaced for minutes is not taken for a wearer
 * who left.
 *
 * Among buildings and indoors a receiver may jump tens of metres to a couple of hundred, stay there for some minutes with an
 * accuracy that does not notice, and jump back. A wearer who truly leaves comes from somewhere, goes on, or stays longer.
 * So: fixes are gathered to *stays*. A jump from one stay straight to the next, near by, is doubtful until the wearer moves
 * on or the second stay has lasted longer than receivers hold a displacement.
 */
export interface MotionParameters {
  /** A stay this long is a rest, seconds. */
  restS: number;
  /** Displacements of a receiver reach at most this far, metres. */
  heldReachM: number;
  /** They hold at most this long, seconds. With a mean of four minutes, one in twelve holds longer than ten. */
  heldS: number;
  /** Fixes within this distance of a stay's middle belong to it, metres, or within three times the spread of the fix. */
  stayM: number;
}

export const defaultMotion: Readonly<MotionParameters> = { restS: 240, heldReachM: 300, heldS: 600, stayM: 30 };

/** A run of fixes around one spot. Degrees; times in ms since 1970. */
interface Stay {
  lon: number;
  lat: number;
  /** Metres per degree of longitude there. */
  perLonM: number;
  count: number;
  from: number;
  to: number;
}

const perLatM = 111_195;

/** The two latest stays of one wearer: plain data, so that it can be stored and taken up again. */
export interface MotionState {
  /** Where the wearer was at rest before, or null. */
  rest: Stay | null;
  now: Stay | null;
}

export function emptyMotion(): MotionState {
  return { rest: null, now: null };
}

/**
 * Takes in the next fix in order of time. Is it doubtful that the wearer went there?
 *
 * @param sigma per-axis standard deviation of the fix, metres
 */
export function move(state: MotionState, at: number, lon: number, lat: number, sigma: number, parameters: MotionParameters): boolean {
  const { now } = state;
  const reach = Math.max(parameters.stayM, 3 * sigma);
  if (now && metresBetween(now, lon, lat) <= reach) join(now, at, lon, lat);
  else if (state.rest && metresBetween(state.rest, lon, lat) <= reach) {
    // Back where they rested: what lay between was a displacement, or a step outside.
    state.now = state.rest;
    state.rest = null;
    join(state.now, at, lon, lat);
  } else {
    const rested = now && now.to - now.from >= 1000 * parameters.restS;
    // Between two spots that are no rest they are on their way.
    state.rest = rested ? now : null;
    state.now = { lon, lat, perLonM: perLatM * Math.cos((lat * Math.PI) / 180), count: 1, from: at, to: at };
  }
  const here = state.now as Stay;
  if (!state.rest) return false;
  if (at - here.from >= 1000 * parameters.heldS || metresBetween(state.rest, here.lon, here.lat) > parameters.heldReachM) {
    state.rest = null;
    return false;
  }
  return true;
}

function join(stay: Stay, at: number, lon: number, lat: number): void {
  // A long stay's middle still follows, slowly, for receivers settle.
  stay.count = Math.min(60, stay.count + 1);
  stay.lon += (lon - stay.lon) / stay.count;
  stay.lat += (lat - stay.lat) / stay.count;
  stay.to = at;
}

function metresBetween(stay: Stay, lon: number, lat: number): number {
  const y = (lat - stay.lat) * perLatM;
  const x = longitudeDifference(lon, stay.lon) * stay.perLonM;
  return Math.sqrt(x * x + y * y);
}
