import { defaultTagParameters, defaultWatch } from '@waymark/presence';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import type { StoredAlert } from './watchers/index.ts';

/** When something was last heard of each wearing. Times in ms since 1970. */
export class Heard {
  readonly #now: () => number;
  readonly #startedAt: number;
  /** By the server's clock; nothing from before the start. */
  readonly #heard = new Map<number, number>();
  /** The latest fix, in event time. */
  readonly #latest = new Map<number, number>();
  /** Wearings whose silence has been evaluated. */
  readonly #mute = new Set<number>();

  constructor(now: () => number) {
    this.#now = now;
    this.#startedAt = now();
  }

  /** Learns the latest fixes that are stored. */
  async learn(store: FixStore): Promise<void> {
    const last = await store.query(
      'SELECT wearing, max(at_ms) AS "at" FROM fixes GROUP BY wearing',
      { wearing: 'i32', at: 'time' },
      { from: Number.POSITIVE_INFINITY },
    );
    for (let i = 0; i < last.count; i++) this.#latest.set(last.columns.wearing[i] as number, last.columns.at[i] as number);
  }

  hear(wearing: number, latest: number): void {
    this.#heard.set(wearing, this.#now());
    this.#latest.set(wearing, latest);
    this.#mute.delete(wearing);
  }

  /** Something was heard at a moment; before the start it counts for nothing, for what lasted then is not known to last. */
  hearAt(wearing: number, at: number): void {
    if (at < this.#startedAt || at < (this.#heard.get(wearing) ?? -Infinity)) return;
    this.#heard.set(wearing, at);
    this.#mute.delete(wearing);
  }

  /** A fix of somebody whom another server watches. */
  hearElsewhere(wearing: number, at: number, receivedAt: number): void {
    this.hearAt(wearing, receivedAt);
    if (at > (this.#latest.get(wearing) ?? Number.NEGATIVE_INFINITY)) this.#latest.set(wearing, at);
  }

  /** The latest fix as it is stored now. */
  setLatest(wearing: number, latest: number): void {
    this.#latest.set(wearing, latest);
  }

  /** What lasted is not known to last. */
  isSilent(wearing: number): boolean {
    return this.#now() - (this.#heard.get(wearing) ?? -Infinity) > 1000 * defaultWatch.staleS;
  }

  /**
   * Has nothing been heard for so long that it is an alert? After a start the tags get as long to be heard as ever; a silence
   * that is on record goes on until there is a later fix.
   */
  isMute(wearing: number, stored: readonly StoredAlert[] = []): boolean {
    const latest = this.#latest.get(wearing) ?? Number.NEGATIVE_INFINITY;
    const longMs = 1000 * defaultTagParameters.silentS;
    if (this.#now() - latest <= longMs) return false;
    if (this.#now() - (this.#heard.get(wearing) ?? this.#startedAt) > longMs) return true;
    return stored.some(({ kind, from, to, retracted }) => kind === 'no signal' && from === latest && to === null && !retracted);
  }

  /** Of some wearings, those that have fallen mute since this was asked last. */
  fallenMute(wearings: Iterable<number>): number[] {
    const fallen = [...wearings].filter((wearing) => !this.#mute.has(wearing) && this.#latest.has(wearing) && this.isMute(wearing));
    for (const wearing of fallen) this.#mute.add(wearing);
    return fallen;
  }
}
