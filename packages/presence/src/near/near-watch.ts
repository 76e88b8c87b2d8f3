import { distanceM, planeAt } from '../ground/plane.ts';
import { type ReachState, setAside } from '../tag/reach.ts';
import type { LaidArea } from '../zones/area.ts';
import { probabilityInside } from '../zones/inside.ts';

/** Where somebody was: ms since 1970, degrees, and the per-axis standard deviation of the ordinary error in metres. */
export interface NearFix {
  at: number;
  lon: number;
  lat: number;
  sigma: number;
}

export interface NearParameters {
  /** Positions of the two are compared when at most this far apart in time, seconds. */
  apartS: number;
  /** Between its fixes nobody is taken to be surer placed than this pace allows, metres per second per axis. */
  paceMps: number;
  /** A pair counts for one side from this P on; two in a row settle it, or one from `certain` on. */
  likely: number;
  certain: number;
  /** Longer without a pair than this, nothing is known, seconds. */
  staleS: number;
}

export const defaultNear: Readonly<NearParameters> = { apartS: 180, paceMps: 1.5, likely: 0.95, certain: 0.999, staleS: 300 };

/** A stretch of event time in which two people were nearer to each other than is allowed. Ms since 1970. */
export interface NearEpisode {
  from: number;
  /** The pair that showed them apart again, the last pair before nothing was known, or the latest one. */
  to: number;
  lasts: boolean;
  confirmedAt: number;
  /** Pairs of positions that say so. */
  pairs: number;
  closestM: number;
  closestAt: number;
  /** Spread of the distance at the closest pair, metres per axis. */
  closestSigma: number;
}

/**
 * When a wearer was within a radius of somebody who moves too.
 *
 * For each fix of the wearer the other's position at that moment is taken from the fixes before and after it, or the nearest one;
 * P(within the radius) follows from both errors together and from the time between. The rules are those of zones: two pairs in
 * a row or one that is certain, and nothing is known without pairs. The outcome depends on the two tracks alone, not on the
 * order in which they came.
 *
 * @param wearer,other fixes in order of time
 */
export function nearEpisodes(
  wearer: readonly NearFix[],
  other: readonly NearFix[],
  radiusM: number,
  parameters: NearParameters = defaultNear,
): NearEpisode[] {
  const { likely, certain, staleS } = parameters;
  const found: NearEpisode[] = [];
  let near: NearEpisode | null = null;
  let leaning: Leaning | null = null;
  let lastAt = Number.NEGATIVE_INFINITY;
  let next = 0;
  const reach: ReachState<NearFix> = { believed: null, aside: [] };
  for (const fix of wearer) {
    // No movement explains it: it decides nothing.
    if (setAside(reach, fix)) continue;
    while (next < other.length && (other[next] as NearFix).at < fix.at) next++;
    const there = placeAt(other[next - 1], other[next], fix.at, parameters);
    if (fix.at - lastAt > 1000 * staleS) {
      if (near) near.lasts = false;
      near = null;
      leaning = null;
    }
    if (!there) continue;
    lastAt = fix.at;
    const metres = distanceM(there.lon, there.lat, fix.lon, fix.lat);
    const sigma = Math.hypot(fix.sigma, there.sigma);
    const { least, most } = probabilityInside(discOf(there.lon, there.lat, radiusM), radiusM - metres, sigma);
    const side = least >= likely ? true : most <= 1 - likely ? false : null;
    if (near) near.to = fix.at;
    if (side === null || side === (near !== null)) {
      leaning = null;
      if (near && side) tell(near, fix.at, metres, sigma);
      continue;
    }
    const before: Leaning | null = leaning;
    const episode: NearEpisode = before !== null && before.near === side ? before.episode : begun(fix.at);
    leaning = { near: side, episode };
    tell(episode, fix.at, metres, sigma);
    if (episode.pairs < 2 && least < certain && most > 1 - certain) continue;
    leaning = null;
    if (side) {
      episode.confirmedAt = fix.at;
      episode.to = fix.at;
      near = episode;
      found.push(episode);
    } else if (near) {
      near.to = episode.from;
      near.lasts = false;
      near = null;
    }
  }
  return found;
}

/** Pairs that lean to a side the two are not taken to be on. */
interface Leaning {
  near: boolean;
  episode: NearEpisode;
}

