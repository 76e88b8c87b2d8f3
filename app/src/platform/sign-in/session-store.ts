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

/** An account that is signed in, over all its sessions. */
export interface SignedInAccount {
  id: string;
  name: string;
  role: string;
  sessions: number;
  /** When the oldest of its sessions began; null where one is older than that was written down. */
  since: Date | null;
  lastSeen: Date;
}

type Callback = (error?: unknown) => void;
type Found = (error: unknown, result?: Session | null) => void;

/**
 * Sessions in the records database. They hold who signed in, and nothing about anybody else. Emits `ended` with the number of a
 * session that is over: ended before its time, or forgotten after it.
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

  /** Staff who are signed in, who was here last first; of the people in the data only how many. */
  async signedIn({ search = '', limit, offset }: { search?: string; limit: number; offset: number }): Promise<{
    rows: SignedInAccount[];
    total: number;
    people: number;
  }> {
    const alive = sql`platform.sessions WHERE expires_at > now() AND data->'user' IS NOT NULL`;
    const isStaff = sql`data->'user'->>'role' <> 'person'`;
    const isFound = sql`position(lower(${search}) IN lower(concat_ws(' ', data->'user'->>'name', data->'user'->>'id', data->'user'->>'role'))) > 0`;
    const { rows } = await sql<SignedInAccount>`
      SELECT data->'user'->>'id' AS id, max(data->'user'->>'name') AS name, max(data->'user'->>'role') AS role, count(*)::int AS sessions,
          to_timestamp(min((data->>'began')::float8) / 1000) AS since,
          max(expires_at) - make_interval(secs => ${this.#lifetimes.idleMs / 1000}) AS "lastSeen"
        FROM ${alive} AND ${isStaff} AND ${isFound} GROUP BY 1
        ORDER BY "lastSeen" DESC, id LIMIT ${limit} OFFSET ${offset}`.execute(this.#db);
    const counts = await sql<{ total: number; people: number }>`
      SELECT (SELECT count(DISTINCT data->'user'->>'id')::int FROM ${alive} AND ${isStaff} AND ${isFound}) AS total,
        (SELECT count(DISTINCT data->'user'->>'id')::int FROM ${alive} AND NOT (${isStaff})) AS people`.execute(this.#db);
    return { rows, ...(counts.rows[0] as { total: number; people: number }) };
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

  /** Forgets the sessions that ran out, and with `ended` what others keep of them. */
  async removeExpired(): Promise<void> {
    const ended = await this.#db.deleteFrom('platform.sessions').where('expires_at', '<', new Date()).returning('id').execute();
    for (const { id } of ended) this.emit('ended', id);
  }
}
