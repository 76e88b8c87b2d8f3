import { setFlagsFromString } from 'node:v8';
import { PGlite } from '@electric-sql/pglite';
import { type DatabaseConnection, type Dialect, Kysely, PGliteDialect, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import type { Json, Narrowed } from './columns.ts';
import type { GeneratedTables } from './generated-tables.ts';
import { storableParameter } from './storable.ts';
import { ToldError } from './told-error.ts';

/** Tables of the platform itself. Features add theirs by declaration merging. */
export interface Tables
  extends Narrowed<
    GeneratedTables,
    { 'oversight.audit_entries': { detail: Json<Record<string, unknown>> }; 'oversight.audit_head': { only: boolean } }
  > {}

export type Database = Kysely<Tables>;
export type Tx = Transaction<Tables>;

export type Room = 'supervision' | 'support' | 'person' | 'oversight';

export interface Hearing {
  onMessage(text: string): void;
  /** The connection is there again after a break: messages may have been missed. */
  onBreak(): void;
  onError(error: Error): void;
}

export interface OpenDatabase {
  db: Database;
  /**
   * The same records by connections of its own, for what may never wait behind others: who is there and who does what. Everything else may
   * be waiting for the audit, which somebody who stands still holds. Embedded it is the same.
   */
  apart: Database;
  kind: 'pglite' | 'postgres';
  /** Runs a statement outside any purpose; for migrations and the job queue, which hold no personal data. */
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  /** Hears what other servers notify, through breaks; embedded, there are none. Gives what ends it. */
  listen(channel: string, hear: Hearing): Promise<() => Promise<void>>;
  /**
   * Embedded: runs work while nothing is written to the folder of the records, which holds then what a crash would leave. Everybody waits.
   * @param work may ask, and must not write
   */
  whileStill: (<T>(work: (ask: (text: string) => Promise<{ rows: unknown[] }>) => Promise<T>) => Promise<T>) | null;
  close(): Promise<void>;
}

/** A connection that listens is made again so soon after a break, ms. */
const listenAgainMs = 500;
/** One that listens is asked so often whether it is there, and must answer within this time, ms. */
const askedEveryMs = 5000;
const answersWithinMs = 5000;

/** The login must not be able to see past row-level security. */
export class UnsafeLoginError extends ToldError {
  override name = 'UnsafeLoginError';
}

/** Opens PostgreSQL when a URL is given, else PGlite in a folder (or in memory, with `memory://`). */
export async function openDatabase(where: { url: string } | { folder: string }): Promise<OpenDatabase> {
  return 'url' in where ? openPostgres(where.url) : openPglite(where.folder);
}

/** Whatever text a statement carries can be stored, wherever it came from: see `storable`. */
function withStorableText(dialect: Dialect): Dialect {
  const wrapped = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const wrap = (connection: DatabaseConnection): DatabaseConnection => {
    const known = wrapped.get(connection);
    if (known) return known;
    const own = new Proxy(connection, {
      get(target, name) {
        if (name === 'executeQuery')
          return ((query, ...rest) =>
            target.executeQuery(
              { ...query, parameters: query.parameters.map(storableParameter) },
              ...rest,
            )) as DatabaseConnection['executeQuery'];
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    wrapped.set(connection, own);
    return own;
  };
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => {
      const driver = dialect.createDriver();
      return new Proxy(driver, {
        get(target, name) {
          if (name === 'acquireConnection')
            return async (...rest: Parameters<typeof driver.acquireConnection>) => wrap(await target.acquireConnection(...rest));
          const value = Reflect.get(target, name, target) as unknown;
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
  };
}

async function openPglite(folder: string): Promise<OpenDatabase> {
  // Freeing compiled code that was replaced by faster code ends Node 24 with “Check failed: jit_page_->allocations_.erase”
  // now and then, where WebAssembly as large as this is opened again and again: nodejs/node issue 64500.
  setFlagsFromString('--no-wasm-code-gc');
  const lite = await PGlite.create(folder);
  const db = new Kysely<Tables>({ dialect: withStorableText(new PGliteDialect({ pglite: lite })) });
  return {
    db,
    apart: db,
    kind: 'pglite',
    executeSql: async (text, values = []) => {
      if (values.length > 0) return lite.query(text, values);
      const results = await lite.exec(text);
      return { rows: results.flatMap((result) => result.rows) };
    },
    listen: async () => async () => undefined,
    whileStill: async (work) => {
      // What is not in the files yet is written now, so that little is left to be done while everybody waits.
      await lite.exec('CHECKPOINT');
      return lite.transaction((tx) => work((text) => tx.query(text)));
    },
    close: async () => {
      await db.destroy().catch(() => undefined);
      if (!lite.closed) await lite.close();
    },
  };
}

async function openPostgres(url: string): Promise<OpenDatabase> {
  // BIGINT as number: sequence numbers and milliseconds stay far below 2^53.
  pg.types.setTypeParser(20, Number);
  const connections = new Set<pg.ClientBase>();
  const pool = poolTo(url, 10, connections);
  const kyselyOn = (own: pg.Pool) => new Kysely<Tables>({ dialect: withStorableText(new PostgresDialect({ pool: own })) });
  const db = kyselyOn(pool);
  const apart = kyselyOn(poolTo(url, 2, connections));
  shared.add(db);
  try {
    const login = await pool.query<{ rolname: string; rolsuper: boolean; rolbypassrls: boolean }>(
      'SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user',
    );
    const role = login.rows[0];
    if (role?.rolsuper || role?.rolbypassrls) {
      throw new UnsafeLoginError(
        `The database login "${role.rolname}" is ${role.rolsuper ? 'a superuser' : 'allowed to bypass row-level security'}, so the purpose rules would not bind it. ` +
          'Use a login made with: CREATE ROLE waymark LOGIN CREATEROLE PASSWORD …; see docs/operators.md.',
      );
    }
  } catch (error) {
    await Promise.all([db.destroy(), apart.destroy()]);
    throw error;
  }
  return {
    db,
    apart,
    kind: 'postgres',
    executeSql: async (text, values = []) => {
      const result = await pool.query(text, values);
      return Array.isArray(result) ? { rows: result.flatMap((part) => part.rows ?? []) } : { rows: result.rows ?? [] };
    },
    listen: (channel, hear) => listenOn(url, channel, hear, () => connections.forEach(breakOff)),
    whileStill: null,
    close: async () => {
      await Promise.all([db.destroy(), apart.destroy()]);
    },
  };
}

/** @param connections those that are there, to be ended where nobody answers */
function poolTo(url: string, max: number, connections: Set<pg.ClientBase>): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 2000,
    // Awaited before anybody is given the connection; typed as if it were not. One that hangs here already is ended with the others.
    onConnect: (client) => {
      connections.add(client);
      // A connection that breaks between two statements of a transaction says so itself, and the next statement fails: nobody must end for it.
      client.on('error', () => undefined);
      return letGoSoon(client) as unknown as undefined;
    },
  });
  pool.on('error', () => undefined);
  pool.on('remove', (client) => connections.delete(client));
  return pool;
}

async function letGoSoon(client: pg.ClientBase): Promise<void> {
  const known = 'SELECT set_config(name, value, false) FROM json_each_text($1) AS given (name, value) JOIN pg_settings USING (name)';
  await client.query(known, [JSON.stringify(lettingGo)]).catch(() => undefined);
}

/** Ends a connection whose other side does not answer: whoever waits on it hears so now, and not after minutes. */
function breakOff(client: pg.ClientBase): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

/**
 * A connection of its own that listens; one that breaks is made again.
 * @param onSilence the database does not answer: other connections wait for an answer that will not come
 */
async function listenOn(url: string, channel: string, hear: Hearing, onSilence: () => void): Promise<() => Promise<void>> {
  let isEnded = false;
  let client: pg.Client | null = null;
  let again: NodeJS.Timeout | undefined;
  const connect = async () => {
    const own = new pg.Client({ connectionString: url, keepAlive: true, connectionTimeoutMillis: 10_000, query_timeout: answersWithinMs });
    own.on('notification', ({ payload = '' }) => hear.onMessage(payload));
    own.on('error', (error) => {
      hear.onError(error);
      void own.end().catch(() => undefined);
    });
    own.on('end', () => {
      if (!isEnded && client === own) retry();
    });
    try {
      await own.connect();
      await own.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      await own.end().catch(() => undefined);
      throw error;
    }
    client = own;
    if (isEnded) return void (await own.end());
    // Who only listens does not notice that the other side is gone without a word.
    const asking = setInterval(() => {
      own.query('SELECT 1').catch((error: Error) => {
        clearInterval(asking);
        breakOff(own);
        if (/timeout/i.test(error.message)) onSilence();
      });
    }, askedEveryMs).unref();
    own.once('end', () => clearInterval(asking));
  };
  const retry = () => {
    again = setTimeout(() => {
      connect().then(hear.onBreak, (error: Error) => {
        hear.onError(error);
        if (!isEnded) retry();
      });
    }, listenAgainMs);
  };
  await connect();
  return async () => {
    isEnded = true;
    clearTimeout(again);
    await client?.end().catch(() => undefined);
  };
}

/**
 * Within a transaction of somebody who may not see every case: does what rests on all of them, such as whether a tag is on somebody.
 * What it finds of those that are hidden is told to nobody.
 */
export async function seeingAll<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  const { rows } = await sql<{ before: string }>`
    SELECT current_setting('role') AS before, set_config('role', 'waymark_supervision', true)`.execute(tx);
  try {
    return await work();
  } finally {
    // A transaction that has failed is at its end, and takes nothing any more.
    await sql`SELECT set_config('role', ${rows[0]?.before ?? ''}, true)`.execute(tx).catch(() => undefined);
  }
}

/** Databases that other servers may share. */
const shared = new WeakSet<Database>();
/** A server that has stood still for so long within what all wait for is given up, ms. */
const stillMs = '2500';
/**
 * Nobody waits longer for a lock that others hold, ms: of a server that stands still, transactions that wait in line for the audit would be
 * given it one after the other, and each of them would hold it for as long as it is given up after.
 */
const waitsMs = '4000';
/**
 * What each connection asks of PostgreSQL: a server that is cut off lets go of what it holds and waits for, within seconds. Not every
 * version and every relay in between takes all of it.
 */
const lettingGo = {
  tcp_keepalives_idle: '2',
  tcp_keepalives_interval: '1',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '5000',
  client_connection_check_interval: '1000',
};

/**
 * In SQL, within a transaction of `withPurpose`, together with a lock that everybody waits for: whoever stands still with it, frozen or cut
 * off, loses it after some seconds. Embedded there is nobody else.
 */
export const givenUpWhenStill = sql<string>`set_config('idle_in_transaction_session_timeout', coalesce(nullif(current_setting('waymark.still_ms', true), ''), '0'), true)`;

/**
 * A transaction bound to one room's role and one purpose. Without this, forced row-level security shows no rows.
 * @param self for the purpose `self`: the key of the account whose own rows are shown
 * @param seenBy whose look it is, in supervision, where not every officer may see every row; empty for the server's own work
 */
export async function withPurpose<T>(
  db: Database,
  room: Room,
  purpose: string,
  work: (tx: Tx) => Promise<T>,
  { self = '', seenBy = '' }: { self?: string; seenBy?: string } = {},
): Promise<T> {
  return db.transaction().execute(async (tx) => {
    // The role is a setting like the others; all in one question, for this comes before every other. From a role of their own the
    // database hides what an officer may not see.
    const role = `waymark_${room}${seenBy ? '_seen' : ''}`;
    await sql`SELECT set_config('waymark.purpose', ${purpose}, true), set_config('waymark.self', ${self}, true), set_config('waymark.still_ms', ${shared.has(db) ? stillMs : '0'}, true), set_config('lock_timeout', ${shared.has(db) ? waitsMs : '0'}, true), set_config('waymark.seen_by', ${seenBy}, true), set_config('role', ${role}, true)`.execute(
      tx,
    );
    return work(tx);
  });
}
