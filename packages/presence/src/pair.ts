import { distanceToPlace, type LaidPlace } from './ground/place.ts';
import { longitudeDifference } from './ground/plane.ts';
import { withinDisc, withinEdge, withinOval } from './ground/within.ts';
import { firstFixFrom, type PreparedTrack } from './prepared-track.ts';

/**
 * One wearer and one crime. Distances are metres from the place, times are seconds from the beginning of the window.
 * One object serves pair after pair, so that a sweep over millions makes no garbage.
 */
export class Pair {
  track!: PreparedTrack;
  place!: LaidPlace;
  /** Distance from the place that counts as being there. */
  reach = 0;
  /** Beginning of the window, ms since 1970. */
  from = 0;
  to = 0;
  windowS = 0;
  /** Fixes `low` up to but not `high` were taken during the window. */
  low = 0;
  high = 0;
  /** The same with one fix more on either side, where there is one; both included. */
  first = 0;
  last = 0;

  set(track: PreparedTrack, place: LaidPlace, from: number, to: number, radiusM: number): void {
    const { at } = track;
    this.track = track;
    this.place = place;
    this.reach = radiusM + place.uncertaintyM;
    this.from = from;
    this.to = to;
    this.windowS = (to - from) / 1000;
    this.low = firstFixFrom(track, from);
    this.high = firstFixFrom(track, to);
    if (this.high < at.length && at[this.high] === to) this.high++;
    this.first = this.low > 0 ? this.low - 1 : this.low;
    this.last = this.high < at.length ? this.high : this.high - 1;
  }

  /** Seconds of fix k after the window's beginning. */
  second(k: number): number {
    return ((this.track.at[k] as number) - this.from) / 1000;
  }

  /** Square of the distance between fix k, as observed, and the place. */
  observedSquared(k: number): number {
    const { plane } = this.place;
    const x = longitudeDifference(this.track.lon[k] as number, plane.lon) * plane.perLon;
    const y = ((this.track.lat[k] as number) - plane.lat) * plane.perLat;
    return this.place.edges.length === 0 ? x * x + y * y : distanceToPlace(this.place, x, y) ** 2;
  }

  observedDistance(k: number): number {
    return Math.sqrt(this.observedSquared(k));
  }

  likelyX(k: number): number {
    return longitudeDifference(this.track.likelyLon[k] as number, this.place.plane.lon) * this.place.plane.perLon;
  }

  likelyY(k: number): number {
    return ((this.track.likelyLat[k] as number) - this.place.plane.lat) * this.place.plane.perLat;
  }

  likelyDistance(k: number): number {
    return distanceToPlace(this.place, this.likelyX(k), this.likelyY(k));
  }

  /** P(within reach) for a position that is normal around a mean `d` metres off, with `s` per axis. */
  within(d: number, s: number): number {
    return this.place.edges.length === 0 ? withinDisc(d, s, this.reach) : withinEdge(d, s, this.reach);
  }

  /**
   * P(within reach) for a position that is normal around (x, y), metres from the place, with one variance along a direction and another
   * across it, m².
   */
  withinOval(x: number, y: number, ux: number, uy: number, along: number, across: number): number {
    const { place, reach } = this;
    if (place.edges.length === 0) return withinOval(x * ux + y * uy, y * ux - x * uy, Math.sqrt(along), Math.sqrt(across), reach);
    const d = distanceToPlace(place, x, y);
    const r = Math.hypot(x, y);
    // Towards the place, as far as that is one direction.
    const c2 = r > 0 ? ((x * ux + y * uy) / r) ** 2 : 0.5;
    return withinEdge(d, Math.sqrt(c2 * along + (1 - c2) * across), reach);
  }
}
