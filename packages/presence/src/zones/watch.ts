import { distanceM } from '../plane.ts';
import { type ReachState, setAside } from '../tag/reach.ts';
import { depthM } from './area.ts';
import { certainlyOutsideM, plainlyFrom, probabilityInside } from './inside.ts';
import { defaultMotion, emptyMotion, type MotionParameters, type MotionState, move } from './motion.ts';
import type { SharedZones } from './shared-zones.ts';
import type { WatchedFix, WatchedZone } from './watched.ts';

export interface WatchParameters extends MotionParameters {
  /** A fix counts for one side from this P on. */
  likely: number;
  /** One fix alone is enough from this P on; two in a row are below. */
  certain: number;
  /** Longer without a fix than this, nothing is known, seconds. */
  staleS: number;
}

export const defaultWatch: Readonly<WatchParameters> = { ...defaultMotion, likely: 0.95, certain: 0.999, staleS: 300 };

export type Side = 'in' | 'out';

/** A stretch of event time in which a wearer was on one side of an area's edge. Between spans nothing is known. */
export interface Span {
  side: Side;
  /** The first fix of those that told. */
  from: number;
  /** The fix that settled it. */
  confirmedAt: number;
  /** The latest fix that was on this side for itself. */
  lastFixAt: number;
  /** The end: the first fix on the other side, the last fix before the signal was lost, or the latest fix so far. */
  to: number;
  ended: 'turned' | 'lost' | null;
  /** What the fixes on this side say, for each stretch of hours that they fell in. */
  evidence: Evidence[];
}

/** What the fixes of one stretch of hours say. */
export interface Evidence {
  /** Which stretch: its place among the intervals. */
  hours: number;
  fixes: number;
  /** The fix farthest from the edge: how far, metres, when, and its spread. */
  farthestM: number;
  farthestAt: number;
  farthestSigma: number;
}

/** Fixes that lean to a side the wearer is not taken to be on. */
interface Leaning {
  side: Side | null;
  from: number;
  fixes: number;
  /** The first of them is one that a displaced receiver would make too. */
  doubtful: boolean;
  evidence: Evidence[];
}

interface ZoneState {
  zone: WatchedZone;
  /** The latest fix it was measured against. */
  seenAt: number;
  /** Where in the hours the latest fix fell. */
  hours: number;
  leaning: Leaning;
  /** A fix alone inside an area not to be entered, until it is known whether its neighbours bear it out. */
  lone: Leaning | null;
  spans: Span[];
}

/** A state as it was after some fix; spans before the last never change again. */
interface Snapshot {
  /** How many of the kept fixes came before. */
  fixes: number;
  lastAt: number;
  toldAt: number;
  motion: MotionState;
  reach: ReachState<WatchedFix>;
  recent: WatchedFix[];
  zones: { id: string; leaning: Leaning; lone: Leaning | null; spans: number; last: Span | null }[];
}

/** Fixes between snapshots, and snapshots kept: fixes as late as the oldest are taken in without asking the store. */
const fixesPerSnapshot = 64;
const snapshotsAtMost = 4;
/** Fixes of a larger spread are not looked at for how somebody moves, metres. */
const movesAtMostM = 300;

/**
 * Watches one wearing against its zones, in event time. Shared zones are areas that may not be entered.
 *
 * A wearer changes sides when two fixes in a row say so with P ≥ `likely`, or one with P ≥ `certain`; in between, the side
 * stays. A fix that is alone counts too if it lies on the way between its neighbours of a wearer who is going somewhere. A jump
 * that a displaced receiver would make too counts for nothing until the wearer moves on or stays, see `move`; a fix that no movement
 * explains is set aside, see `setAside`, and one that says nothing of the place (a spread of Infinity) is passed over. Without a fix for
 * `staleS` the side is unknown, which is neither.
 *
 * Fixes may come in any order. A late one takes the watch back to before it and all later ones are gone through again, so the
 * spans depend on the fixes alone.
 */
export class ZoneWatch {
  readonly #parameters: WatchParameters;
  /** A fix that lies this many of its own spreads from the edge leans to its side. */
  readonly #plainly: number;
  readonly #own: ZoneState[];
  readonly #shared: SharedZones | null;
  /** Shared zones that the wearer is or was near. */
  readonly #near = new Map<string, ZoneState>();
  #motion: MotionState = emptyMotion();
  #reach: ReachState<WatchedFix> = { believed: null, aside: [] };
  /** The two fixes before the one at hand, the older first. */
  #recent: WatchedFix[] = [];
  #lastAt = Number.NEGATIVE_INFINITY;
  /** The latest fix that was not set aside. */
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Fixes since the oldest snapshot, in order of time. */
  readonly #fixes: WatchedFix[] = [];
  readonly #snapshots: Snapshot[] = [];
  #steps = 0;

