import { setTimeout as sleep } from 'node:timers/promises';
import type { TagReport } from '@waymark/presence';
import type { AccessPolicy } from '../../platform/access.ts';
import { type Database, type Tx, withPurpose } from '../../platform/database.ts';
import { added, known } from '../../platform/fixes/fix.ts';
import type { LogEntry, LogPart } from '../../platform/fixes/fix-log.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { AlertsInStep } from './alerts-in-step.ts';
import { Heard } from './heard.ts';
import type { TellingChange } from './record-changes.ts';
import { changesOnRecord, evaluatedReceipt, noteEvaluated, openWearings, wearingsInAlert, wearingsToWatchAgain } from './store.ts';
import { reportOf } from './stored-track.ts';
import { Thresholds } from './thresholds.ts';
import type { WatchShares } from './watch-shares.ts';
import { endedBySilence, WatchedWearings } from './watched.ts';

/** Told of every change that is on record. */
export type AlertListener = (change: TellingChange) => void;

/** How often it is put on record that nothing had to be changed, ms: as much is evaluated again after a crash. */
const recordEveryMs = 5000;
/** Wearings that are watched again in one turn. */
const againTogether = 50;
/** After a failure, for instance of the database, it is tried again after this long, ms. */
const retryMs = 1000;
/** How often it is looked who has fallen silent while an alert lasts, ms. */
const silenceEveryMs = 30_000;

/**
 * Follows what is stored: evaluates fixes against zones, watches the tags themselves, and keeps the alerts on record in step. What
 * is watched stands in `watchers/watchers.ts`.
 *
 * Alerts are what the fixes say, nothing else: whatever is on record is compared with what the fixes give, and only the
 * difference is written, together with the receipt up to which fixes were evaluated. So a crash at any moment leaves no alert
 * lost and none doubled: what was not evaluated is evaluated at the next start.
 */
export class LiveWatch {
  readonly #db: Database;
  readonly #store: FixStore;
  readonly #watched: WatchedWearings;
  readonly #heard: Heard;
  readonly #thresholds = new Thresholds();
  readonly #alerts: AlertsInStep;
  readonly #listeners = new Set<AlertListener>();
  readonly #shares: WatchShares | null;
  readonly #now: () => number;
  readonly #ended = new AbortController();
  /** Wearings to be watched again because something about them has changed, with the oldest moment that is concerned; −Infinity for all. */
  readonly #stale = new Map<number, number>();
  /** Of them, those that are being evaluated anew. */
  #anew: [wearing: number, oldest: number][] = [];
  /** Woken at the end of each turn. */
  readonly #waiting = new Set<() => void>();
  #failures = 0;
  #following: Promise<void> | null = null;
  #again: Promise<void> | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #evaluated = 0;
  #recorded = 0;
  #recordedAt = 0;
  #silence: NodeJS.Timeout | null = null;
  /** Told of what goes wrong; it is tried again. */
  onError: (error: unknown) => void = () => undefined;
  /** Told of each alert that is raised: at most how long after its fix was received, seconds. */
  onRaised: (seconds: number) => void = () => undefined;

  /**
   * @param options the server's clock, ms since 1970; whom this server watches, where several share the work: else everybody
   * @throws Error when the access policy does not let the server watch zones
   */
  constructor(
    db: Database,
    store: FixStore,
    access: AccessPolicy,
    timeZone: string,
    { now = Date.now, shares = null }: { now?: () => number; shares?: WatchShares | null } = {},
  ) {
    const decision = access.decide({ role: 'system', purpose: 'monitoring' }, 'alert.evaluate', 'monitoring', 'supervision');
    if (!decision.allowed)
      throw new Error('The access policy does not let the server watch zones: alert.evaluate is refused to the system.');
    this.#db = db;
    this.#store = store;
    this.#now = now;
    this.#shares = shares;
    this.#heard = new Heard(now);
    this.#watched = new WatchedWearings(
      store,
      (work) => this.#inMonitoring(work),
      () => ({ now: now(), timeZone }),
      this.#thresholds,
    );
    this.#alerts = new AlertsInStep(
      { watched: this.#watched, heard: this.#heard, shares, inMonitoring: (work) => this.#inMonitoring(work) },
      { policy: decision.policy, now, timeZone },
      (change, receivedFrom) => {
        if (receivedFrom !== null && change.change === 'raised') this.onRaised((now() - receivedFrom) / 1000);
        for (const listener of this.#listeners) listener(change);
      },
    );
  }

  /** How many fixes were evaluated and changes put on record here since the start. */
  get counts(): Readonly<{ fixes: number; changes: number }> {
    return this.#alerts.counts;
  }

  /** Reads from what on alerts of some kinds are raised, as somebody adopted it. */
  learnThresholds(): Promise<void> {
    return this.#inMonitoring((tx) => this.#thresholds.read(tx));
  }

