import { endErrorOf, radius99Table } from './ground/fix-error.ts';
import type { PresenceParameters } from './ground/parameters.ts';
import { distanceToPlace, type LaidPlace } from './ground/place.ts';
import { longitudeDifference } from './ground/plane.ts';
import { Pair } from './pair.ts';
import { apartMsOf, prepareTrack } from './prepared-track.ts';
import { own95 } from './survey.ts';
import type { Track } from './track.ts';
import { metresBy } from './travel.ts';
import { profile, roamingIn, roamingVariance, scales, shares } from './way-law.ts';

/** One fix as it was observed. Distances in metres from the place, `at` in ms since 1970. */
export interface FixInTime {
  at: number;
  metres: number;
  /** Its own error at 95 %, by which it may vouch for presence. What is possible allows for more. */
  errorM: number;
  /** It decides nothing: its receiver had stopped, or told two places at one moment. */
  isSetAside: boolean;
}

/** Where the wearer was at a moment, as far from the place as that is known; metres. */
export interface BandInTime {
  at: number;
  /** No nearer, and no farther, whatever they went by: what “impossible” rests on. */
  nearest: number;
  farthest: number;
  /** Between these in 19 of 20 cases, by the law of the way; null where no fix bounds the gap on the other side. */
  likely: { near: number; far: number } | null;
}

/** Distance from a place against time, from the numbers that verdicts are judged by. */
export interface DistanceInTime {
  /** Distance that counts as being there, metres. */
  reachM: number;
  /** The window as it is judged: by so much wider at either end as clocks may be apart, ms. */
  apartMs: number;
  /** How much of that is for the tag's own clock, of which its positions tell that it is out; seconds, as a rule 0. */
  clockS: number;
  fixes: FixInTime[];
  /** In order of time. */
  band: BandInTime[];
  /** Stretches without a fix, longer than a gap that counts as covered in any case; ms since 1970. */
  gaps: { from: number; to: number }[];
}

/** Moments of a gap that are worked out, both ends among them: one each so many seconds, and so many at least and at most. */
const momentEachS = 30;
const momentsAtLeast = 8;
const momentsAtMost = 60;
const outside = 0.05;

/**
 * How far from a place somebody was, or may have been, from `shown.from` to `shown.to`.
 *
 * @param track the fixes that the verdict was worked out from; those beyond what is shown bound it
 * @param place `layPlace` of the crime's place   @param window of the crime, and what is to be shown; ms since 1970
 */
export function distanceInTime(
  track: Track,
  place: LaidPlace,
  { window, shown }: { window: { from: number; to: number }; shown: { from: number; to: number } },
  parameters: PresenceParameters,
): DistanceInTime {
  const radius99 = radius99Table(parameters);
  const prepared = prepareTrack(track, parameters, radius99);
  const pair = new Pair();
  pair.set(prepared, place, window.from, window.to, parameters.radiusM);
  const errorOf = (sigma: number) => endErrorOf(sigma, parameters, radius99);
  const { at, sigma, provenMps } = prepared;
  const farOf = (k: number, seconds: number) => errorOf(sigma[k] as number) + metresBy(seconds, provenAt(k), parameters);
  // Beyond the first fix and the last one, who came fast may go on so.
  const provenAt = (k: number) => Math.max(k > 0 ? (provenMps[k - 1] as number) : 0, provenMps[k] as number);
  const open = (k: number, moment: number): BandInTime => {
    const d = pair.observedDistance(k);
    const far = farOf(k, Math.abs(moment - (at[k] as number)) / 1000);
    return { at: moment, nearest: Math.max(0, d - far), farthest: d + far, likely: null };
  };
  const band: BandInTime[] = [];
  const n = at.length;
  const momentsOf = (from: number, to: number) => {
    const count = Math.min(momentsAtMost, Math.max(momentsAtLeast, Math.ceil((to - from) / 1000 / momentEachS)));
    return Array.from({ length: count + 1 }, (_, i) => from + ((to - from) * i) / count);
  };
  const wornFrom = Math.max(shown.from, track.from);
  const wornTo = Math.min(shown.to, track.to);
  if (n > 0 && (at[0] as number) > wornFrom)
    for (const moment of momentsOf(wornFrom, Math.min(at[0] as number, wornTo))) band.push(open(0, moment));
  for (let k = 0; k + 1 < n; k++) {
    const [from, to] = [Math.max(at[k] as number, wornFrom), Math.min(at[k + 1] as number, wornTo)];
    if (from >= to) continue;
    for (const moment of momentsOf(from, to)) band.push(inGap(pair, k, moment, errorOf, parameters));
  }
  if (n > 0 && (at[n - 1] as number) < wornTo)
    for (const moment of momentsOf(Math.max(at[n - 1] as number, wornFrom), wornTo)) band.push(open(n - 1, moment));
  return {
    reachM: pair.reach,
    apartMs: apartMsOf(window.from, window.to, parameters, track.clockS),
    clockS: track.clockS ?? 0,
    fixes: fixesOf(track, place, new Set(at), shown),
    band,
    gaps: gapsOf(at, wornFrom, wornTo, 1000 * parameters.maxGapS),
  };
}

