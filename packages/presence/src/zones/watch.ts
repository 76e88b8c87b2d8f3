import { type ReachState, setAside } from '../tag/reach.ts';
import { depthM } from './area.ts';
import { certainlyOutsideM, plainlyFrom, probabilityInside } from './inside.ts';
import { defaultMotion, emptyMotion, type MotionParameters, type MotionState, move } from './motion.ts';
import type { SharedZones } from './shared-zones.ts';
import type { WatchedFix, WatchedZone } from './watched.ts';

export interface WatchParameters extends MotionParameters {
  /** A fix bears a side out that is known already from this P on. */
  likely: number;
  /** Two fixes or more in a row on the other side are a change once they give this P together. */
  together: number;
  /** Longer without a fix than this, nothing is known, seconds. */
  staleS: number;
}

export const defaultWatch: Readonly<WatchParameters> = { ...defaultMotion, likely: 0.95, together: 0.995, staleS: 300 };

/** One fix counts at most as much as this P, in log-odds: no fix is worth two. */
const weightAtMost = logOdds(0.99);

function logOdds(p: number): number {
  return Math.log(p / (1 - p));
}

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
  /** How much they say together, in log-odds. */
  weight: number;
  evidence: Evidence[];
}

interface ZoneState {
  zone: WatchedZone;
  /** The latest fix it was measured against. */
  seenAt: number;
  /** Where in the hours the latest fix fell. */
  hours: number;
  leaning: Leaning;
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
  zones: { id: string; leaning: Leaning; spans: number; last: Span | null }[];
}

/** Fixes between snapshots, and snapshots kept: fixes as late as the oldest are taken in without asking the store. */
const fixesPerSnapshot = 64;
const snapshotsAtMost = 4;
/** Fixes of a larger spread are not looked at for how somebody moves, metres. */
const movesAtMostM = 300;

/**
 * Watches one wearing against its zones, in event time. Shared zones are areas that may not be entered.
 *
 * A wearer changes sides when two fixes in a row or more lie on the other side and give P ≥ `together`; in between, the side stays. A
 * fix whose error leaves it open where it lies adds nothing; one on the known side ends the row. A jump
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
  /** What fixes must say together for a change, in log-odds. */
  readonly #needed: number;
  readonly #own: ZoneState[];
  readonly #shared: SharedZones | null;
  /** Shared zones that the wearer is or was near. */
  readonly #near = new Map<string, ZoneState>();
  #motion: MotionState = emptyMotion();
  #reach: ReachState<WatchedFix> = { believed: null, aside: [] };
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
    this.#needed = logOdds(parameters.together);
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
      if (state.seenAt < fix.at && (last?.side !== 'out' || last.ended !== null || state.leaning.side !== null))
        this.#see(state, fix, doubtful);
    }
  }

  #see(state: ZoneState, fix: WatchedFix, doubtful: boolean): void {
    state.seenAt = fix.at;
    this.#weigh(state, fix, doubtful);
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
      leaning.side = null;
      open.lastFixAt = at;
      this.#tell(state, open.evidence, at, Math.abs(depth), sigma);
      return;
    }
    const { least, most } = probabilityInside(zone.area, depth, sigma);
    const side: Side = depth >= 0 ? 'in' : 'out';
    const p = side === 'in' ? least : 1 - most;
    if (side === open?.side) {
      leaning.side = null;
      if (p >= this.#parameters.likely) {
        open.lastFixAt = at;
        this.#tell(state, open.evidence, at, Math.abs(depth), sigma);
      }
      return;
    }
    // It lies on the other side, and may as well be on this one.
    if (p <= 0.5) return;
    if (leaning.side !== side) {
      leaning.side = side;
      leaning.from = at;
      leaning.fixes = 0;
      leaning.weight = 0;
      leaning.evidence = [];
    }
    leaning.fixes++;
    leaning.weight += Math.min(weightAtMost, logOdds(p));
    this.#tell(state, leaning.evidence, at, Math.abs(depth), sigma);
    if (doubtful || leaning.fixes < 2 || leaning.weight < this.#needed) return;
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

  /** The signal was lost at the last fix. */
  #lose(): void {
    for (const state of this.#states()) {
      const last = state.spans[state.spans.length - 1];
      if (last?.ended === null) last.ended = 'lost';
      state.leaning.side = null;
    }
  }

  *#states(): Generator<ZoneState> {
    yield* this.#own;
    yield* this.#near.values();
  }

  #keepSnapshot(): void {
    const zones = [...this.#states()].map(({ zone, leaning, spans }) => {
      const last = spans[spans.length - 1];
      return { id: zone.id, leaning: copyOf(leaning), spans: spans.length, last: last ? copyOf(last) : null };
    });
    const { rest, now } = this.#motion;
    const motion = { rest: rest && { ...rest }, now: now && { ...now } };
    const reach = { ...this.#reach };
    this.#snapshots.push({ fixes: this.#fixes.length, lastAt: this.#lastAt, toldAt: this.#toldAt, motion, reach, zones });
    if (this.#snapshots.length <= snapshotsAtMost) return;
    this.#snapshots.shift();
    const gone = (this.#snapshots[0] as Snapshot).fixes;
    this.#fixes.splice(0, gone);
    for (const snapshot of this.#snapshots) snapshot.fixes -= gone;
  }

  #restore({ lastAt, toldAt, motion, reach, zones }: Snapshot): void {
    this.#lastAt = lastAt;
    this.#toldAt = toldAt;
    this.#reach = { ...reach };
    this.#motion = { rest: motion.rest && { ...motion.rest }, now: motion.now && { ...motion.now } };
    const kept = new Map(zones.map((zone) => [zone.id, zone]));
    for (const id of [...this.#near.keys()]) if (!kept.has(id)) this.#near.delete(id);
    for (const state of this.#states()) {
      const then = kept.get(state.zone.id) as Snapshot['zones'][number];
      state.seenAt = lastAt;
      state.hours = 0;
      state.leaning = copyOf(then.leaning);
      state.spans.length = then.spans;
      if (then.last) state.spans[then.spans - 1] = copyOf(then.last);
    }
  }
}

function stateOf(zone: WatchedZone): ZoneState {
  const leaning = { side: null, from: 0, fixes: 0, weight: 0, evidence: [] };
  return { zone, seenAt: Number.NEGATIVE_INFINITY, hours: 0, leaning, spans: [] };
}

/** A copy that shares nothing which changes. */
function copyOf<T extends { evidence: Evidence[] }>(own: T): T {
  return { ...own, evidence: own.evidence.map((evidence) => ({ ...evidence })) };
}

function isSorted(fixes: readonly WatchedFix[]): boolean {
  for (let i = 1; i < fixes.length; i++) if ((fixes[i] as WatchedFix).at <= (fixes[i - 1] as WatchedFix).at) return false;
  return true;
}
