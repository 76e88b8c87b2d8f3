import { type FixColumns, fresh, notValid } from '../../platform/fixes/fix.ts';
import type { LogPart } from '../../platform/fixes/fix-log.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';

/** Where a wearer was last. Ms since 1970; what was not reported is null. */
export interface Position {
  wearing: number;
  at: number;
  receivedAt: number;
  lon: number;
  lat: number;
  accuracyM: number | null;
  battery: number | null;
}

/** Whoever follows is told this often who has moved, ms. */
const tellEveryMs = 1000;

/** The latest fix of every wearing, in event time, kept in memory for the pages that follow it. */
export class Positions {
  readonly #store: FixStore;
  #latest = new Map<number, Position>();
  /** What is being learnt anew; what comes meanwhile goes into both. */
  #learning: Map<number, Position> | null = null;
  #moved = new Set<number>();
  readonly #listeners = new Set<(moved: Position[]) => void>();
  #telling: NodeJS.Timeout | null = null;
  readonly #ended = new AbortController();
  /** What was stored since the start, by whichever server. */
  readonly heard = { receipts: 0, lastMs: 0 };
  /** Told of what goes wrong while it follows; it is tried again. */
  onError: (error: unknown) => void = () => undefined;

  constructor(store: FixStore) {
    this.#store = store;
  }

  /** Learns from what is stored where everybody was last, and follows what is stored from then on. */
  async start(): Promise<void> {
    const from = this.#store.lastReceipt;
    await this.learn();
    const failed = (error: unknown) => this.onError(error);
    void this.#store.follow('positions', from, { take: (part) => this.#take(part), failed }, this.#ended.signal);
  }

  close(): void {
    this.#ended.abort();
  }

  /** Learns anew from what is stored where everybody was last. */
  async learn(): Promise<void> {
    const learnt = new Map<number, Position>();
    this.#learning = learnt;
    await this.#store.scan(
      `SELECT wearing, max(at_ms) AS at_ms, arg_max(received_ms, at_ms) AS received_ms, arg_max(lon, at_ms) AS lon,
        arg_max(lat, at_ms) AS lat, arg_max(accuracy_m, at_ms) AS accuracy_m, arg_max(battery, at_ms) AS battery
       FROM fixes WHERE wearing > 0 AND method <> ${notValid} GROUP BY wearing`,
      { wearing: 'i32', at: 'time', receivedAt: 'time', lon: 'f64', lat: 'f64', accuracyM: 'f32', battery: 'f32' },
      [],
      (columns, count) => {
        for (let i = 0; i < count; i++) keepIn(learnt, columns, i);
      },
      Number.POSITIVE_INFINITY,
    );
    if (this.#learning !== learnt) return;
    this.#latest = learnt;
    this.#learning = null;
  }

  #take({ entries }: LogPart): void {
    this.heard.receipts += entries.length;
    this.heard.lastMs = Date.now();
    for (const { columns, count, news } of entries)
      for (let i = 0; i < count; i++) if ((news === null || news[i] === fresh) && columns.method[i] !== notValid) this.#keep(columns, i);
  }

  /** Forgets where some wearers were. */
  forget(wearings: readonly number[]): void {
    for (const wearing of wearings) {
      this.#latest.delete(wearing);
      this.#learning?.delete(wearing);
      this.#moved.delete(wearing);
    }
  }

  of(wearing: number): Position | null {
    return this.#latest.get(wearing) ?? null;
  }

  /**
   * Tells again and again which wearings have a later fix than when it was told last.
   * @returns ends it
   */
  listen(tell: (moved: Position[]) => void): () => void {
    this.#listeners.add(tell);
    this.#telling ??= setInterval(() => this.#tell(), tellEveryMs).unref();
    return () => {
      this.#listeners.delete(tell);
      if (this.#listeners.size > 0 || !this.#telling) return;
      clearInterval(this.#telling);
      this.#telling = null;
    };
  }

  #tell(): void {
    if (this.#moved.size === 0) return;
    // Of some that moved, nothing may be known any more.
    const moved = [...this.#moved].flatMap((wearing) => this.#latest.get(wearing) ?? []);
    this.#moved = new Set();
    for (const tell of this.#listeners) tell(moved);
  }

  #keep(columns: PositionColumns, i: number): void {
    if (this.#learning) keepIn(this.#learning, columns, i);
    if (keepIn(this.#latest, columns, i)) this.#moved.add(columns.wearing[i] as number);
  }
}

type PositionColumns = Pick<FixColumns, 'wearing' | 'at' | 'receivedAt' | 'lon' | 'lat' | 'accuracyM' | 'battery'>;

/** Whether it is later than what was known. */
function keepIn(latest: Map<number, Position>, columns: PositionColumns, i: number): boolean {
  const wearing = columns.wearing[i] as number;
  // A number below zero is a protected person's: where they are is told to nobody.
  if (wearing <= 0) return false;
  const at = columns.at[i] as number;
  if (at <= (latest.get(wearing)?.at ?? Number.NEGATIVE_INFINITY)) return false;
  const given = (value: number) => (Number.isNaN(value) ? null : value);
  latest.set(wearing, {
    wearing,
    at,
    receivedAt: columns.receivedAt[i] as number,
    lon: columns.lon[i] as number,
    lat: columns.lat[i] as number,
    accuracyM: given(columns.accuracyM[i] as number),
    battery: given(columns.battery[i] as number),
  });
  return true;
}
