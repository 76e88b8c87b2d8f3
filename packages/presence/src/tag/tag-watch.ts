import { distanceM } from '../ground/plane.ts';
import { type EventTrouble, eventTroubles, troublesIn } from './event-names.ts';
import { defaultReach, isOutOfReach, type ReachParameters } from './reach.ts';

/** What a tag tells of itself with a fix. Ms since 1970, degrees, metres; NaN for what was not reported. */
export interface TagReport {
  at: number;
  lon: number;
  lat: number;
  /** Per-axis standard deviation of the ordinary error, metres. */
  sigma: number;
  speedMps: number;
  /** 0 to 1. */
  battery: number;
  /** Names of events, apart by spaces, or null. */
  events: string | null;
}

export const tagTroubles = [...eventTroubles, 'battery low', 'battery flat', 'no signal'] as const;
export type TagTrouble = (typeof tagTroubles)[number];

/** Why jamming or spoofing is suspected. */
export type JammingSign = 'reported by the tag' | 'impossible speed' | 'one fix out of reach' | 'stands still while it moves';

/** A stretch of event time in which something was wrong with a tag, or it was silent. */
export interface TagEpisode {
  kind: TagTrouble;
  from: number;
  to: number;
  /** It has not been seen to end. */
  lasts: boolean;
  /** When it was first known for sure, in event time. */
  confirmedAt: number;
  /** Fixes that say so; of a silence none. */
  fixes: number;
  /** The lowest battery in it, or the last one before a silence; NaN when none was reported. */
  battery: number;
  sign: JammingSign | null;
  /** Of an impossible jump: how far, metres, and in how many seconds. */
  jumpM: number;
  jumpS: number;
}

export interface TagParameters extends ReachParameters {
  /** Longer without a fix is a silence, seconds. Buildings keep one for most of an hour. */
  silentS: number;
  /** The battery is low below this, and no longer from `batteryBack` more on; flat below `batteryFlat`. */
  batteryLow: number;
  batteryFlat: number;
  batteryBack: number;
  /** Reports of one event this near in time are one episode, seconds. */
  eventGapS: number;
  /** A position that does not change to the last digit for this long while the tag says it moves is not received, seconds. */
  frozenS: number;
  /** From this speed on a tag says that it moves, metres per second, in at least `frozenFixes` fixes. */
  movesMps: number;
  frozenFixes: number;
}

export const defaultTagParameters: Readonly<TagParameters> = {
  silentS: 3600,
  batteryLow: 0.15,
  batteryFlat: 0.05,
  batteryBack: 0.05,
  eventGapS: 1800,
  ...defaultReach,
  frozenS: 600,
  movesMps: 1.5,
  frozenFixes: 8,
};

/** Fixes that are kept so that late ones can be put between them. */
const keptAtMost = 128;

/**
 * Watches the tag of one wearing in event time: what it reports of strap and case, its battery, silences, and signs of a
 * jammed or deceived receiver. Fixes may come in any order: from a late one on, what is kept is gone through again, so the
 * episodes depend on the fixes alone.
 */
export class TagWatch {
  /** As things were before the kept fixes, and as they are after them. */
  #before: TagState;
  #now: TagState;
  #kept: TagReport[] = [];

  constructor(parameters: TagParameters = defaultTagParameters) {
    this.#before = new TagState(parameters);
    this.#now = new TagState(parameters);
  }

  /** The latest fix taken in, ms since 1970; −Infinity before the first. */
  get lastAt(): number {
    return this.#now.lastAt;
  }

