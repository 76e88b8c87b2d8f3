import { EventEmitter } from 'node:events';
import type { SessionStore } from '@fastify/session';
import type { Session } from 'fastify';
import { sql } from 'kysely';
import type { Database } from '../database.ts';

/** How long a session lasts, ms: without a request, and at most. */
export interface Lifetimes {
  idleMs: number;
  absoluteMs: number;
}

type Callback = (error?: unknown) => void;
type Found = (error: unknown, result?: Session | null) => void;

/**
 * Sessions in the records database. They hold who signed in, and nothing about anybody else. Emits `ended` with the number of a
 * session that was ended before its time.
 */
export class DatabaseSessionStore extends EventEmitter implements SessionStore {
  readonly #db: Database;
  readonly #lifetimes: Lifetimes;

  constructor(db: Database, lifetimes: Lifetimes) {
    super();
    this.#db = db;
    this.#lifetimes = lifetimes;
  }

  set(id: string, session: object, callback: Callback): void {
    const data = JSON.stringify(session);
    const now = Date.now();
    const { began = now } = session as { began?: number };
    const expires_at = new Date(Math.min(now + this.#lifetimes.idleMs, began + this.#lifetimes.absoluteMs));
    this.#db
      .insertInto('platform.sessions')
      .values({ id, data, expires_at })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ data, expires_at }))
      .execute()
      .then(() => callback(), callback);
  }

  get(id: string, callback: Found): void {
    this.#db
      .selectFrom('platform.sessions')
      .select(['data', 'expires_at'])
      .where('id', '=', id)
      .executeTakeFirst()
      .then(
        (row) => callback(null, row && row.expires_at > new Date() ? (row.data as Session) : null),
        (error: unknown) => callback(error),
      );
  }

  destroy(id: string, callback: Callback): void {
    this.#db
      .deleteFrom('platform.sessions')
      .where('id', '=', id)
      .execute()
      .then(() => {
        this.emit('ended', id);
        callback();
      }, callback);
  }

  /** Ends every session of somebody, wherever they signed in. */
  async endAllOf(user: string): Promise<number> {
    const ended = await this.#db
      .deleteFrom('platform.sessions')
      .where(sql<string>`data->'user'->>'id'`, '=', user)
      .returning('id')
      .execute();
    for (const { id } of ended) this.emit('ended', id);
    return ended.length;
  }

  /** Ends the sessions that somebody has in any other role than this. */
  async endOtherRolesOf(user: string, role: string): Promise<void> {
    const ended = await this.#db
      .deleteFrom('platform.sessions')
      .where(sql<string>`data->'user'->>'id'`, '=', user)
      .where(sql<string>`data->'user'->>'role'`, '<>', role)
      .returning('id')
      .execute();
    for (const { id } of ended) this.emit('ended', id);
  }

  /** Ends one session. */
  async end(id: string): Promise<void> {
    await this.#db.deleteFrom('platform.sessions').where('id', '=', id).execute();
    this.emit('ended', id);
  }

  async removeExpired(): Promise<void> {
    await this.#db.deleteFrom('platform.sessions').where('expires_at', '<', new Date()).execute();
  }
}
