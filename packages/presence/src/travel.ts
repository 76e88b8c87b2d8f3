import type { PresenceParameters } from './ground/parameters.ts';

/**
 * How far somebody may get, and how fast, whatever they go by: on the road at first, after `railAfterS` on a train, after `airAfterS` in
 * the air. What the fixes around prove is allowed besides.
 */

/** Farthest that anybody gets in so many seconds, metres. */
export function metresWithin(seconds: number, parameters: PresenceParameters): number {
  const { maxSpeedMps, railSpeedMps, railAfterS, airSpeedMps, airAfterS } = parameters;
  const onRoad = maxSpeedMps * Math.min(seconds, railAfterS);
  const onRails = railSpeedMps * Math.max(0, Math.min(seconds, airAfterS) - railAfterS);
  return onRoad + onRails + airSpeedMps * Math.max(0, seconds - airAfterS);
}

/** Farthest in so many seconds where the fixes around prove a speed of `provenMps`, metres: `secondsFor` the other way round. */
export function metresBy(seconds: number, provenMps: number, parameters: PresenceParameters): number {
  return Math.max(metresWithin(seconds, parameters), provenMps * seconds);
}

/** Least time that somebody needs for so many metres, where the fixes around prove a speed of `provenMps`; seconds. */
export function secondsFor(metres: number, provenMps: number, parameters: PresenceParameters): number {
  if (metres <= 0) return 0;
  const { maxSpeedMps, railSpeedMps, railAfterS, airSpeedMps, airAfterS } = parameters;
  const onRoad = maxSpeedMps * railAfterS;
  const onRails = onRoad + railSpeedMps * (airAfterS - railAfterS);
  const anyhow =
    metres <= onRoad
      ? metres / maxSpeedMps
      : metres <= onRails
        ? railAfterS + (metres - onRoad) / railSpeedMps
        : airAfterS + (metres - onRails) / airSpeedMps;
  return Math.min(anyhow, metres / provenMps);
}

/**
 * The speed that the fixes around prove to be possible in a gap, m/s: that of a road at least. Trains start from rest, so it is more than
 * the mean speed in the gap or beside it; and beside what no road explains, nothing near is impossible.
 *
 * @param fastest greatest mean speed in the gap and in those beside it, m/s
 */
export function provenSpeed(fastest: number, { maxSpeedMps, speedMargin, beyondRoadMps, airSpeedMps }: PresenceParameters): number {
  return Math.max(maxSpeedMps, speedMargin * fastest, fastest > beyondRoadMps ? airSpeedMps + 4 * fastest : 0);
}

/** Greatest mean speed over a whole gap of so many seconds, m/s. */
export function speedWithin(seconds: number, fastest: number, parameters: PresenceParameters): number {
  return Math.max(provenSpeed(fastest, parameters), metresWithin(seconds, parameters) / seconds);
}