  /**
   * Takes in fixes, late ones too. A second fix of the same moment is none.
   *
   * @returns `'older'` when one is older than everything kept: then nothing was taken in, and a new watch must go through all
   */
  take(fixes: readonly TagReport[]): 'older' | null {
    const isNext = fixes.every(({ at }, i) => at > (fixes[i - 1]?.at ?? this.lastAt));
    if (!isNext) {
      if (fixes.some(({ at }) => at <= this.#before.lastAt)) return 'older';
      const all = new Map([...fixes, ...this.#kept].map((fix) => [fix.at, fix]));
      this.#kept = [...all.values()].sort((a, b) => a.at - b.at);
      this.#now = this.#before.copy();
      for (const fix of this.#kept) this.#now.step(fix);
    } else {
      for (const fix of fixes) {
        this.#kept.push(fix);
        this.#now.step(fix);
      }
    }
    if (this.#kept.length >= keptAtMost) for (const fix of this.#kept.splice(0, this.#kept.length - keptAtMost / 2)) this.#before.step(fix);
    return null;
  }

  /**
   * What was wrong, oldest first.
   *
   * @param silent nothing has been heard for long: the silence since the last fix lasts
   */
  episodes(silent: boolean): TagEpisode[] {
    return this.#now.told(silent);
  }
}

type OpenKey = EventTrouble | 'battery' | 'frozen';

/** What is known after some fix. */
class TagState {
  readonly #parameters: TagParameters;
  #episodes: TagEpisode[] = [];
  #open = new Map<OpenKey, TagEpisode>();
  #last: TagReport | null = null;
  /** The last one that says where the tag was. */
  #placed: TagReport | null = null;
  /** The fix before an impossible jump, until the next one shows whether the receiver stayed there. */
  #jumpedFrom: TagReport | null = null;
  /** Since when the position has been the same to the last digit, and how many fixes said that they move. */
  #sameSince = 0;
  #sameMoving = 0;

  constructor(parameters: TagParameters) {
    this.#parameters = parameters;
  }

  get lastAt(): number {
    return this.#last?.at ?? Number.NEGATIVE_INFINITY;
  }

  copy(): TagState {
    const copy = new TagState(this.#parameters);
    const copies = new Map(this.#episodes.map((own) => [own, { ...own }]));
    copy.#episodes = [...copies.values()];
    copy.#open = new Map([...this.#open].map(([key, own]) => [key, copies.get(own) as TagEpisode]));
    copy.#last = this.#last;
    copy.#placed = this.#placed;
    copy.#jumpedFrom = this.#jumpedFrom;
    copy.#sameSince = this.#sameSince;
    copy.#sameMoving = this.#sameMoving;
    return copy;
  }

  told(silent: boolean): TagEpisode[] {
    const found = this.#episodes.map((own) => (silent && own.lasts && own.kind !== 'battery low' ? { ...own, lasts: false } : own));
    if (silent && this.#last) {
      const { at, battery } = this.#last;
      found.push({ ...episode('no signal', at, at + 1000 * this.#parameters.silentS), lasts: true, battery });
    }
    return found.sort((a, b) => a.from - b.from);
  }

  step(fix: TagReport): void {
    const last = this.#last;
    if (last && fix.at - last.at > 1000 * this.#parameters.silentS) this.#silence(last, fix);
    this.#readEvents(fix);
    this.#readBattery(fix);
    this.#last = fix;
    // One that says nothing of the place is heard, and looked at no further.
    if (fix.sigma === Number.POSITIVE_INFINITY) return;
    const placed = this.#placed;
    if (placed) {
      this.#lookForJump(placed, fix);
      this.#lookForFrozen(placed, fix);
    } else this.#sameSince = fix.at;
    this.#placed = fix;
  }

  #silence(last: TagReport, fix: TagReport): void {
    const silence = episode('no signal', last.at, last.at + 1000 * this.#parameters.silentS);
    this.#episodes.push({ ...silence, to: fix.at, lasts: false, battery: last.battery });
    this.#jumpedFrom = null;
    this.#sameSince = fix.at;
    this.#sameMoving = 0;
    this.#end('frozen', last.at);
  }

  #readEvents(fix: TagReport): void {
    const told = troublesIn(fix.events);
    for (const kind of eventTroubles) {
      const open = this.#open.get(kind);
      if (open && fix.at - open.to > 1000 * this.#parameters.eventGapS) {
        open.lasts = false;
        this.#open.delete(kind);
      }
      if (!told.has(kind)) {
        if (open) open.lasts = false;
        continue;
      }
      const own = this.#open.get(kind) ?? this.#begin(kind, kind, fix.at, fix.at);
      own.to = fix.at;
      own.lasts = true;
      own.fixes++;
      if (kind === 'jamming suspected') own.sign = 'reported by the tag';
    }
  }

  #readBattery(fix: TagReport): void {
    const { batteryLow, batteryFlat, batteryBack } = this.#parameters;
    const { battery } = fix;
    const reportedLow = troublesIn(fix.events).has('battery low');
    const open = this.#open.get('battery');
    if (open && battery >= batteryLow + batteryBack) {
      this.#end('battery', fix.at);
      return;
    }
    if (!open && !(battery < batteryLow) && !(Number.isNaN(battery) && reportedLow)) return;
    const own = open ?? this.#begin('battery', 'battery low', fix.at, fix.at);
    own.to = fix.at;
    own.fixes++;
    if (!(own.battery <= battery)) own.battery = battery;
    if (own.battery < batteryFlat) own.kind = 'battery flat';
  }

  /** A jump that nobody can make: the next fix shows whether one was out, or the receiver stayed there. */
  #lookForJump(last: TagReport, fix: TagReport): void {
    const from = this.#jumpedFrom;
    this.#jumpedFrom = null;
    const isBack = from !== null && !this.#isOutOfReach(from, fix);
    if (from && (isBack || !this.#isOutOfReach(last, fix))) {
      const jump = this.#begin(null, 'jamming suspected', last.at, fix.at);
      jump.to = isBack ? last.at : fix.at;
      jump.lasts = false;
      jump.fixes = isBack ? 1 : 2;
      jump.sign = isBack ? 'one fix out of reach' : 'impossible speed';
      jump.jumpM = distanceM(from.lon, from.lat, last.lon, last.lat);
      jump.jumpS = (last.at - from.at) / 1000;
    } else if (this.#isOutOfReach(last, fix)) this.#jumpedFrom = last;
  }

  #isOutOfReach(a: TagReport, b: TagReport): boolean {
    return isOutOfReach(a, b, this.#parameters);
  }

  #lookForFrozen(last: TagReport, fix: TagReport): void {
    if (fix.lon !== last.lon || fix.lat !== last.lat) {
      this.#sameSince = fix.at;
      this.#sameMoving = 0;
      this.#end('frozen', fix.at);
      return;
    }
    if (fix.speedMps >= this.#parameters.movesMps) this.#sameMoving++;
    let open = this.#open.get('frozen');
    if (!open) {
      if (this.#sameMoving < this.#parameters.frozenFixes || fix.at - this.#sameSince < 1000 * this.#parameters.frozenS) return;
      open = this.#begin('frozen', 'jamming suspected', this.#sameSince, fix.at);
      open.sign = 'stands still while it moves';
      open.fixes = this.#sameMoving - 1;
    }
    open.to = fix.at;
    open.fixes++;
  }

  #begin(key: OpenKey | null, kind: TagTrouble, from: number, confirmedAt: number): TagEpisode {
    const own = { ...episode(kind, from, confirmedAt), lasts: true };
    this.#episodes.push(own);
    if (key) this.#open.set(key, own);
    return own;
  }

  #end(key: 'battery' | 'frozen', at: number): void {
    const open = this.#open.get(key);
    if (!open) return;
    open.to = at;
    open.lasts = false;
    this.#open.delete(key);
  }
}

function episode(kind: TagTrouble, from: number, confirmedAt: number): TagEpisode {
  return {
    kind,
    from,
    to: confirmedAt,
    lasts: false,
    confirmedAt,
    fixes: 0,
    battery: Number.NaN,
    sign: null,
    jumpM: Number.NaN,
    jumpS: Number.NaN,
  };
}
