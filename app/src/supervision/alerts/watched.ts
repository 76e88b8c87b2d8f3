import { setImmediate } from 'node:timers/promises';
import type { TagReport } from '@waymark/presence';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { type AlertChange, reconcile, type Settled, unsettled } from './reconcile.ts';
import { storedAlerts } from './store.ts';
import { tracksOf } from './stored-track.ts';
import { heldBack, type Thresholds } from './thresholds.ts';
import { type FoundAlert, type Prepare, type StoredAlert, type Watcher, watches } from './watchers/index.ts';

/** How far ahead hours are worked out; then the watch is made anew. */
const aheadMs = 90 * 86_400_000;
/** Wearings whose tracks are read together. */
const madeTogether = 500;
/** Fixes that are read together, about: each takes some 60 bytes until it has been gone through. */
const fixesTogether = 1_000_000;
/** A watch is made so that it can put right what is this old, ms: tags that were out of reach send late. Older fixes have it made anew. */
const putRightMs = 86_400_000;
/** It goes through this much before that, ms, so that it knows how things stood by then: with the first fixes nothing is known yet. */
const beforeMs = 43_200_000;
/** Others have their turn after so many wearings. */
const breathesAfter = 20;
/** Where a wearing has fewer fixes in that time, all of its fixes are gone through. */
const knownFromFixes = 20;

/** One wearing that is watched. Times in ms since 1970. */
export interface Watched {
  watchers: Watcher[];
  /** The end of the wearing or of its order. */
  ends: number;
  /** Hours are worked out up to here. */
  upto: number;
  /** What is stored up to this receipt has been gone through. */
  receipt: number;
  /** The latest fix; −Infinity before the first. */
  lastAt: number;
  stored: StoredAlert[];
  settled: Settled;
  /** What happened from here on it tells as if it had gone through all fixes; −Infinity where it has. */
  since: number;
}

/** What has to be changed on record; what has ended, and rests on fixes that are not as they were, is left. */
export function changesOf({ stored, settled }: Watched, found: readonly FoundAlert[]): AlertChange[] {
  return reconcile(unsettled(stored, settled), unsettled(found, settled));
}

type OnRecord = ReadonlyMap<number, StoredAlert[]>;

/** Whether it takes the fixes of before to tell of a change: it begins where a watch that was made from some of them is not sure. */
export function isUnsureOf({ since, stored }: Watched, changes: readonly AlertChange[]): boolean {
  if (since === Number.NEGATIVE_INFINITY) return false;
  const began = new Map(stored.map(({ id, from }) => [id, from]));
  return changes.some(
    (change) =>
      ('found' in change && change.found.from < since) || ('id' in change && (began.get(change.id) ?? Number.NEGATIVE_INFINITY) < since),
  );
}

/**
 * The wearings that are watched, each made from what is stored when it is first asked for: from its last days, and as far back as
 * alerts on record and late fixes ask for. What ended before stays as it is on record.
 */
export class WatchedWearings {
  readonly #store: FixStore;
  readonly #inMonitoring: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
  readonly #rules: () => { now: number; timeZone: string };
  readonly #prepares: Prepare[];
  readonly #watched = new Map<number, Watched>();
  /** The wearings whose watchers take fixes of somebody else's device, by the device. */
  #others = new Map<number, number[]>();
  /** Of wearings that are to be made: the oldest moment about which something is to be worked out. */
  readonly #oldest = new Map<number, number>();

  constructor(
    store: FixStore,
    inMonitoring: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
    rules: () => { now: number; timeZone: string },
    thresholds: Thresholds,
  ) {
    this.#prepares = watches.map((watch) => heldBack(watch.begin(), thresholds));
    this.#store = store;
    this.#inMonitoring = inMonitoring;
    this.#rules = rules;
  }

  get(wearing: number): Watched | undefined {
    return this.#watched.get(wearing);
  }

  all(): Iterable<[number, Watched]> {
    return this.#watched;
  }

