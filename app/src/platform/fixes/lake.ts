import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, Engine } from '@waymark/engine';
import { type Forgetting, takenAway } from './fix-orders.ts';
import { forgettingIn, goneBy, type KeptOrder, type LakeUse, noteUse, positionIn, useOf } from './kept-orders.ts';
import { attachLake, type LakePlace, type LakeSetting, withoutSecrets } from './lake-place.ts';

/** As they stand in a file of a server's own. */
export const fixColumnNames =
  'tag, wearing, at_ms, received_ms, lon, lat, accuracy_m, speed_mps, heading_deg, method, battery, seq, events, receipt';

/** In SQL: the month of universal time in which a fix was taken, such as 202611. */
export const monthOf = '(year(epoch_ms(at_ms)) * 100 + month(epoch_ms(at_ms)))::INTEGER';

/** Fixes taken before a moment, under receipts up to one: they are in the lake, and left this server's own file. */
export interface Older {
  /** Ms since 1970. */
  before: number;
  receipt: number;
}

/** How far the lake goes: up to a receipt, and up to a place in the sequence of orders. */
export interface SealedUpTo {
  receipt: number;
  position: number;
}

const nothing: Older = { before: Number.NEGATIVE_INFINITY, receipt: -1 };
const dayMs = 86_400_000;
const againMs = 500;
const countedWithinMs = 5000;

/** How a server's own file is written to. */
export interface Writing {
  writer: Connection;
  /** Runs work while nothing else is written. */
  alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** Has what is gone from the file written over, within `alone`. */
  tidy: () => Promise<void>;
}

/**
 * Where fixes are kept for years: Parquet files that all servers read, with a catalogue in PostgreSQL. Everything is written there within
 * minutes; what is older than some months is there alone. To a connection that it is shown to, `fixes` is what is in this server's own
 * file and the older in the lake, each once, less what an order has taken away that the lake has not followed yet.
 */
export class Lake {
  readonly place: LakePlace;
  readonly #refusal: LakeSetting['refusal'];
  /** Errors whose words say all there is to say. */
  readonly #told = new WeakSet<object>();
  readonly #connection: Connection;
  /** The name of the server's own file among the databases of its engine. */
  readonly #own: string;
  readonly #shownTo = new Set<Connection>();
  readonly #counting: Connection;
  #moving: Promise<unknown> = Promise.resolve();
  #older: Older = nothing;
  #orders: KeptOrder[] = [];
  #counted: Promise<Map<number, number>> | null = null;
  #later: NodeJS.Timeout | null = null;
  #showing: Promise<unknown> = Promise.resolve();

  private constructor(
    place: LakePlace,
    refusal: LakeSetting['refusal'],
    [connection, counting]: readonly [Connection, Connection],
    own: string,
  ) {
    this.place = place;
    this.#refusal = refusal;
    this.#connection = connection;
    this.#counting = counting;
    for (const one of [connection, counting]) one.rephrase = this.rephrase;
    this.#own = own;
  }

  /** @throws Error, made by `refusal`, where it cannot be reached */
  static async open(engine: Engine, place: LakePlace, refusal: LakeSetting['refusal']): Promise<Lake> {
    const connection = await engine.connect();
    await attachLake(connection, place, refusal);
    const [{ own } = { own: '' }] = await connection.rows<{ own: string }>('SELECT current_database() AS own');
    const lake = new Lake(place, refusal, [connection, await engine.connect()], `"${own.replaceAll('"', '""')}".main.`);
    await connection.run(
      `INSERT INTO lake_use SELECT (${positionIn()}), ${Number.MIN_SAFE_INTEGER}, -1, 0 WHERE NOT EXISTS (SELECT 1 FROM lake_use)`,
    );
    await lake.look(connection);
    return lake;
  }

  /** What has left this server's own file. */
  get older(): Older {
    return this.#older;
  }

  /** The server's own tables, to be put before a table's name. */
  get own(): string {
    return this.#own;
  }

  /** @throws Error where the catalogue cannot be read */
  async sealedUpTo(): Promise<SealedUpTo> {
    return this.surely('The lake cannot be read', async () => {
      const [row] = await this.#connection.rows<SealedUpTo>('SELECT receipt, position FROM lake.main.sealed');
      return row ?? { receipt: 0, position: 0 };
    });
  }