/** Where somebody was at a moment, from the fixes on either side of it; null when both are too far off in time. */
function placeAt(before: NearFix | undefined, after: NearFix | undefined, at: number, { apartS, paceMps }: NearParameters): NearFix | null {
  const isClose = (fix: NearFix | undefined): fix is NearFix => fix !== undefined && Math.abs(fix.at - at) <= 1000 * apartS;
  if (isClose(before) && isClose(after)) {
    const share = after.at === before.at ? 0 : (at - before.at) / (after.at - before.at);
    const awayS = Math.min(at - before.at, after.at - at) / 1000;
    return {
      at,
      lon: before.lon + share * (after.lon - before.lon),
      lat: before.lat + share * (after.lat - before.lat),
      sigma: Math.hypot(Math.max(before.sigma, after.sigma), paceMps * awayS),
    };
  }
  const one = isClose(before) ? before : isClose(after) ? after : null;
  return one && { ...one, at, sigma: Math.hypot(one.sigma, (paceMps * Math.abs(at - one.at)) / 1000) };
}

function begun(at: number): NearEpisode {
  return { from: at, to: at, lasts: true, confirmedAt: at, pairs: 0, closestM: Infinity, closestAt: at, closestSigma: 0 };
}

function tell(episode: NearEpisode, at: number, metres: number, sigma: number): void {
  episode.pairs++;
  if (metres >= episode.closestM) return;
  episode.closestM = metres;
  episode.closestAt = at;
  episode.closestSigma = sigma;
}

/** A disc that is only asked for its radius: the distance is known already. */
function discOf(lon: number, lat: number, radiusM: number): LaidArea {
  return {
    plane: planeAt(lon, lat),
    radiusM,
    edges: noEdges,
    west: -radiusM,
    south: -radiusM,
    east: radiusM,
    north: radiusM,
    sides: null,
  };
}
const noEdges = new Float64Array(0);

/** Fixes of the wearer that are gone through at each look; when there are twice as many, what is settled is set aside. */
const keptFixes = 2000;

/** Follows two people as their fixes come, in any order. */
export class NearWatch {
  readonly #radiusM: number;
  readonly #parameters: NearParameters;
  readonly #settled: NearEpisode[] = [];
  #wearer: NearFix[] = [];
  #other: NearFix[] = [];
  /** Nothing before this can be put right any more. */
  #settledTo = Number.NEGATIVE_INFINITY;

  constructor(radiusM: number, parameters: NearParameters = defaultNear) {
    this.#radiusM = radiusM;
    this.#parameters = parameters;
  }

  /** @returns `'older'` when a fix is older than what can be put right: a new watch must go through all fixes of both */
  take(who: 'wearer' | 'other', all: readonly NearFix[]): 'older' | null {
    // One that says nothing of the place is passed over.
    const fixes = all.filter(({ sigma }) => Number.isFinite(sigma));
    if (fixes.some(({ at }) => at <= this.#settledTo)) return 'older';
    const own = who === 'wearer' ? this.#wearer : this.#other;
    let last = own[own.length - 1]?.at ?? Number.NEGATIVE_INFINITY;
    let sorted = true;
    for (const fix of fixes) {
      sorted &&= fix.at > last;
      last = fix.at;
      own.push(fix);
    }
    if (!sorted) {
      const inOrder = [...new Map(own.map((fix) => [fix.at, fix])).values()].sort((a, b) => a.at - b.at);
      if (who === 'wearer') this.#wearer = inOrder;
      else this.#other = inOrder;
    }
    if (this.#wearer.length > 2 * keptFixes) this.#settle();
    return null;
  }

  /** Every nearness so far, oldest first. */
  episodes(): NearEpisode[] {
    return [...this.#settled, ...nearEpisodes(this.#wearer, this.#other, this.#radiusM, this.#parameters)];
  }

  #settle(): void {
    const episodes = nearEpisodes(this.#wearer, this.#other, this.#radiusM, this.#parameters);
    let cut = (this.#wearer[this.#wearer.length - keptFixes] as NearFix).at;
    // Never in the middle of one, nor where it has just ended.
    const restMs = 1000 * this.#parameters.staleS;
    for (const { from, to } of episodes.toReversed()) if (from <= cut && to + restMs >= cut) cut = from - 1;
    this.#settled.push(...episodes.filter(({ to }) => to < cut));
    this.#wearer = this.#wearer.filter(({ at }) => at > cut);
    // The other's position just after the cut may rest on a fix just before it.
    this.#other = this.#other.filter(({ at }) => at > cut - 1000 * this.#parameters.apartS);
    this.#settledTo = cut;
  }
}
