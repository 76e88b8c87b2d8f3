import { defaultTagParameters, defaultWatch, type LaidArea, NearWatch, type TagReport, TagWatch } from '@waymark/presence';
import { sql } from 'kysely';
import type { AccessPolicy } from '../../platform/access.ts';
import { type Database, type Tx, withPurpose } from '../../platform/database.ts';
import { added, type FixColumns, known, type Stored } from '../../platform/fixes/fix.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { zonesOfWearings } from '../zones/index.ts';
import { type FoundAlert, findZoneAlerts } from './find-alerts.ts';
import type { StoredAlert } from './reconcile.ts';
import { recordChanges, type TellingChange } from './record-changes.ts';
import { openWearings, storedAlerts, wearingsInAlert, wearingsToWatchAgain } from './store.ts';
import { type HeldZone, heldZones, reportOf, tracksOf, watchOf } from './stored-track.ts';
import { changesOf, endsOf, heldBy, nearAlerts, protectionsOf, tagAlerts, take, type Watched } from './watched.ts';

/** What a receipt stored, to be evaluated. */
interface Evaluation {
  receipt: number;
  fixes: Map<number, TagReport[]>;
}

/** Told of every change that is on record. */
export type AlertListener = (change: TellingChange) => void;

/** How far ahead hours are worked out; then the watch is made anew. */
const aheadMs = 90 * 86_400_000;
/** How often it is put on record that nothing had to be changed, ms: as much is evaluated again after a crash. */
const recordEveryMs = 5000;
/** Fixes that are read together, about: each takes some 300 bytes until it has been gone through. */
const fixesTogether = 200_000;
/** Wearings whose changes are put on record together. */
const writtenTogether = 25;
/** Wearings whose tracks are read together. */
const madeTogether = 50;
/** After a failure, for instance of the database, it is tried again after this long, ms. */
const retryMs = 1000;
/** How often it is looked who has fallen silent while an alert lasts, ms. */
const silenceEveryMs = 30_000;

/**
 * Evaluates fixes against zones as they are stored, watches the tags themselves, and keeps the alerts on record in step.
 *
 * Alerts are what the fixes say, nothing else: whatever is on record is compared with what the fixes give, and only the
 * difference is written, together with the receipt up to which fixes were evaluated. So a crash at any moment leaves no alert
 * lost and none doubled: what was not evaluated is evaluated at the next start.
 */
export class LiveWatch {
  readonly #db: Database;
  readonly #store: FixStore;
  readonly #timeZone: string;
  readonly #policy: string | null;
  readonly #watched = new Map<number, Watched>();
  readonly #listeners = new Set<AlertListener>();
  /** When something was last heard of each wearing, by the server's clock, ms since 1970. */
  readonly #heard = new Map<number, number>();
  /** The latest fix of each wearing, in event time. */
  readonly #latest = new Map<number, number>();
  /** Wearings to look at when a protected person's device is heard, by the device. */
  #nearTo = new Map<number, number[]>();
  /** Wearings whose silence has been evaluated. */
  readonly #mute = new Set<number>();
  /** Areas by version of their zone: what many orders share is laid out once. */
  readonly #areas = new Map<number, LaidArea>();
  readonly #startedAt: number;
  readonly #now: () => number;
  #queue: Evaluation[] = [];
  #stale = new Set<number>();
  #running: Promise<void> | null = null;
  #evaluatedReceipt = 0;
  #recordedReceipt = 0;
  #recordedAt = 0;
  #started = false;
  #silence: NodeJS.Timeout | null = null;
  /** Told of what goes wrong; it is tried again. */
  onError: (error: unknown) => void = () => undefined;
  /** Counted for /metrics. */
  readonly counts = { fixes: 0, changes: 0 };

  /**
   * @param now the server's clock, ms since 1970
   * @throws Error when the access policy does not let the server watch zones
   */
  constructor(db: Database, store: FixStore, access: AccessPolicy, timeZone: string, now: () => number = Date.now) {
    const decision = access.decide({ role: 'system', purpose: 'monitoring' }, 'alert.evaluate', 'monitoring', 'supervision');
    if (!decision.allowed)
      throw new Error('The access policy does not let the server watch zones: alert.evaluate is refused to the system.');
    this.#policy = decision.policy;
    this.#db = db;
    this.#store = store;
    this.#timeZone = timeZone;
    this.#now = now;
    this.#startedAt = now();
  }