function inGap(pair: Pair, k: number, moment: number, errorOf: (sigma: number) => number, parameters: PresenceParameters): BandInTime {
  const { track, place } = pair;
  const { at, sigma, provenMps, speedLimit } = track;
  const T = ((at[k + 1] as number) - (at[k] as number)) / 1000;
  const s = (moment - (at[k] as number)) / 1000;
  const proven = provenMps[k] as number;
  const farA = errorOf(sigma[k] as number) + metresBy(s, proven, parameters);
  const farB = errorOf(sigma[k + 1] as number) + metresBy(T - s, proven, parameters);
  const [da, db] = [pair.observedDistance(k), pair.observedDistance(k + 1)];
  // There and back again is no more than the gap allows.
  const both = (da + db - errorOf(sigma[k] as number) - errorOf(sigma[k + 1] as number) - (speedLimit[k] as number) * T) / 2;
  const nearest = Math.max(0, da - farA, db - farB, both);
  const farthest = Math.max(nearest, Math.min(da + farA, db + farB));
  const share = s / T;
  const x = (1 - share) * pair.likelyX(k) + share * pair.likelyX(k + 1);
  const y = (1 - share) * pair.likelyY(k) + share * pair.likelyY(k + 1);
  const d = distanceToPlace(place, x, y);
  const q = likelyWithin(track, k, share, T);
  const within = (metres: number) => Math.min(farthest, Math.max(nearest, metres));
  return { at: moment, nearest, farthest, likely: { near: within(d - q), far: within(d + q) } };
}

/** Radius about the line between two fixes within which the wearer is in 19 of 20 cases, metres: the larger spread in all directions. */
function likelyWithin(track: Pair['track'], k: number, share: number, T: number): number {
  const { along, across, variance } = track;
  const ends = (1 - share) ** 2 * (variance[k] as number) + share ** 2 * (variance[k + 1] as number);
  const widest = profile(share) * Math.max(along[k] as number, across[k] as number);
  const roaming = roamingIn(T);
  const roams = profile(share) * roamingVariance(T) + ends;
  const beyond = (q: number) => {
    let sum = 0;
    for (let i = 0; i < scales.length; i++)
      sum += (shares[i] as number) * Math.exp((-q * q) / (2 * ((scales[i] as number) ** 2 * widest + ends)));
    return (1 - roaming) * sum + roaming * Math.exp((-q * q) / (2 * roams));
  };
  let low = 0;
  let high = 10 * Math.sqrt(Math.max(roams, (scales.at(-1) as number) ** 2 * widest + ends)) + 1;
  for (let i = 0; i < 40; i++) {
    const q = (low + high) / 2;
    if (beyond(q) > outside) low = q;
    else high = q;
  }
  return high;
}

function fixesOf(
  { at, lon, lat, sigma }: Track,
  place: LaidPlace,
  believed: ReadonlySet<number>,
  shown: { from: number; to: number },
): FixInTime[] {
  const { plane } = place;
  return Array.from(at, (moment, i) => ({
    at: moment,
    metres: distanceToPlace(
      place,
      longitudeDifference(lon[i] as number, plane.lon) * plane.perLon,
      ((lat[i] as number) - plane.lat) * plane.perLat,
    ),
    errorM: own95 * (sigma[i] as number),
    isSetAside: !believed.has(moment),
  })).filter((fix) => fix.at >= shown.from && fix.at <= shown.to);
}

function gapsOf(at: Float64Array, from: number, to: number, longestMs: number): { from: number; to: number }[] {
  const edges = [Number.NEGATIVE_INFINITY, ...at, Number.POSITIVE_INFINITY];
  const gaps: { from: number; to: number }[] = [];
  for (let i = 1; i < edges.length; i++) {
    const [a, b] = [edges[i - 1] as number, edges[i] as number];
    const [begin, end] = [Math.max(a, from), Math.min(b, to)];
    if (b - a > longestMs && end > begin) gaps.push({ from: begin, to: end });
  }
  return gaps;
}
