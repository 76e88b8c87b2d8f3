import {
  defaultParameters,
  emptyJudgement,
  fromPlane,
  Judge,
  type Judgement,
  layPlace,
  type Place,
  planeAt,
  prepareTrack,
  sigmaOf,
  type Track,
} from '../src/index.ts';

/** Noon on a day of the tests, ms since 1970. */
export const noon = Date.UTC(2026, 8, 7, 12);
/** A place from which metres are counted. */
export const home = planeAt(-1.83, 53.09);

/** A track, worn for ever, from metres east and north of that place at seconds from noon. */
export function trackOf(points: readonly (readonly [seconds: number, x: number, y: number])[], accuracyM = 10): Track {
  const degrees = points.map(([, x, y]) => fromPlane(home, x, y));
  return {
    at: Float64Array.from(points, ([s]) => noon + s * 1000),
    lon: Float64Array.from(degrees, ([lon]) => lon),
    lat: Float64Array.from(degrees, ([, lat]) => lat),
    sigma: new Float32Array(points.length).fill(sigmaOf(accuracyM, defaultParameters)),
    from: Number.NEGATIVE_INFINITY,
    to: Number.POSITIVE_INFINITY,
  };
}

/** A point so many metres east and north of that place. */
export function pointAt(x: number, y: number, uncertaintyM = 0): Place {
  const [lon, lat] = fromPlane(home, x, y);
  return { kind: 'point', lon, lat, uncertaintyM };
}

/** The verdict with the usual parameters on a window of seconds from noon. */
export function judge(track: Track, place: Place, fromS: number, toS = fromS, plain = false): Judgement {
  const out = emptyJudgement();
  const prepared = prepareTrack(track, defaultParameters);
  new Judge(defaultParameters, { plain }).judge(prepared, layPlace(place), noon + fromS * 1000, noon + toS * 1000, out);
  return out;
}
