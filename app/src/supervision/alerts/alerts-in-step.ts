import type { TagReport } from '@waymark/presence';
import type { Tx } from '../../platform/database.ts';
import { LeaseLostError } from '../../platform/servers/leases.ts';
import { ToldError } from '../../platform/told-error.ts';
import type { Heard } from './heard.ts';
import { recordChanges, type TellingChange } from './record-changes.ts';
import { lockWatch, storedAlerts } from './store.ts';
import type { WatchShares } from './watch-shares.ts';
import { type Changed, changesOf, isUnsureOf, type Watched, type WatchedWearings } from './watched.ts';

/** Wearings whose changes are put on record together, and changes that are. */
const writtenTogether = 25;
const changesTogether = 200;

/** The records are not what an evaluation went by, so it is made again. */
class RecordsMovedError extends ToldError {
  override name = 'RecordsMovedError';
}

interface Parts {
  watched: WatchedWearings;
  heard: Heard;
  /** Whom this server watches, where several share the work. */
  shares: WatchShares | null;
  inMonitoring<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/**
 * Alerts on record, kept in step with what the fixes of those who are watched give. What is written is settled in the transaction that
 * writes it: behind a lock, against the record as it stands there. So it does not matter whether an attempt before this one, which was
 * given up, has come through after all.
 */
export class AlertsInStep {
  readonly #watched: WatchedWearings;
  readonly #heard: Heard;
  readonly #shares: WatchShares | null;
  readonly #inMonitoring: Parts['inMonitoring'];
  readonly #rules: { policy: string | null; now: () => number; timeZone: string };
  readonly #tell: (change: TellingChange, receivedFrom: number | null) => void;
  readonly counts = { fixes: 0, changes: 0 };

  /**
   * @param rules the policy that lets the server do this, and its clock, ms since 1970
   * @param tell told of every change that is on record, with when the first of the fixes was received
   */
  constructor(
    { watched, heard, shares, inMonitoring }: Parts,
    rules: { policy: string | null; now: () => number; timeZone: string },
    tell: (change: TellingChange, receivedFrom: number | null) => void,
  ) {
    this.#watched = watched;
    this.#heard = heard;
    this.#shares = shares;
    this.#inMonitoring = inMonitoring;
    this.#rules = rules;
    this.#tell = tell;
  }