  /**
   * Makes a wearing anew when it is asked for.
   * @param oldest the oldest moment about which something is to be worked out then; −Infinity for all of its time
   */
  forget(wearing: number, oldest = Number.POSITIVE_INFINITY): void {
    this.#watched.delete(wearing);
    if (oldest < (this.#oldest.get(wearing) ?? Number.POSITIVE_INFINITY)) this.#oldest.set(wearing, oldest);
  }

  /** What was stored under a receipt for a moment, or was changed there, has been gone through. */
  hasSeen(wearing: number, receipt: number, at: number): boolean {
    const watched = this.#watched.get(wearing);
    return watched !== undefined && watched.receipt >= receipt && at >= watched.since;
  }

  /** Learns whose devices concern whom. */
  async learnOthers(): Promise<void> {
    const others = new Map<number, number[]>();
    for (const { othersHeard } of watches) {
      if (!othersHeard) continue;
      for (const [device, wearings] of await this.#inMonitoring((tx) => othersHeard(tx)))
        others.set(device, [...(others.get(device) ?? []), ...wearings]);
    }
    this.#others = others;
  }

  /** The wearings that a fix concerns: its own, or, of a protected person's device, whose number is below zero, others'. */
  concernedBy(wearing: number): readonly number[] {
    return wearing > 0 ? [wearing] : (this.#others.get(-wearing) ?? []);
  }

  /** Hands a wearing the fixes of a device that concern it; where it has gone on already it is made anew when asked for. */
  takeOther(wearing: number, device: number, fixes: readonly TagReport[]): void {
    const oldest = oldestOf(fixes);
    const watched = this.#watched.get(wearing);
    if (!watched || oldest < watched.since || watched.watchers.some((watcher) => watcher.takeOther?.(-device, fixes) === 'older'))
      this.forget(wearing, oldest);
  }

  /** Hands a wearing its fixes; where they are older than what can be put right it is made anew when asked for. */
  take(wearing: number, fixes: readonly TagReport[]): void {
    if (fixes.length === 0) return;
    const oldest = oldestOf(fixes);
    const watched = this.#watched.get(wearing);
    if (!watched || oldest < watched.since || fixes.some(({ at }) => at >= watched.upto) || take(watched, fixes) === 'older')
      this.forget(wearing, oldest);
  }

  /** Makes those that are not watched yet from what is stored, so that the outcome is the one of having seen all of it. */
  async make(wearings: Iterable<number>): Promise<void> {
    const missing = [...wearings].filter((wearing) => !this.#watched.has(wearing));
    if (missing.length === 0) return;
    const stored = await this.#inMonitoring((tx) => storedAlerts(tx, missing));
    const { now } = this.#rules();
    const since = new Map(
      missing.map((wearing) => {
        const oldest = Math.min(now - putRightMs, this.#oldest.get(wearing) ?? Number.POSITIVE_INFINITY);
        return [wearing, sinceOf(oldest, stored.get(wearing) ?? [])];
      }),
    );
    const unknown = await this.#makeSince(since, stored);
    await this.#makeSince(new Map(unknown.map((wearing) => [wearing, Number.NEGATIVE_INFINITY])), stored);
    for (const wearing of missing) this.#oldest.delete(wearing);
  }

  /** Makes wearings from some moments on. Gives those of which too little is stored from before that to know how things stood. */
  async #makeSince(since: ReadonlyMap<number, number>, stored: OnRecord): Promise<number[]> {
    // Those from the same days together: their fixes lie together.
    const wearings = [...since.keys()].sort((a, b) => ((since.get(b) as number) > (since.get(a) as number) ? 1 : -1));
    const unknown: number[] = [];
    let part: number[] = [];
    let fixes = 0;
    const makePart = async () => {
      if (part.length > 0) unknown.push(...(await this.#makeTogether(part, since, stored)));
      part = [];
      fixes = 0;
    };
    const counts = wearings.length > 1 ? await this.#store.countByWearing(since) : new Map<number, number>();
    for (const wearing of wearings) {
      part.push(wearing);
      fixes += counts.get(wearing) ?? 0;
      if (part.length >= madeTogether || fixes >= fixesTogether) await makePart();
    }
    await makePart();
    return unknown;
  }

  async #makeTogether(wearings: number[], since: ReadonlyMap<number, number>, stored: OnRecord): Promise<number[]> {
    const { now, timeZone } = this.#rules();
    const upto = now + aheadMs;
    const { ends, prepared } = await this.#inMonitoring(async (tx) => ({
      prepared: await inTurn(this.#prepares, (prepare) => prepare(tx, wearings, { upto, timeZone })),
      ends: await endsOf(tx, wearings),
    }));
    const devices = new Set(prepared.flatMap((own) => own.devices.map((device) => -device)));
    // What is stored while it is read comes again, and is put right then.
    const receipt = this.#store.lastReceipt;
    const from = Math.min(...wearings.map((wearing) => since.get(wearing) as number)) - beforeMs;
    const tracks = tracksOf(await this.#store.tracks([...wearings, ...devices], Math.max(from, 0)));
    const { oldest, atHome } = await this.#store.coarsenedUpto(wearings, from);
    const unknown: number[] = [];
    for (const [i, wearing] of wearings.entries()) {
      if (i % breathesAfter === breathesAfter - 1) await setImmediate();
      const own = since.get(wearing) as number;
      const track = tracks.get(wearing).filter(({ at }) => at >= own - beforeMs);
      if (own !== Number.NEGATIVE_INFINITY && !((track[knownFromFixes - 1]?.at ?? own) < own)) {
        unknown.push(wearing);
        continue;
      }
      const watched: Watched = {
        watchers: prepared.map((each) => each.watcherOf(wearing, (device) => tracks.get(-device))),
        ends: ends.get(wearing) ?? Number.NEGATIVE_INFINITY,
        upto,
        receipt,
        lastAt: Number.NEGATIVE_INFINITY,
        stored: stored.get(wearing) ?? [],
        settled: { oldest: Math.max(oldest, own), atHome: atHome.get(wearing) ?? Number.NEGATIVE_INFINITY },
        since: own,
      };
      take(watched, track);
      this.#watched.set(wearing, watched);
    }
    return unknown;
  }
}

/** The moment from which a watch can tell of all from one on: no alert on record lies across it. */
function sinceOf(oldest: number, stored: readonly StoredAlert[]): number {
  let since = oldest;
  for (const { from, to } of [...stored].sort((a, b) => b.from - a.from)) if (from <= since && (to ?? Infinity) >= since) since = from - 1;
  // One that began later may have been looked at before one that took it further back.
  return since === oldest || since === Number.NEGATIVE_INFINITY ? since : sinceOf(since, stored);
}

const oldestOf = (fixes: readonly TagReport[]): number => fixes.reduce((oldest, { at }) => Math.min(oldest, at), Number.POSITIVE_INFINITY);

function take(watched: Watched, fixes: readonly TagReport[]): 'older' | null {
  for (const watcher of watched.watchers) if (watcher.take(fixes) === 'older') return 'older';
  for (const { at } of fixes) if (at > watched.lastAt) watched.lastAt = at;
  return null;
}

/** One after the other: a transaction answers one question at a time. */
async function inTurn<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (const one of all) done.push(await work(one));
  return done;
}

/** When each wearing ends: with it, or with its order. */
async function endsOf(tx: Tx, wearings: readonly number[]): Promise<Map<number, number>> {
  const rows = await tx
    .selectFrom('supervision.wearings as w')
    .innerJoin('supervision.orders as o', 'o.id', 'w.order_id')
    .select(['w.id', 'w.ends_at', 'o.ends_at as order_ends'])
    .where('w.id', 'in', [...wearings])
    .execute();
  return new Map(
    rows.map(({ id, ends_at, order_ends }) => [id, Math.min(ends_at?.getTime() ?? Infinity, order_ends?.getTime() ?? Infinity)]),
  );
}

/** A wearing whose alerts on record are not what its fixes give. */
export interface Changed {
  wearing: number;
  watched: Watched;
  changes: AlertChange[];
}

/** Whose lasting alerts are over: nothing is heard any more, or the tag is not worn any more, as when an order ended by itself. */
export function endedBySilence(
  watched: WatchedWearings,
  heard: { isSilent(wearing: number): boolean },
  worn: ReadonlySet<number>,
): number[] {
  return [...watched.all()].flatMap(([wearing, { stored }]) => {
    const lasting = stored.filter(({ to, retracted }) => to === null && !retracted);
    const isOver = lasting.some(({ kind }) => kind !== 'no signal') && heard.isSilent(wearing);
    return isOver || (lasting.length > 0 && !worn.has(wearing)) ? [wearing] : [];
  });
}
