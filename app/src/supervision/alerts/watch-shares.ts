import type { Changes } from '../../platform/changes.ts';
import type { Tx } from '../../platform/database.ts';
import type { Leases } from '../../platform/servers/leases.ts';

declare module '../../platform/changes.ts' {
  interface Topics {
    /** Alerts that another server has changed on record. */
    'supervision.alerts': true;
  }
}

/** In so many shares wearings are dealt out among the servers that watch. */
const count = 32;
const nameOf = (wearing: number) => `watch ${Math.abs(wearing) % count}`;
const names = Array.from({ length: count }, (_, i) => nameOf(i));

/**
 * Whom this server watches, where several share the work: every wearing belongs to one share, and every share to one server. What a
 * server takes over it evaluates from where the one before had come.
 */
export class WatchShares {
  readonly #leases: Leases;
  readonly #changes: Pick<Changes, 'announce'>;
  /** Given to this server and not looked through yet: by name, how far the one before had come. */
  readonly #toTake = new Map<string, number>();

  constructor(leases: Leases, changes: Pick<Changes, 'announce'>) {
    this.#leases = leases;
    this.#changes = changes;
  }

  /**
   * Asks for a part of the work.
   * @param given told that there is something to take
   * @param gone told whom this server watches no more
   */
  begin(given: () => void, gone: (isLost: (wearing: number) => boolean) => void): void {
    this.#leases.ask({
      names,
      role: 'watch',
      gained: (shares) => {
        for (const { name, upto } of shares) this.#toTake.set(name, upto);
        given();
      },
      lost: (lost) => {
        const those = new Set(lost);
        for (const name of lost) this.#toTake.delete(name);
        gone((wearing) => those.has(nameOf(wearing)));
      },
    });
  }

  has(wearing: number): boolean {
    return this.#leases.holds(nameOf(wearing));
  }

  get isToTake(): boolean {
    return this.#toTake.size > 0;
  }

  /**
   * Takes what was given.
   * @param look looks through what is stored after a receipt; what it fails at is given again
   */
  async take(look: (upto: number) => Promise<void>): Promise<void> {
    if (this.#toTake.size === 0) return;
    const taken = [...this.#toTake];
    await look(Math.min(...taken.map(([, upto]) => upto)));
    // One that was lost and given again meanwhile is looked at again.
    for (const [name, upto] of taken) if (this.#toTake.get(name) === upto) this.#toTake.delete(name);
  }

  /** @throws LeaseLostError when another server watches one of them now */
  fence(tx: Tx, wearings: readonly number[]): Promise<void> {
    return this.#leases.fence(tx, [...new Set(wearings.map(nameOf))]);
  }

  /** Other servers hear which alerts have changed. */
  async announce(tx: Tx, ids: number[]): Promise<void> {
    if (ids.length > 0) await this.#changes.announce(tx, [{ topic: 'supervision.alerts', ids }]);
  }

  /** Gives what notes, of what this server has now, how far everything was evaluated. */
  noteLater(receipt: number): (tx: Tx) => Promise<void> {
    const held = names.filter((name) => this.#leases.holds(name));
    return (tx) => this.#leases.note(tx, held, receipt);
  }
}
