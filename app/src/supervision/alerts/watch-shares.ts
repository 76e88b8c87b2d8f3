import type { Changes } from '../../platform/changes.ts';
import type { Tx } from '../../platform/database.ts';
import type { LeasedWork, Leases } from '../../platform/servers/leases.ts';

declare module '../../platform/changes.ts' {
  interface Topics {
    /** Alerts that another server has changed on record. */
    'supervision.alerts': true;
  }
}

/** In so many shares wearings are dealt out among the servers that watch. */
const count = 32;
const names = Array.from({ length: count }, (_, i) => `watch ${i}`);
/** Asked for every fix that comes, so nothing is put together anew. */
const nameOf = (wearing: number) => names[Math.abs(wearing) % count] as string;

type GivenShare = Parameters<LeasedWork['gained']>[0][number];

/** Shares that were given to this server and that it has still to take. */
interface Given {
  /** How far whoever had them before had come, at least: a receipt. */
  upto: number;
  has(wearing: number): boolean;
  /** From now on this server watches them. What was lost meanwhile and given again is another share, and has to be taken by itself. */
  take(): void;
}

/**
 * Whom this server watches, where several share the work: every wearing belongs to one share, and every share to one server. What a
 * server takes over it evaluates from where the one before had come.
 */
export class WatchShares {
  readonly #leases: Leases;
  readonly #changes: Pick<Changes, 'announce'>;
  /** Given to this server and not taken yet, by name. */
  readonly #toTake = new Map<string, GivenShare>();

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
        for (const share of shares) this.#toTake.set(share.name, share);
        given();
      },
      lost: (lost) => {
        const those = new Set(lost);
        for (const name of lost) this.#toTake.delete(name);
        gone((wearing) => those.has(nameOf(wearing)));
      },
    });
  }

  /** Whether this server watches a wearing: it was given to it, and it has taken it. */
  has(wearing: number): boolean {
    return this.isGiven(wearing) && !this.#toTake.has(nameOf(wearing));
  }

  /** Whether a wearing was given to this server, which may have to look first where to go on. */
  isGiven(wearing: number): boolean {
    return this.#leases.holds(nameOf(wearing));
  }

  get isToTake(): boolean {
    return this.#toTake.size > 0;
  }

  /** What is to be taken; null where nothing is. */
  given(): Given | null {
    if (this.#toTake.size === 0) return null;
    const given = new Map(this.#toTake);
    return {
      upto: Math.min(...Array.from(given.values(), ({ upto }) => upto)),
      has: (wearing) => given.has(nameOf(wearing)),
      take: () => {
        for (const [name, share] of given) if (this.#toTake.get(name) === share) this.#toTake.delete(name);
      },
    };
  }

  /** Under which leases this server watches some wearings now: what is worked out under these may be put on record under no others. */
  leasesOf(wearings: Iterable<number>): ReadonlyMap<string, string | null> {
    const names = new Set(Array.from(wearings, nameOf));
    return new Map([...names].map((name) => [name, this.#leases.sinceOf(name)]));
  }

  /** @throws LeaseLostError when another server watches one of them now, or has done so since they were worked out */
  fence(tx: Tx, wearings: readonly number[], leases: ReadonlyMap<string, string | null>): Promise<void> {
    return this.#leases.fence(tx, [...new Set(wearings.map(nameOf))], leases);
  }

  /** See `Leases.promptly`. */
  promptly<T>(work: Promise<T>): Promise<T> {
    return this.#leases.promptly(work);
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