  /**
   * Learns anew what has left the file and what the lake has not followed. Whoever asks from then on is answered by it, though a long
   * question be under way.
   * @param connection one that has nothing else to do
   */
  async look(connection: Connection): Promise<void> {
    const use = await useOf(connection);
    const orders = await forgettingIn(connection, this.#own);
    void this.#show(use && use.receipt >= 0 ? { before: use.before, receipt: use.receipt } : nothing, orders).catch(() =>
      this.#showLater(),
    );
  }

  /** Where the lake is away nobody is answered from it until what has been taken away since can be left out. */
  #showLater(): void {
    this.#later ??= setTimeout(() => {
      this.#later = null;
      void this.#show(this.#older, this.#orders).catch(() => this.#showLater());
    }, againMs).unref();
  }

  #show(older: Older, orders: KeptOrder[]): Promise<unknown> {
    this.#older = older;
    this.#orders = orders;
    this.#counted = null;
    const shown = Promise.all([...this.#shownTo].map((connection) => this.showTo(connection)));
    this.#showing = shown;
    return shown;
  }

  /** To this connection, `fixes` is all there are; what is moved and ordered from now on is so to it as well. */
  async showTo(connection: Connection): Promise<void> {
    this.#shownTo.add(connection);
    connection.rephrase = this.rephrase;
    if (this.#older.receipt < 0) return;
    try {
      await this.showOnce(connection);
    } catch (error) {
      // What it was shown before may have in it what has been taken away since.
      await connection.run(
        `CREATE OR REPLACE TEMP VIEW fixes AS SELECT ${fixColumnNames} FROM ${this.#own}fixes WHERE error('The lake cannot be read at the moment')`,
      );
      throw error;
    }
  }

  /** As it is now, and no more: for one transaction, or just before a question. @throws Error where the lake cannot be read */
  async showOnce(connection: Connection, name = 'fixes'): Promise<void> {
    connection.rephrase = this.rephrase;
    if (this.#older.receipt < 0 && name === 'fixes') return;
    // One statement, so that no question comes between.
    await connection.run(`CREATE OR REPLACE TEMP VIEW ${name} AS SELECT ${fixColumnNames} FROM ${this.#own}fixes WHERE NOT ${isOlder(this.#older)}
      UNION ALL SELECT ${fixColumnNames} FROM lake.main.fixes WHERE ${this.#inLakeAlone()}`);
  }

  /** What is said of the lake is said without a password. */
  readonly rephrase = (error: unknown): unknown => {
    const said = withoutSecrets(this.place, error);
    return error instanceof Error && error.message === said ? error : new Error(said);
  };

  /** Shows it no more to a connection that is closed. */
  leave(connection: Connection): void {
    this.#shownTo.delete(connection);
  }

  /** In SQL: which of this file's fixes the lake must have as well, and which of the lake's must be here. */
  async both(connection: Connection): Promise<{ here: string; there: string }> {
    const gone = (await forgettingIn(connection, this.#own)).flatMap((order) => goneBy(order) ?? []);
    const here = `NOT ${isOlder(this.#older)}`;
    return { here, there: [here, ...gone.map((where) => `NOT ${where}`)].join(' AND ') };
  }

  #inLakeAlone(): string {
    const gone = this.#orders.flatMap((order) => goneBy(order) ?? []);
    return [isOlder(this.#older), ...gone.map((where) => `NOT ${where}`)].join(' AND ');
  }

  /** How many fixes are in the lake alone, by tag. */
  async countOlder(): Promise<Map<number, number>> {
    if (this.#older.receipt < 0) return new Map();
    this.#counted ??= this.surely('The lake cannot be read', async () => {
      const rows = await this.#counting.rows<{ tag: number; n: number }>(
        `SELECT tag, count(*)::DOUBLE AS n FROM lake.main.fixes WHERE ${this.#inLakeAlone()} GROUP BY tag`,
      );
      return new Map(rows.map(({ tag, n }) => [tag, n]));
    });
    this.#counted.catch(() => {
      this.#counted = null;
    });
    return this.#counted;
  }

  /**
   * How many fixes an order takes away, here and there, each once; null where they are all here, or the lake cannot be asked: it follows the
   * order all the same.
   */
  async countTaken(order: Forgetting): Promise<number | null> {
    const { table, where } = takenAway(order);
    if (this.#older.receipt < 0 || table !== 'fixes') return null;
    try {
      // Nothing is stored meanwhile, so it is not waited for long.
      const counting = this.#connection.rows<{ n: number }>(
        `SELECT (SELECT count(*) FROM ${this.#own}fixes WHERE NOT ${isOlder(this.#older)} AND (${where}))::DOUBLE
           + (SELECT count(*) FROM lake.main.fixes WHERE ${this.#inLakeAlone()} AND (${where}))::DOUBLE AS n`,
      );
      const found = await Promise.race([counting, sleep(countedWithinMs, null, { ref: false })]);
      return found?.[0]?.n ?? null;
    } catch {
      return null;
    }
  }

  /**
   * Takes out of the server's own file what is old and in the lake, but for the last fix of each wearing. It is shown from there first, and
   * everybody who asked before that has their answer.
   * @param sealed how far the lake goes
   * @param recent those who are answered from the file alone
   * @returns how many fixes left the file
   */
  moveOut(sealed: SealedUpTo, now: number, { writer, alone, tidy }: Writing, recent: readonly Connection[]): Promise<number> {
    const moved = this.#moving.then(async () => {
      const before = leavesBefore(this.place, now);
      const older = { before: Math.max(before, this.#older.before), receipt: Math.max(sealed.receipt, this.#older.receipt) };
      const [row] = await this.#connection.rows<{ n: number }>(
        `SELECT count(*)::DOUBLE AS n FROM ${this.#own}fixes f WHERE ${leaving(older)}`,
      );
      if (!row?.n) return 0;
      // First on disk: what is shown from the lake is there, and counts no more here, whether it is still in the file or not.
      const shown = await alone(async () => {
        const use = (await useOf(writer)) as LakeUse;
        await writer.transaction(() => noteUse(writer, { ...use, ...older }));
        return { by: this.#show(older, this.#orders) };
      });
      await shown.by.catch((error) => {
        this.#showLater();
        throw error;
      });
      await Promise.all(recent.map((one) => one.run('SELECT 1')));
      await alone(async () => {
        await writer.run(`DELETE FROM fixes f WHERE ${leaving(older)}`);
        await tidy();
      });
      return row.n;
    });
    this.#moving = moved.catch(() => undefined);
    return moved;
  }

  /** Lets go of orders that the lake has followed. */
  async forgetFollowed({ position }: SealedUpTo, { writer, alone, tidy }: Writing): Promise<void> {
    await alone(async () => {
      const [row] = await writer.rows<{ Count: number }>(`DELETE FROM kept_orders WHERE id <= ${Math.trunc(position)}`);
      if (Number(row?.Count ?? 0) === 0) return;
      await this.look(writer);
      // They name exact positions.
      await tidy();
    });
  }

  /** Resolves when nothing of it is under way on any connection. */
  async close(): Promise<void> {
    if (this.#later) clearTimeout(this.#later);
    this.#shownTo.clear();
    await this.#moving;
    await this.#showing.catch(() => undefined);
    await this.#connection.end();
    await this.#counting.end();
  }

  /** The error that says something about the lake to whoever runs the server. */
  refuse(words: string): Error {
    const error = this.#refusal(words);
    this.#told.add(error);
    return error;
  }

  /** Does work on the lake. @param failed begins the words of what went wrong */
  async surely<T>(failed: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (typeof error === 'object' && error !== null && this.#told.has(error)) throw error;
      throw this.refuse(`${failed}: ${withoutSecrets(this.place, error)}`);
    }
  }
}

/** What is older than this leaves a server's own file, ms since 1970: from midnight on the same all day. */
export const leavesBefore = ({ ownDays }: LakePlace, now: number): number => Math.floor((now - ownDays * dayMs) / dayMs) * dayMs;

/** In SQL: which fixes `f` leave the server's own file. */
const leaving = ({ before, receipt }: Older): string => `at_ms < ${before} AND receipt <= ${Math.trunc(receipt)} AND NOT EXISTS (
  SELECT 1 FROM (SELECT tag, wearing, max(at_ms) AS last FROM fixes GROUP BY tag, wearing) l
  WHERE l.tag = f.tag AND l.wearing = f.wearing AND l.last = f.at_ms)`;

/** In SQL: whether a fix has left the server's own file. */
const isOlder = ({ before, receipt }: Older): string =>
  `(at_ms < ${Number.isFinite(before) ? Math.trunc(before) : Number.MIN_SAFE_INTEGER} AND receipt <= ${Math.trunc(receipt)})`;
