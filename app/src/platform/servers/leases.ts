import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { type Database, givenUpWhenStill, type Tx } from '../database.ts';
import { ToldError } from '../told-error.ts';

/** What only one of several servers may do at a time, and who is told when that is this one. */
export interface LeasedWork {
  /** Names of the shares; they are dealt out evenly among the servers that have the role. */
  names: readonly string[];
  role: string;
  /** This server has them from now on; each with how far whoever had it before had come. */
  gained(shares: readonly { name: string; upto: number }[]): void;
  /** Another has them, or may have. */
  lost(names: readonly string[]): void;
}

export interface Server {
  name: string;
  roles: readonly string[];
  version: string;
  /** Whether it can do its work; while not, it gives it to others. */
  isWell(): boolean;
}

/** A share as it was given. */
interface Given {
  name: string;
  upto: number;
  since: string;
}

/** To the microsecond, in no time zone. */
const inRecords = sql<string>`extract(epoch FROM since)::text`;

/** A share was taken by another server, so nothing of what was to be written is. */
export class LeaseLostError extends ToldError {
  override name = 'LeaseLostError';
}

/** What is done under a lease takes moments; what takes so long waits for an answer that will not come, ms. */
const usuallyPromptMs = 30_000;

/** A server that was not seen for so long is dead to the others, seconds. */
export const deadAfterS = 4;
/** How often this server is seen, and looks for what nobody does, ms. */
const seenEveryMs = 1000;
/** Servers that were not seen for so long are forgotten. */
const forgottenAfter = "interval '1 day'";

/**
 * This server among those on the same PostgreSQL. What only one of them may do is leased: a server that is not seen any more loses what
 * it had to the others within seconds, and a new one is given its part. Who writes under a lease asks within the same transaction
 * whether it still holds it (`fence`), so that two never write, however slow or cut off one of them is.
 */
export class Leases {
  readonly #db: Database;
  /** Of this start of this server: who comes back is another. */
  readonly id = randomUUID();
  readonly #server: Server;
  readonly #work: LeasedWork[] = [];
  /** By name, since when, as the records say it: what is lost and given again is another lease. */
  readonly #held = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;
  #beat: Promise<void> = Promise.resolve();
  #closed = false;
  readonly #promptMs: number;
  onError: (error: unknown) => void = () => undefined;

  /** @param options after how many ms work under a lease is given up, see `promptly` */
  constructor(db: Database, server: Server, { promptMs = usuallyPromptMs }: { promptMs?: number } = {}) {
    this.#db = db;
    this.#server = server;
    this.#promptMs = promptMs;
  }

  /** Asks for a part of some work from the start on. To be called before it. */
  ask(work: LeasedWork): void {
    if (this.#server.roles.includes(work.role)) this.#work.push(work);
  }

  /** Whether this server believes that it holds a share. */
  holds(name: string): boolean {
    return this.#held.has(name);
  }

  /** Since when this server believes that it holds a share, in a form to hand to `fence`; null where it does not. */
  sinceOf(name: string): string | null {
    return this.#held.get(name) ?? null;
  }

  /** How many shares this server holds, as far as it knows. */
  get held(): number {
    return this.#held.size;
  }

  /** How many servers there are with a role, as far as was seen in the last seconds. */
  async alive(role: string): Promise<number> {
    return (await this.#alive()).filter(({ roles }) => roles.split(',').includes(role)).length;
  }

  async #alive(): Promise<{ roles: string }[]> {
    const { rows } = await sql<{ roles: string }>`
      SELECT roles FROM platform.servers WHERE seen_at > now() - make_interval(secs => ${deadAfterS})`.execute(this.#db);
    return rows;
  }

  /**
   * Gives work under a lease up where it hangs, on a connection whose other side is gone: it is tried again. What was given up may be
   * put on record all the same, if it was only slow. So the next attempt waits for it at the fence, and whatever it goes by it must read
   * behind the fence.
   */
  async promptly<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new LeaseLostError('The records gave no answer in time. It is tried again.')), this.#promptMs);
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }

