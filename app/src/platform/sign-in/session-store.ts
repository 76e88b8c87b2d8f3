import { EventEmitter } from 'node:events';
import type { SessionStore } from '@fastify/session';
import type { Session } from 'fastify';
import type { Database } from '../database.ts';

type Callback = (error?: unknown) => void;
type Found = (error: unknown, result?: Session | null) => void;

/** Sessions in the records database. They hold who signed in, and nothing about anybody else. */
export class DatabaseSessionStore extends EventEmitter implements SessionStore {
  readonly #db: Database;
  readonly #lifetimeMs: number;

  constructor(db: Database, lifetimeMs: number) {
    super();
    this.#db = db;
    this.#lifetimeMs = lifetimeMs;
  }

  set(id: string, session: object, callback: Callback): void {
    const data = JSON.stringify(session);
    const expires_at = new Date(Date.now() + this.#lifetimeMs);
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
      .then(() => callback(), callback);
  }

  async removeExpired(): Promise<void> {
    await this.#db.deleteFrom('platform.sessions').where('expires_at', '<', new Date()).execute();
  }
}