  constructor(zones: readonly WatchedZone[], shared: SharedZones | null = null, parameters: WatchParameters = defaultWatch) {
    this.#parameters = parameters;
    this.#plainly = plainlyFrom(parameters.likely);
    this.#shared = shared;
    this.#own = zones.map(stateOf);
    this.#keepSnapshot();
  }

  /** The latest fix taken in, ms since 1970; −Infinity before the first. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** Fixes gone through so far, those gone through again among them. */
  get steps(): number {
    return this.#steps;
  }

  /** The spans of a zone, oldest first; none where the wearer never was near a shared one. */
  spans(zone: string): readonly Span[] {
    return (this.#own.find((state) => state.zone.id === zone) ?? this.#near.get(zone))?.spans ?? [];
  }

  /** Every zone with spans: all own ones, and the shared ones that the wearer has been near. */
  *all(): Generator<[zone: string, spans: readonly Span[]]> {
    for (const { zone, spans } of this.#own) yield [zone.id, spans];
    for (const [id, { spans }] of this.#near) yield [id, spans];
  }

  /**
   * Takes in fixes, late ones too. A second fix of the same moment is none.
   *
   * @returns the moment from which spans may have changed, or null when nothing was new; `'older'` when a fix is older than
   * everything kept: then nothing was taken in, and a new watch must go through all fixes of the wearing.
   */
  take(all: readonly WatchedFix[]): number | null | 'older' {
    const fixes = all.every(({ sigma }) => sigma !== Number.POSITIVE_INFINITY) ? all : all.filter(({ sigma }) => Number.isFinite(sigma));
    const base = (this.#snapshots[0] as Snapshot).lastAt;
    let earliest = Infinity;
    for (const { at } of fixes) if (at < earliest) earliest = at;
    if (earliest > this.#lastAt && isSorted(fixes)) {
      for (const fix of fixes) this.#append(fix);
      return fixes.length > 0 ? earliest : null;
    }
    const late = [...fixes].sort((a, b) => a.at - b.at);
    if ((late[0] as WatchedFix).at <= base && this.#fixes.every(({ at }) => at !== (late[0] as WatchedFix).at)) return 'older';
    let changedFrom: number | null = null;
    for (const fix of late) {
      const place = this.#placeOf(fix.at);
      if (this.#fixes[place]?.at === fix.at) continue;
      this.#fixes.splice(place, 0, fix);
      changedFrom ??= fix.at;
    }
    if (changedFrom !== null) this.#goBackTo(changedFrom);
    return changedFrom;
  }

  #append(fix: WatchedFix): void {
    this.#fixes.push(fix);
    this.#step(fix);
    if (this.#fixes.length - (this.#snapshots[this.#snapshots.length - 1] as Snapshot).fixes >= fixesPerSnapshot) this.#keepSnapshot();
  }

  /** Index of the first kept fix at or after a moment. */
  #placeOf(at: number): number {
    let place = this.#fixes.length;
    while (place > 0 && (this.#fixes[place - 1] as WatchedFix).at >= at) place--;
    return place;
  }

  #goBackTo(at: number): void {
    while (this.#snapshots.length > 1 && (this.#snapshots[this.#snapshots.length - 1] as Snapshot).lastAt >= at) this.#snapshots.pop();
    const snapshot = this.#snapshots[this.#snapshots.length - 1] as Snapshot;
    this.#restore(snapshot);
    for (const fix of this.#fixes.splice(snapshot.fixes)) this.#append(fix);
  }

  #step(fix: WatchedFix): void {
    const { at, lon, lat, sigma } = fix;
    this.#steps++;
    this.#lastAt = at;
    if (setAside(this.#reach, fix)) return;
    const silentMs = at - this.#toldAt;
    this.#toldAt = at;
    if (silentMs > 1000 * this.#parameters.staleS) this.#lose();
    // Over a long silence there is no jump: whoever is elsewhere has gone there.
    if (silentMs > 1000 * this.#parameters.heldS) this.#motion = emptyMotion();
    // A fix that is exact to a kilometre says nothing of how somebody moves.
    const doubtful = sigma <= movesAtMostM && move(this.#motion, at, lon, lat, sigma, this.#parameters);
    for (const state of this.#own) this.#see(state, fix, doubtful);
    if (this.#shared) this.#seeShared(this.#shared, fix, doubtful);
    if (this.#recent.length === 2) this.#recent.shift();
    this.#recent.push(fix);
  }

  /** Shared zones near the fix. Of one that is far behind and known to be left there is nothing more to learn. */
  #seeShared(shared: SharedZones, fix: WatchedFix, doubtful: boolean): void {
    const { lon, lat, sigma } = fix;
    for (const zone of shared.near(lon, lat, certainlyOutsideM(sigma))) {
      let state = this.#near.get(zone.id);
      if (!state) {
        state = stateOf(zone);
        this.#near.set(zone.id, state);
      }
      this.#see(state, fix, doubtful);
    }
    for (const state of this.#near.values()) {
      const last = state.spans[state.spans.length - 1];
      if (state.seenAt < fix.at && (last?.side !== 'out' || last.ended !== null || state.leaning.side !== null || state.lone))
        this.#see(state, fix, doubtful);
    }
  }

  #see(state: ZoneState, fix: WatchedFix, doubtful: boolean): void {
    state.seenAt = fix.at;
    this.#weigh(state, fix, doubtful);
    if (state.lone) this.#bearOut(state, state.lone, fix);
  }

  #weigh(state: ZoneState, { at, lon, lat, sigma }: WatchedFix, doubtful: boolean): void {
    const { zone, leaning, spans } = state;
    const last = spans[spans.length - 1];
    const open = last?.ended === null ? last : undefined;
    if (open) open.to = at;
    // Most fixes plainly say what is known; for those the probability itself is not worked out.
    const plainly = this.#plainly * sigma;
    const depth = depthM(zone.area, lon, lat, zone.stayIn || open?.side !== 'out' ? Infinity : plainly);
    if (open && (open.side === 'in' ? depth >= plainly : depth <= -plainly)) {
      letGo(state);
      open.lastFixAt = at;
      this.#tell(state, open.evidence, at, Math.abs(depth), sigma);
      return;
    }
    const { least, most } = probabilityInside(zone.area, depth, sigma);
    const { likely, certain } = this.#parameters;
    const side: Side | null = least >= likely ? 'in' : most <= 1 - likely ? 'out' : null;
    if (side === null || side === open?.side) {
      letGo(state);
      if (side !== null && open) {
        open.lastFixAt = at;
        this.#tell(state, open.evidence, at, Math.abs(depth), sigma);
      }
      return;
    }
    if (leaning.side !== side) {
      letGo(state);
      leaning.side = side;
      leaning.from = at;
      leaning.fixes = 0;
      leaning.doubtful = doubtful;
      leaning.evidence = [];
    }
    leaning.fixes++;
    this.#tell(state, leaning.evidence, at, Math.abs(depth), sigma);
    if (doubtful || !(leaning.fixes >= 2 || least >= certain || most <= 1 - certain)) return;
    if (open) {
      open.to = leaning.from;
      open.ended = 'turned';
    }
    spans.push({ side, from: leaning.from, confirmedAt: at, lastFixAt: at, to: at, ended: null, evidence: leaning.evidence });
    leaning.side = null;
    leaning.evidence = [];
  }

  /** Adds a fix to the evidence of the hours it fell in; outside all hours it is none. */
  #tell(state: ZoneState, evidence: Evidence[], at: number, m: number, sigma: number): void {
    const { holds } = state.zone;
    if (holds) {
      if (state.hours > 0 && at < (holds[state.hours - 1] as number)) state.hours = 0;
      while (state.hours < holds.length && (holds[state.hours + 1] as number) <= at) state.hours += 2;
      if (state.hours >= holds.length || at < (holds[state.hours] as number)) return;
    }
    const hours = holds ? state.hours : 0;
    let own = evidence[evidence.length - 1];
    if (own?.hours !== hours) {
      own = { hours, fixes: 0, farthestM: -1, farthestAt: 0, farthestSigma: 0 };
      evidence.push(own);
    }
    own.fixes++;
    if (m <= own.farthestM) return;
    own.farthestM = m;
    own.farthestAt = at;
    own.farthestSigma = sigma;
  }

  /** Makes a lone fix count after all, if it and two neighbours lie on one way. Two fixes later it is forgotten. */
  #bearOut(state: ZoneState, lone: Leaning, fix: WatchedFix): void {
    const [before, between] = this.#recent;
    const open = state.spans[state.spans.length - 1];
    const isMiddle = between?.at === lone.from;
    if (!isMiddle) state.lone = null;
    if (!before || !between || !open || open.ended !== null || open.side === lone.side || state.leaning.side !== null) return;
    if (!(isMiddle || before.at === lone.from) || !isOneWay(before, between, fix)) return;
    state.lone = null;
    const to = isMiddle ? fix.at : between.at;
    const { side, from, evidence } = lone;
    const passing: Span = { side: side as Side, from, confirmedAt: fix.at, lastFixAt: from, to, ended: 'turned', evidence };
    if (open.from > from) state.spans.splice(-1, 0, passing);
    else {
      const after: Span = { ...open, from: to, confirmedAt: fix.at, evidence: [] };
      open.to = from;
      open.ended = 'turned';
      state.spans.push(passing, after);
    }
  }

  /** The signal was lost at the last fix. */
  #lose(): void {
    for (const state of this.#states()) {
      const last = state.spans[state.spans.length - 1];
      if (last?.ended === null) last.ended = 'lost';
      state.leaning.side = null;
      state.lone = null;
    }
    this.#recent = [];
  }

  *#states(): Generator<ZoneState> {
    yield* this.#own;
    yield* this.#near.values();
  }

  #keepSnapshot(): void {
    const zones = [...this.#states()].map(({ zone, leaning, lone, spans }) => {
      const last = spans[spans.length - 1];
      return { id: zone.id, leaning: copyOf(leaning), lone: lone && copyOf(lone), spans: spans.length, last: last ? copyOf(last) : null };
    });
    const { rest, now } = this.#motion;
    const motion = { rest: rest && { ...rest }, now: now && { ...now } };
    const reach = { ...this.#reach };
    this.#snapshots.push({ fixes: this.#fixes.length, lastAt: this.#lastAt, toldAt: this.#toldAt, motion, reach, recent: [...this.#recent], zones });
    if (this.#snapshots.length <= snapshotsAtMost) return;
    this.#snapshots.shift();
    const gone = (this.#snapshots[0] as Snapshot).fixes;
    this.#fixes.splice(0, gone);
    for (const snapshot of this.#snapshots) snapshot.fixes -= gone;
  }

  #restore({ lastAt, toldAt, motion, reach, recent, zones }: Snapshot): void {
    this.#lastAt = lastAt;
    this.#toldAt = toldAt;
    this.#reach = { ...reach };
    this.#recent = [...recent];
    this.#motion = { rest: motion.rest && { ...motion.rest }, now: motion.now && { ...motion.now } };
    const kept = new Map(zones.map((zone) => [zone.id, zone]));
    for (const id of [...this.#near.keys()]) if (!kept.has(id)) this.#near.delete(id);
    for (const state of this.#states()) {
      const then = kept.get(state.zone.id) as Snapshot['zones'][number];
      state.seenAt = lastAt;
      state.hours = 0;
      state.leaning = copyOf(then.leaning);
      state.lone = then.lone && copyOf(then.lone);
      state.spans.length = then.spans;
      if (then.last) state.spans[then.spans - 1] = copyOf(then.last);
    }
  }
}

function stateOf(zone: WatchedZone): ZoneState {
  const leaning = { side: null, from: 0, fixes: 0, doubtful: false, evidence: [] };
  return { zone, seenAt: Number.NEGATIVE_INFINITY, hours: 0, leaning, lone: null, spans: [] };
}

/** A copy that shares nothing which changes. */
function copyOf<T extends { evidence: Evidence[] }>(own: T): T {
  return { ...own, evidence: own.evidence.map((evidence) => ({ ...evidence })) };
}

/** The fixes that leaned the other way go on no longer; one that was alone may yet be borne out, as when a car crosses a zone. */
function letGo(state: ZoneState): void {
  const { leaning, zone } = state;
  if (leaning.side === null) return;
  if (leaning.side === 'in' && !zone.stayIn && leaning.fixes === 1 && !leaning.doubtful) state.lone = copyOf(leaning);
  leaning.side = null;
}

/** Fixes farther apart in time than this do not show a way, ms. */
const wayGapMs = 150_000;
/** Who goes this far from the first of three fixes to the last is going somewhere, metres. */
const wayM = 60;
/** The way over the middle fix is at most this many times the straight one: a fix that is out makes it longer. */
const wayBend = 1.05;

/** Do three fixes lie on one way of somebody who is going somewhere? */
function isOneWay(a: WatchedFix, b: WatchedFix, c: WatchedFix): boolean {
  if (b.at - a.at > wayGapMs || c.at - b.at > wayGapMs) return false;
  const straight = distanceM(a.lon, a.lat, c.lon, c.lat);
  if (straight < Math.max(wayM, 4 * a.sigma, 4 * c.sigma)) return false;
  return distanceM(a.lon, a.lat, b.lon, b.lat) + distanceM(b.lon, b.lat, c.lon, c.lat) <= wayBend * straight;
}

function isSorted(fixes: readonly WatchedFix[]): boolean {
  for (let i = 1; i < fixes.length; i++) if ((fixes[i] as WatchedFix).at <= (fixes[i - 1] as WatchedFix).at) return false;
  return true;
}