  /**
   * Takes up where the last run ended: evaluates what was stored or changed since. Nothing is evaluated before. Where several servers
   * share the work, each begins with what it is given of it.
   */
  async start(): Promise<void> {
    await this.learnThresholds();
    const from = this.#shares ? this.#store.lastReceipt : await this.#inMonitoring(evaluatedReceipt);
    this.#evaluated = from;
    this.#recorded = from;
    await this.#watched.learnOthers();
    await this.#heard.learn(this.#store);
    if (this.#shares)
      this.#shares.begin(
        () => this.#startAgain(),
        (isLost) => this.#forgetThose(isLost),
      );
    else await this.#suspectUnsure();
    this.#following = this.#store.follow(
      'live watch',
      from,
      { take: (part) => this.#inTurn(() => this.#takePart(part)), failed: (error) => this.#fail(error) },
      this.#ended.signal,
    );
    await this.settled();
    this.#silence = setInterval(() => void this.lookForSilence().catch((error) => this.onError(error)), silenceEveryMs).unref();
  }

  listen(listener: AlertListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Another server has put changes of alerts on record (none named: it may have): whoever listens here is told as well. */
  async hearOf(alerts: readonly number[]): Promise<void> {
    if (this.#listeners.size === 0) return;
    const changes = await this.#inMonitoring((tx) => changesOnRecord(tx, alerts));
    for (const listener of this.#listeners) for (const change of changes) listener(change);
  }

  /** Zones, hours or absences of some wearings (none named: of those on record) have changed: what they gave is worked out anew. */
  async rethink(wearings: readonly number[]): Promise<void> {
    const changed = wearings.length > 0 ? wearings : await this.#inMonitoring(wearingsToWatchAgain);
    for (const wearing of changed) this.#suspect(wearing, Number.NEGATIVE_INFINITY);
    await this.settled();
  }

  /** Resolves when everything stored so far is evaluated and on record, or when that failed and will be tried again. */
  async settled(): Promise<void> {
    if (!this.#following) return;
    this.#startAgain();
    // What comes meanwhile is not waited for: under load there is always more.
    const upto = this.#store.lastReceipt;
    const failures = this.#failures;
    const isDone = () => this.#evaluated >= upto && this.#again === null;
    while (!isDone() && this.#failures === failures && !this.#ended.signal.aborted)
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    await this.#turn;
  }

  async close(): Promise<void> {
    if (this.#silence) clearInterval(this.#silence);
    await this.settled();
    this.#ended.abort();
    await this.#following;
    await this.#turn;
    if (this.#evaluated > this.#recorded && this.#isSure()) await this.#record();
  }

  /**
   * No signal is no breach: an alert that lasts is ended at its last fix once nothing more is heard. A longer silence of a tag
   * that is worn is an alert of its own. Looked for every half minute.
   */
  async lookForSilence(): Promise<void> {
    const worn = new Set((await this.#inMonitoring(openWearings)).filter((wearing) => this.#isMine(wearing)));
    const concerned = new Set([...this.#heard.fallenMute(worn), ...endedBySilence(this.#watched, this.#heard, worn)]);
    if (concerned.size === 0) return;
    const own = () => [...concerned].filter((wearing) => this.#isMine(wearing));
    try {
      await this.#inTurn(() => this.#alerts.bringIntoStep(new Map(own().map((wearing) => [wearing, []]))));
    } catch (error) {
      // Nobody would ask about them again: a silence is noticed once.
      for (const wearing of concerned) this.#suspect(wearing, Number.POSITIVE_INFINITY);
      this.#startAgain();
      throw error;
    }
  }

  /** One evaluation after the other. What one fails at is made anew from what is stored when it is tried again. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined).then(() => this.#wake());
    return turn;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #fail(error: unknown): void {
    this.#failures++;
    this.onError(error);
    this.#wake();
  }

  #startAgain(): void {
    if (!this.#isSure()) this.#again ??= this.#watchAgain();
  }

  /** Nobody is left who is to be watched again: what was evaluated is all there was. */
  #isSure(): boolean {
    return this.#stale.size === 0 && this.#anew.length === 0 && !this.#shares?.isToTake;
  }

  /** Whether this server is the one that watches a wearing. */
  #isMine(wearing: number): boolean {
    return this.#shares?.has(wearing) ?? true;
  }

  /** A wearing is to be watched again, from a moment on. */
  #suspect(wearing: number, oldest: number): void {
    if (this.#shares?.isGiven(wearing) ?? true)
      this.#stale.set(wearing, Math.min(oldest, this.#stale.get(wearing) ?? Number.POSITIVE_INFINITY));
  }

  /** An alert that lasted when a server ended is not known to last now; and who had changed was not watched again yet. */
  async #suspectUnsure(): Promise<void> {
    for (const wearing of await this.#inMonitoring(wearingsInAlert)) this.#suspect(wearing, Number.POSITIVE_INFINITY);
    for (const wearing of await this.#inMonitoring(wearingsToWatchAgain)) this.#suspect(wearing, Number.NEGATIVE_INFINITY);
  }

  #forgetWatched(isConcerned: (wearing: number) => boolean): void {
    for (const [wearing] of this.#watched.all()) if (isConcerned(wearing)) this.#watched.forget(wearing);
  }

  #forgetThose(isLost: (wearing: number) => boolean): void {
    this.#forgetWatched(isLost);
    for (const [wearing] of this.#stale) if (isLost(wearing)) this.#stale.delete(wearing);
  }

  /** Watches again whoever something has changed about; a few at a time, so that a change for thousands keeps nobody waiting. */
  async #watchAgain(): Promise<void> {
    while (!this.#isSure() && !this.#ended.signal.aborted) {
      try {
        await this.#takeOver();
        this.#anew = [...this.#stale].slice(0, againTogether);
        for (const [wearing] of this.#anew) this.#stale.delete(wearing);
        if (this.#anew.length > 0) await this.#inTurn(() => this.#evaluateAnew(this.#anew));
        this.#anew = [];
      } catch (error) {
        for (const [wearing, oldest] of this.#anew) this.#suspect(wearing, oldest);
        this.#anew = [];
        this.#fail(error);
        await sleep(retryMs, undefined, { ref: false, signal: this.#ended.signal }).catch(() => undefined);
      }
    }
    this.#again = null;
    this.#wake();
  }

  /**
   * Takes what another server watched until now. Its alerts rest on what it had read of the log, so that is to be here first; and no
   * part of what comes is evaluated while it is looked whom it had yet to evaluate, or may have been unsure of.
   */
  async #takeOver(): Promise<void> {
    const given = this.#shares?.given();
    if (!given) return;
    await this.#store.caughtUp();
    await this.#inTurn(async () => {
      this.#forgetWatched(given.has);
      await this.#watched.learnOthers();
      for (const { wearing, oldest } of await this.#store.wearingsAfter(given.upto))
        for (const concerned of this.#watched.concernedBy(wearing)) this.#suspect(concerned, oldest);
      await this.#suspectUnsure();
      given.take();
    });
  }

  async #evaluateAnew(wearings: readonly [wearing: number, oldest: number][]): Promise<void> {
    const again = wearings.filter(([wearing]) => this.#isMine(wearing));
    // Given to this server, and not taken yet.
    for (const [wearing, oldest] of wearings) if (!this.#isMine(wearing)) this.#suspect(wearing, oldest);
    if (again.length === 0) return;
    await this.#watched.learnOthers();
    for (const [wearing, oldest] of again) this.#watched.forget(wearing, oldest);
    await this.#alerts.bringIntoStep(new Map(again.map(([wearing]) => [wearing, []])));
    const whole = again.filter(([, oldest]) => oldest === Number.NEGATIVE_INFINITY).map(([wearing]) => wearing);
    if (whole.length > 0)
      await this.#inMonitoring((tx) => tx.deleteFrom('supervision.watch_again').where('wearing_id', 'in', whole).execute());
  }

  async #takePart({ entries, upto }: LogPart): Promise<void> {
    const fixes = new Map<number, TagReport[]>();
    for (const entry of entries) this.#gather(entry, fixes);
    const newest = entries.filter(({ news, count }) => news !== null && count > 0);
    const receivedFrom = newest.length > 0 ? Math.min(...newest.map(({ columns }) => columns.receivedAt[0] as number)) : null;
    await this.#alerts.bringIntoStep(fixes, receivedFrom);
    this.#evaluated = upto;
    if (this.#now() - this.#recordedAt > recordEveryMs && this.#isSure()) await this.#record();
  }

  /** The new fixes of an entry by wearing. Where what is known of a moment has changed the watch is to be made anew. */
  #gather({ receipt, columns, count, news }: LogEntry, fixes: Map<number, TagReport[]>): void {
    for (let i = 0; i < count; i++) {
      if (news?.[i] === known) continue;
      const wearing = columns.wearing[i] as number;
      const at = columns.at[i] as number;
      if (news === null || news[i] === added) {
        if (news === null) this.#heard.hearAt(wearing, columns.receivedAt[i] as number);
        for (const worn of this.#watched.concernedBy(wearing)) {
          if (!this.#isMine(worn)) continue;
          if (!this.#watched.hasSeen(worn, receipt, at)) this.#watched.forget(worn, at);
          if (!fixes.has(worn)) fixes.set(worn, []);
        }
        continue;
      }
      if (wearing > 0 && !this.#isMine(wearing)) {
        // It may be this server's to watch at any moment.
        this.#heard.hearElsewhere(wearing, at, columns.receivedAt[i] as number);
        continue;
      }
      if (wearing > 0 && this.#watched.hasSeen(wearing, receipt, at)) continue;
      const own = fixes.get(wearing);
      const fix = reportOf(columns, i);
      if (own) own.push(fix);
      else fixes.set(wearing, [fix]);
    }
  }

  /** To be called when everything up to here is evaluated. Of what is given to this server meanwhile, nothing is said. */
  async #record(): Promise<void> {
    const receipt = this.#evaluated;
    const note = this.#shares?.noteLater(receipt) ?? ((tx: Tx) => noteEvaluated(tx, receipt));
    await this.#inMonitoring(note);
    this.#recorded = receipt;
    this.#recordedAt = this.#now();
  }

  #inMonitoring<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const done = withPurpose(this.#db, 'supervision', 'monitoring', work);
    return this.#shares?.promptly(done) ?? done;
  }
}