  /** Puts this server on the list, and takes what nobody does. */
  async start(): Promise<void> {
    for (const { names, role } of this.#work)
      await this.#db
        .insertInto('platform.leases')
        .values(names.map((name) => ({ name, role, holder: null })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    await this.#see();
    const again = () => {
      this.#timer = setTimeout(() => {
        this.#beat = this.promptly(this.#see())
          .catch((error) => this.onError(error))
          .then(() => {
            if (!this.#closed) again();
          });
      }, seenEveryMs).unref();
    };
    again();
  }

  /**
   * Within a transaction: makes sure that this server holds shares, and that nobody takes them before it has ended. A transaction of
   * this server under the same share waits as well, so of two attempts the later one sees what the earlier one did.
   * @param since for shares that it must have held all the time, what `sinceOf` said at the beginning
   * @throws LeaseLostError
   */
  async fence(tx: Tx, names: readonly string[], since: ReadonlyMap<string, string | null> = new Map()): Promise<void> {
    if (names.length === 0) return;
    const rows = await tx
      .selectFrom('platform.leases')
      .select(['name', inRecords.as('since'), givenUpWhenStill.as('given_up')])
      .where('name', 'in', [...names])
      .where('holder', '=', this.id)
      // In one order, so that two never wait for each other.
      .orderBy('name')
      .forNoKeyUpdate()
      .execute();
    const isAnother = rows.some((row) => since.has(row.name) && since.get(row.name) !== row.since);
    if (isAnother || rows.length < new Set(names).size) throw new LeaseLostError('Another server has taken over, and goes on with it.');
  }

  /** Within a transaction: notes how far it has come with shares, for whoever takes them over. */
  async note(tx: Tx, names: readonly string[], upto: number): Promise<void> {
    if (names.length === 0) return;
    await tx
      .updateTable('platform.leases')
      .set({ upto: sql<number>`greatest(upto, ${upto})` })
      .where('name', 'in', [...names])
      .where('holder', '=', this.id)
      .execute();
  }

  /** Gives back what it has. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#beat;
    if (this.#timer) await this.#giveAllBack();
  }

  async #giveAllBack(): Promise<void> {
    this.#lose([...this.#held.keys()]);
    await this.#db.updateTable('platform.leases').set({ holder: null }).where('holder', '=', this.id).execute();
    await this.#db.deleteFrom('platform.servers').where('id', '=', this.id).execute();
  }

  async #see(): Promise<void> {
    const { name, roles, version, isWell } = this.#server;
    if (!isWell()) return this.#giveAllBack();
    await this.#db
      .insertInto('platform.servers')
      .values({ id: this.id, name, roles: roles.join(','), version })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ seen_at: sql<Date>`now()` }))
      .execute();
    await sql`DELETE FROM platform.servers WHERE seen_at < now() - ${sql.raw(forgottenAfter)}`.execute(this.#db);
    const alive = await this.#alive();
    const { rows: mine } = await sql<Given>`
      SELECT name, upto, ${inRecords} AS since FROM platform.leases WHERE holder = ${this.id}`.execute(this.#db);
    const now = new Map(mine.map((row) => [row.name, row.since]));
    this.#lose([...this.#held].filter(([name, since]) => now.get(name) !== since).map(([name]) => name));
    // What was taken, and the answer to it was lost.
    for (const work of this.#work)
      this.#gain(
        work,
        mine.filter(({ name: own }) => work.names.includes(own) && !this.#held.has(own)),
      );
    for (const work of this.#work) {
      const servers = alive.filter((row) => row.roles.split(',').includes(work.role)).length;
      await this.#deal(work, Math.ceil(work.names.length / Math.max(1, servers)));
    }
  }

  /** Takes as many shares as are this server's part, of those that nobody alive has, and gives back what is more. */
  async #deal(work: LeasedWork, part: number): Promise<void> {
    const held = work.names.filter((name) => this.#held.has(name));
    if (held.length > part) {
      const more = held.slice(part);
      // First it stops, then others may begin.
      this.#lose(more);
      await this.#db.updateTable('platform.leases').set({ holder: null }).where('name', 'in', more).where('holder', '=', this.id).execute();
      return;
    }
    if (held.length === part) return;
    const { rows } = await sql<Given>`
      UPDATE platform.leases SET holder = ${this.id}, since = clock_timestamp() WHERE name IN (
        SELECT l.name FROM platform.leases l
        WHERE l.name IN (${sql.join(work.names)}) AND NOT EXISTS (
          SELECT FROM platform.servers s WHERE s.id = l.holder AND s.seen_at > now() - make_interval(secs => ${deadAfterS}))
        ORDER BY l.name LIMIT ${part - held.length} FOR UPDATE SKIP LOCKED)
      RETURNING name, upto, ${inRecords} AS since`.execute(this.#db);
    this.#gain(work, rows);
  }

  #gain(work: LeasedWork, rows: readonly Given[]): void {
    if (rows.length === 0) return;
    for (const { name, since } of rows) this.#held.set(name, since);
    work.gained(rows.map(({ name, upto }) => ({ name, upto: Number(upto) })));
  }

  #lose(names: readonly string[]): void {
    if (names.length === 0) return;
    for (const name of names) this.#held.delete(name);
    for (const work of this.#work) {
      const own = names.filter((name) => work.names.includes(name));
      if (own.length > 0) work.lost(own);
    }
  }
}
