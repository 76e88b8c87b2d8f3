import type { TagReport } from '@waymark/presence';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { type AlertChange, reconcile, type Settled, unsettled } from './reconcile.ts';
import { storedAlerts } from './store.ts';
import { tracksOf } from './stored-track.ts';
import { type FoundAlert, type StoredAlert, type Watcher, watches } from './watchers/index.ts';

/** How far ahead hours are worked out; then the watch is made anew. */
const aheadMs = 90 * 86_400_000;
/** Wearings whose tracks are read together. */
const madeTogether = 50;
/** Fixes that are read together, about: each takes some 300 bytes until it has been gone through. */
const fixesTogether = 200_000;

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
}

/** What has to be changed on record; what has ended, and rests on fixes that are not as they were, is left. */
export function changesOf({ stored, settled }: Watched, found: readonly FoundAlert[]): AlertChange[] {
  return reconcile(unsettled(stored, settled), unsettled(found, settled));
}

/** The wearings that are watched, each made from what is stored when it is first asked for. */
export class WatchedWearings {
  readonly #store: FixStore;
  readonly #inMonitoring: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
  readonly #rules: () => { now: number; timeZone: string };
  readonly #prepares = watches.map((watch) => watch.begin());
  readonly #watched = new Map<number, Watched>();
  /** The wearings whose watchers take fixes of somebody else's device, by the device. */
  #others = new Map<number, number[]>();

  constructor(
    store: FixStore,
    inMonitoring: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
    rules: () => { now: number; timeZone: string },
  ) {
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

  forget(wearing: number): void {
    this.#watched.delete(wearing);
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

  /** Hands a device's fixes to whoever they concern; who has gone on already is made anew when asked for. */
  takeOther(device: number, fixes: readonly TagReport[]): void {
    for (const wearing of this.concernedBy(device)) {
      const watchers = this.#watched.get(wearing)?.watchers ?? [];
      if (watchers.some((watcher) => watcher.takeOther?.(-device, fixes) === 'older')) this.#watched.delete(wearing);
    }
  }

  /** Hands a wearing its fixes; where they are older than what can be put right it is made anew when asked for. */
  take(wearing: number, fixes: readonly TagReport[]): void {
    const watched = this.#watched.get(wearing);
    if (!watched || fixes.length === 0) return;
    if (fixes.some(({ at }) => at >= watched.upto) || take(watched, fixes) === 'older') this.#watched.delete(wearing);
  }

  /** Makes those that are not watched yet from what is stored: every fix, so that the outcome is the one of having seen them all. */
  async make(wearings: Iterable<number>): Promise<void> {
    const missing = [...wearings].filter((wearing) => !this.#watched.has(wearing));
    let part: number[] = [];
    let fixes = 0;
    const counts = missing.length > 1 ? await this.#store.countByWearing(missing) : new Map<number, number>();
    for (const wearing of missing) {
      part.push(wearing);
      fixes += counts.get(wearing) ?? 0;
      if (part.length < madeTogether && fixes < fixesTogether) continue;
      await this.#makeTogether(part);
      part = [];
      fixes = 0;
    }
    if (part.length > 0) await this.#makeTogether(part);
  }

  async #makeTogether(wearings: number[]): Promise<void> {
    const { now, timeZone } = this.#rules();
    const upto = now + aheadMs;
    const { stored, ends, prepared } = await this.#inMonitoring(async (tx) => ({
      prepared: await inTurn(this.#prepares, (prepare) => prepare(tx, wearings, { upto, timeZone })),
      stored: await storedAlerts(tx, wearings),
      ends: await endsOf(tx, wearings),
    }));
    const devices = new Set(prepared.flatMap((own) => own.devices.map((device) => -device)));
    // What is stored while it is read comes again, and is put right then.
    const receipt = this.#store.lastReceipt;
    const tracks = tracksOf(await this.#store.tracks([...wearings, ...devices]));
    const { oldest, atHome } = await this.#store.coarsenedUpto(wearings);
    for (const wearing of wearings) {
      const watched: Watched = {
        watchers: prepared.map((own) => own.watcherOf(wearing, (device) => tracks.get(-device) ?? [])),
        ends: ends.get(wearing) ?? Number.NEGATIVE_INFINITY,
        upto,
        receipt,
        lastAt: Number.NEGATIVE_INFINITY,
        stored: stored.get(wearing) ?? [],
        settled: { oldest, atHome: atHome.get(wearing) ?? Number.NEGATIVE_INFINITY },
      };
      take(watched, tracks.get(wearing) ?? []);
      this.#watched.set(wearing, watched);
    }
  }
}

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