  /**
   * Brings the alerts of some wearings into step with their fixes, these among them. One at a time.
   * @param receivedFrom when the first of these fixes was received, ms since 1970; null where they are no news
   */
  async bringIntoStep(fixes: Map<number, TagReport[]>, receivedFrom: number | null = null): Promise<void> {
    for (const [device, own] of [...fixes]) {
      if (device > 0) continue;
      fixes.delete(device);
      for (const wearing of this.#watched.concernedBy(device)) {
        if (!(this.#shares?.has(wearing) ?? true)) continue;
        this.#watched.takeOther(wearing, device, own);
        if (!fixes.has(wearing)) fixes.set(wearing, []);
      }
    }
    const leases = this.#shares?.leasesOf(fixes.keys()) ?? null;
    try {
      for (const [wearing, own] of fixes) this.#watched.take(wearing, own);
      await this.#watched.make(fixes.keys());
      for (const [wearing, own] of fixes) this.#hear(wearing, own);
      const changed = await this.#findChanged([...fixes.keys()]);
      // A fleet that comes back after an outage changes thousands of alerts at once: who sends meanwhile must not wait for all.
      for (let i = 0; i < changed.length; i += writtenTogether) {
        const part = changed.slice(i, i + writtenTogether);
        while (await this.#write(part, leases, receivedFrom));
      }
    } catch (error) {
      for (const wearing of fixes.keys()) this.#watched.forget(wearing);
      throw error;
    }
    // Wearings that have ended need no watch any more; one that is asked about again is made anew.
    for (const wearing of fixes.keys())
      if ((this.#watched.get(wearing)?.ends ?? Infinity) < this.#rules.now()) this.#watched.forget(wearing);
  }

  #hear(wearing: number, own: readonly TagReport[]): void {
    this.counts.fixes += own.length;
    const { lastAt } = this.#watchedOf(wearing);
    if (own.length > 0) this.#heard.hear(wearing, lastAt);
    else if (lastAt > 0) this.#heard.setLatest(wearing, lastAt);
  }

  /** Of some wearings, those of which the fixes give other alerts than, as far as is known, are on record. */
  async #findChanged(wearings: readonly number[]): Promise<number[]> {
    const changed = wearings.flatMap((wearing) => this.#changesOf(wearing));
    const unsure = changed.filter(({ changes, watched }) => isUnsureOf(watched, changes)).map(({ wearing }) => wearing);
    for (const wearing of unsure) this.#watched.forget(wearing, Number.NEGATIVE_INFINITY);
    await this.#watched.make(unsure);
    return changed.map(({ wearing }) => wearing);
  }

  #changesOf(wearing: number): Changed[] {
    const watched = this.#watchedOf(wearing);
    const standing = {
      ...watched,
      now: this.#rules.now(),
      silent: this.#heard.isSilent(wearing),
      isMute: () => this.#heard.isMute(wearing, watched.stored),
    };
    const found = watched.watchers.flatMap((watcher) => watcher.found(standing));
    const changes = changesOf(watched, found);
    return changes.length > 0 ? [{ wearing, watched, changes }] : [];
  }

  /**
   * Puts the differences of some wearings on record, and tells of them. Whatever a crash leaves undone is found different again.
   * @param leases under which they were worked out; null where nobody else watches
   * @returns whether more is to be put on record, because it was too much at once
   */
  async #write(
    wearings: readonly number[],
    leases: ReadonlyMap<string, string | null> | null,
    receivedFrom: number | null,
  ): Promise<boolean> {
    const { told, stored, isMore } = await this.#inMonitoring(async (tx) => {
      if (leases) await this.#shares?.fence(tx, wearings, leases);
      else await lockWatch(tx);
      const { changed, isMore } = await this.#changesNow(tx, wearings);
      const recorded = await recordChanges(tx, changed, { ...this.#rules, now: this.#rules.now() });
      await this.#shares?.announce(
        tx,
        recorded.told.map(({ id }) => id),
      );
      return { ...recorded, isMore };
    });
    this.counts.changes += told.length;
    for (const [wearing, own] of stored) {
      const watched = this.#watched.get(wearing);
      if (watched) watched.stored = own;
    }
    for (const change of told) this.#tell(change, receivedFrom);
    return isMore;
  }

  /**
   * What is to be changed of the record as it stands now, behind the lock: an attempt that was given up may have been put on record
   * since this was worked out, and people decide about alerts all the time.
   */
  async #changesNow(tx: Tx, wearings: readonly number[]): Promise<{ changed: Changed[]; isMore: boolean }> {
    const stored = await storedAlerts(tx, wearings);
    const changed: Changed[] = [];
    let room = changesTogether;
    for (const wearing of wearings) {
      const watched = this.#watchedOf(wearing);
      watched.stored = stored.get(wearing) ?? [];
      for (const own of this.#changesOf(wearing)) {
        if (isUnsureOf(watched, own.changes))
          throw new RecordsMovedError('Alerts on record were changed while they were compared. They are compared again.');
        if (room > 0) changed.push({ ...own, changes: own.changes.slice(0, room) });
        room -= own.changes.length;
      }
    }
    return { changed, isMore: room < 0 };
  }

  /** @throws LeaseLostError when it was lost to another server since the evaluation began */
  #watchedOf(wearing: number): Watched {
    const watched = this.#watched.get(wearing);
    if (!watched) throw new LeaseLostError('Another server has taken over, and goes on with it.');
    return watched;
  }
}