  /** Takes up where the last run ended: evaluates what was stored or changed since. Nothing is evaluated before. */
  async start(): Promise<void> {
    this.#started = true;
    const { evaluated_receipt } = await this.#inMonitoring((tx) =>
      tx.selectFrom('supervision.watch_state').select('evaluated_receipt').executeTakeFirstOrThrow(),
    );
    this.#evaluatedReceipt = evaluated_receipt;
    this.#recordedReceipt = evaluated_receipt;
    const missed = await this.#store.query(
      'SELECT DISTINCT wearing FROM fixes WHERE receipt > ? ORDER BY wearing',
      { wearing: 'i32' },
      { values: [evaluated_receipt] },
    );
    const wearings = new Set(missed.columns.wearing.subarray(0, missed.count));
    // An alert that lasted when the server ended is not known to last now.
    for (const wearing of await this.#inMonitoring(wearingsInAlert)) wearings.add(wearing);
    await this.#learnNearTo();
    for (const wearing of await this.#inMonitoring(wearingsToWatchAgain)) this.#stale.add(wearing);
    this.#queue.push({ receipt: this.#store.lastReceipt, fixes: new Map([...wearings].map((wearing) => [wearing, []])) });
    const last = await this.#store.query('SELECT wearing, max(at_ms) AS "at" FROM fixes GROUP BY wearing', { wearing: 'i32', at: 'time' });
    for (let i = 0; i < last.count; i++) this.#latest.set(last.columns.wearing[i] as number, last.columns.at[i] as number);
    await this.settled();
    this.#silence = setInterval(() => void this.lookForSilence().catch((error) => this.onError(error)), silenceEveryMs).unref();
  }

  listen(listener: AlertListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes note of what was stored under a receipt. To be called in order of receipts. */
  see({ receipt, news }: Stored, columns: FixColumns, count: number): void {
    const fixes = new Map<number, TagReport[]>();
    for (let i = 0; i < count; i++) {
      if (news[i] === known) continue;
      const wearing = columns.wearing[i] as number;
      // What is known of a moment has changed: the watch is made anew from what is stored.
      if (news[i] === added) {
        for (const worn of wearing > 0 ? [wearing] : (this.#nearTo.get(-wearing) ?? [])) this.#stale.add(worn);
        continue;
      }
      const own = fixes.get(wearing);
      const fix = reportOf(columns, i);
      if (own) own.push(fix);
      else fixes.set(wearing, [fix]);
    }
    this.#queue.push({ receipt, fixes });
    this.#run();
  }

  /** Zones, hours or absences of some wearings (none named: of those on record) have changed: what they gave is worked out anew. */
  async rethink(wearings: readonly number[]): Promise<void> {
    const changed = wearings.length > 0 ? wearings : await this.#inMonitoring(wearingsToWatchAgain);
    for (const wearing of changed) this.#stale.add(wearing);
    this.#run();
    await this.settled();
  }

  /** Resolves when everything seen so far is evaluated and on record. */
  async settled(): Promise<void> {
    this.#run();
    while (this.#running) await this.#running;
  }

  async close(): Promise<void> {
    if (this.#silence) clearInterval(this.#silence);
    await this.settled();
    if (this.#evaluatedReceipt > this.#recordedReceipt) await this.#inMonitoring((tx) => this.#record(tx));
  }

  /**
   * No signal is no breach: an alert that lasts is ended at its last fix once nothing more is heard. A longer silence of a tag
   * that is worn is an alert of its own. Looked for every half minute.
   */
  async lookForSilence(): Promise<void> {
    const lasts = ({ stored }: Watched) => stored.some(({ to, retracted, kind }) => to === null && !retracted && kind !== 'no signal');
    const silent = [...this.#watched].filter(([wearing, watched]) => lasts(watched) && this.#isSilent(wearing)).map(([wearing]) => wearing);
    const worn = new Set(await this.#inMonitoring(openWearings));
    // Of an order that ended by itself, a silence ends too.
    const over = [...this.#watched]
      .filter(([wearing, { stored }]) => !worn.has(wearing) && stored.some(({ to, retracted }) => to === null && !retracted))
      .map(([wearing]) => wearing);
    const mute = [...worn].filter((wearing) => !this.#mute.has(wearing) && this.#latest.has(wearing) && this.#isMute(wearing, null));
    for (const wearing of mute) this.#mute.add(wearing);
    if (silent.length + mute.length + over.length === 0) return;
    this.#queue.push({ receipt: this.#evaluatedReceipt, fixes: new Map([...silent, ...mute, ...over].map((wearing) => [wearing, []])) });
    this.#run();
    await this.settled();
  }

  #run(): void {
    if (!this.#started || this.#running || (this.#queue.length === 0 && this.#stale.size === 0)) return;
    this.#running = this.#evaluateAll().then(
      () => {
        this.#running = null;
        // Something may have come after the last look.
        this.#run();
      },
      (error) => {
        this.#running = null;
        this.onError(error);
        setTimeout(() => this.#run(), retryMs).unref();
      },
    );
  }

  async #evaluateAll(): Promise<void> {
    while (this.#queue.length > 0 || this.#stale.size > 0) {
      const group = this.#queue.splice(0);
      // A few at a time: a change that concerns thousands must not keep everybody else waiting.
      const again = [...this.#stale].slice(0, madeTogether);
      for (const wearing of again) this.#stale.delete(wearing);
      try {
        if (again.length > 0) await this.#learnNearTo();
        const fixes = new Map<number, TagReport[]>(again.map((wearing) => [wearing, []]));
        for (const evaluation of group) {
          for (const [wearing, own] of evaluation.fixes) {
            const all = fixes.get(wearing);
            if (!all) fixes.set(wearing, [...own]);
            else for (const fix of own) all.push(fix);
          }
        }
        for (const wearing of again) this.#watched.delete(wearing);
        await this.#evaluate(fixes, group[group.length - 1]?.receipt ?? this.#evaluatedReceipt, again);
      } catch (error) {
        // The fixes are stored: their watches are made anew from there.
        for (const wearing of again) this.#stale.add(wearing);
        for (const evaluation of group)
          for (const key of evaluation.fixes.keys())
            for (const wearing of key > 0 ? [key] : (this.#nearTo.get(-key) ?? [])) this.#stale.add(wearing);
        this.#evaluatedReceipt = this.#recordedReceipt;
        throw error;
      }
    }
  }

  /** @param again wearings that were made anew because something about them had changed */
  async #evaluate(fixes: Map<number, TagReport[]>, receipt: number, again: number[]): Promise<void> {
    this.#hearProtected(fixes);
    const isReady = (wearing: number) => (fixes.get(wearing) ?? []).every(({ at }) => at < (this.#watched.get(wearing)?.upto ?? -Infinity));
    // A watch made now has read what is stored, these fixes among it.
    const made = new Set([...fixes.keys()].filter((wearing) => !this.#watched.has(wearing) || !isReady(wearing)));
    await this.#make([...made]);
    const changed: { wearing: number; found: FoundAlert[] }[] = [];
    for (const [wearing, own] of fixes) {
      this.counts.fixes += own.length;
      let watched = this.#watched.get(wearing) as Watched;
      if (!made.has(wearing) && own.length > 0 && take(watched, own) === 'older') {
        this.#watched.delete(wearing);
        await this.#make([wearing]);
        watched = this.#watched.get(wearing) as Watched;
      }
      if (own.length > 0) {
        this.#heard.set(wearing, this.#now());
        this.#latest.set(wearing, watched.tag.lastAt);
        this.#mute.delete(wearing);
      }
      const silent = this.#isSilent(wearing);
      const found: FoundAlert[] = [];
      for (const [id, spans] of watched.watch.all()) {
        const { zone, holds } = watched.zones.get(id) as HeldZone;
        found.push(...findZoneAlerts(zone.id, zone.kind, spans, holds, silent));
      }
      found.push(
        ...nearAlerts(watched, silent, this.#now()),
        ...tagAlerts(watched, this.#now(), () => this.#isMute(wearing, watched.stored)),
      );
      if (changesOf(watched, found).length > 0) changed.push({ wearing, found });
    }
    this.#evaluatedReceipt = Math.max(this.#evaluatedReceipt, receipt);
    this.#letGo(fixes.keys(), changed);
    if (changed.length === 0 && again.length === 0) {
      if (this.#now() - this.#recordedAt > recordEveryMs) await this.#inMonitoring((tx) => this.#record(tx));
      return;
    }
    // A fleet that comes back after an outage changes thousands of alerts at once: who sends meanwhile must not wait for all.
    for (let i = 0; i < changed.length; i += writtenTogether) await this.#write(changed.slice(i, i + writtenTogether));
    await this.#inMonitoring(async (tx) => {
      if (again.length > 0) await tx.deleteFrom('supervision.watch_again').where('wearing_id', 'in', again).execute();
      await this.#record(tx);
    });
  }

  /** Puts the differences of some wearings on record, and tells of them. Whatever a crash leaves undone is found different again. */
  async #write(changed: { wearing: number; found: FoundAlert[] }[]): Promise<void> {
    const watched = changed.map((own) => ({ ...own, watched: this.#watched.get(own.wearing) as Watched }));
    const { told, stored } = await this.#inMonitoring((tx) =>
      recordChanges(tx, watched, { policy: this.#policy, now: this.#now(), timeZone: this.#timeZone }),
    );
    this.counts.changes += told.length;
    for (const [wearing, alerts] of stored) (this.#watched.get(wearing) as Watched).stored = alerts;
    for (const listener of this.#listeners) for (const change of told) listener(change);
  }

  async #record(tx: Tx): Promise<void> {
    const receipt = this.#evaluatedReceipt;
    await tx
      .updateTable('supervision.watch_state')
      .set({ evaluated_receipt: sql<number>`greatest(evaluated_receipt, ${receipt})` })
      .execute();
    this.#recordedReceipt = receipt;
    this.#recordedAt = this.#now();
  }

  /** Makes watches from what is stored: every fix of the wearing, so that the outcome is the one of having seen them all. */
  async #make(wearings: number[]): Promise<void> {
    let part: number[] = [];
    let fixes = 0;
    const counts = wearings.length > 1 ? await this.#store.countByWearing(wearings) : new Map<number, number>();
    for (const wearing of wearings) {
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
    const { zones, stored, ends, near } = await this.#inMonitoring(async (tx) => ({
      near: await protectionsOf(tx, wearings),
      zones: await zonesOfWearings(tx, wearings),
      stored: await storedAlerts(tx, wearings),
      ends: await endsOf(tx, wearings),
    }));
    const upto = this.#now() + aheadMs;
    const devices = new Set([...near.values()].flat().map(({ tagId }) => -tagId));
    const tracks = tracksOf(await this.#store.tracks([...wearings, ...devices]));
    const { oldest, atHome } = await this.#store.coarsenedUpto(wearings);
    for (const wearing of wearings) {
      const held = heldZones(
        zones.filter((zone) => zone.wearing_id === wearing),
        upto,
        this.#timeZone,
      );
      const watched: Watched = {
        watch: watchOf(held, this.#areas),
        tag: new TagWatch(),
        ends: ends.get(wearing) ?? Number.NEGATIVE_INFINITY,
        zones: new Map(held.map((each) => [String(each.zone.id), each])),
        upto,
        stored: stored.get(wearing) ?? [],
        settled: { oldest, atHome: atHome.get(wearing) ?? Number.NEGATIVE_INFINITY },
        near: (near.get(wearing) ?? []).map((protection) => ({ protection, watch: new NearWatch(protection.radiusM) })),
      };
      for (const { protection, watch } of watched.near) watch.take('other', heldBy(protection, tracks.get(-protection.tagId) ?? []));
      take(watched, tracks.get(wearing) ?? []);
      if (watched.tag.lastAt > 0) this.#latest.set(wearing, watched.tag.lastAt);
      this.#watched.set(wearing, watched);
    }
  }

  /** Wearings that have ended need no watch any more; one that is asked about again is made anew. */
  #letGo(wearings: Iterable<number>, changed: readonly { wearing: number }[]): void {
    const needed = new Set(changed.map(({ wearing }) => wearing));
    for (const wearing of wearings) {
      const watched = this.#watched.get(wearing);
      if (watched && watched.ends < this.#now() && !needed.has(wearing)) this.#watched.delete(wearing);
    }
  }

  async #learnNearTo(): Promise<void> {
    const near = new Map<number, number[]>();
    for (const [wearing, protections] of await this.#inMonitoring((tx) => protectionsOf(tx, null)))
      for (const { tagId } of protections) near.set(tagId, [...(near.get(tagId) ?? []), wearing]);
    this.#nearTo = near;
  }

  /** Fixes of protected people's devices, which bear negative numbers: whoever must keep away from them is looked at. */
  #hearProtected(fixes: Map<number, TagReport[]>): void {
    for (const [device, own] of [...fixes]) {
      if (device > 0) continue;
      fixes.delete(device);
      for (const wearing of this.#nearTo.get(-device) ?? []) {
        if (!fixes.has(wearing)) fixes.set(wearing, []);
        for (const { protection, watch } of this.#watched.get(wearing)?.near ?? []) {
          if (protection.tagId !== -device || watch.take('other', heldBy(protection, own)) === null) continue;
          this.#watched.delete(wearing);
          break;
        }
      }
    }
  }

  #isSilent(wearing: number): boolean {
    return this.#now() - (this.#heard.get(wearing) ?? -Infinity) > 1000 * defaultWatch.staleS;
  }

  /**
   * Has nothing been heard for so long that it is an alert? After a start the tags get as long to be heard as ever; a silence
   * that is on record goes on until there is a later fix.
   */
  #isMute(wearing: number, stored: readonly StoredAlert[] | null): boolean {
    const latest = this.#latest.get(wearing) ?? Number.NEGATIVE_INFINITY;
    const longMs = 1000 * defaultTagParameters.silentS;
    if (this.#now() - latest <= longMs) return false;
    if (this.#now() - (this.#heard.get(wearing) ?? this.#startedAt) > longMs) return true;
    return stored?.some(({ kind, from, to, retracted }) => kind === 'no signal' && from === latest && to === null && !retracted) ?? false;
  }

  #inMonitoring<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return withPurpose(this.#db, 'supervision', 'monitoring', work);
  }
}
