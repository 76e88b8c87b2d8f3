import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

export interface TestPostgres {
  /** Its folder, for who copies it once it has stopped. */
  data: string;
  /** Of the process that all its others are below. */
  pid: number;
  /** A login that may create roles and databases and is bound by row-level security. */
  url: string;
  /** The superuser, which Waymark refuses. */
  adminUrl: string;
  /** Runs a statement in Waymark's own database with rights that no rule binds, as an intruder at the server might. */
  asOwner(statement: string): Promise<void>;
  /** The path of one of PostgreSQL's own programs, such as `pg_dump`. */
  program(name: string): string;
  stop(how?: { keep?: boolean }): Promise<void>;
}

/** Where Debian, or the path, keeps the server's programs. */
export function serverPrograms(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const found = [...versions.map((version) => join(debian, version, 'bin')), ...(process.env.PATH ?? '').split(':')].find(
    (folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  );
  return found ?? null;
}

/** A temporary folder, and the user that PostgreSQL runs as in it: it refuses to run as root, so root lends it one. */
export function folderForPostgres(): { folder: string; user: { uid?: number; gid?: number } } {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-postgres-'));
  const user: { uid?: number; gid?: number } = {};
  if (userInfo().uid === 0) {
    user.uid = Number(execFileSync('id', ['-u', 'postgres'], { encoding: 'utf8' }));
    user.gid = Number(execFileSync('id', ['-g', 'postgres'], { encoding: 'utf8' }));
    chownSync(folder, user.uid, user.gid);
  }
  return { folder, user };
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

/**
 * A real PostgreSQL of its own in a temporary folder; null where none is installed.
 * Where `migrated-template.ts` has made one with all migrations done, it is a copy of that.
 * @param empty a server with nothing in it
 */
export async function startPostgres(settings: Record<string, string> = {}, { empty = false } = {}): Promise<TestPostgres | null> {
  const programs = serverPrograms();
  if (!programs) {
    if (process.env.WAYMARK_NEEDS_POSTGRES === 'yes') throw new Error('PostgreSQL is not installed here, and this run must have it.');
    return null;
  }
  const { folder, user } = folderForPostgres();
  const data = join(folder, 'data');
  const template = empty ? undefined : process.env.WAYMARK_TEST_POSTGRES;
  if (template) execFileSync('cp', ['-a', template, data]);
  else
    execFileSync(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8'], {
      ...user,
      stdio: 'ignore',
      cwd: folder,
    });
  const port = await freePort();
  const given = Object.entries({ fsync: 'off', ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  writeFileSync(join(folder, 'log'), '');
  const server = spawn(join(programs, 'postgres'), ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', ...given], {
    ...user,
    stdio: 'ignore',
    cwd: folder,
  });
  const adminUrl = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const { default: pg } = await import('pg');
  for (;;) {
    const client = new pg.Client({ connectionString: adminUrl });
    try {
      await client.connect();
      if (!template) {
        await client.query('CREATE ROLE waymark LOGIN CREATEROLE CREATEDB');
        await client.query('CREATE DATABASE waymark OWNER waymark');
      }
      await client.end();
      break;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (server.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    data,
    pid: server.pid ?? 0,
    url: `postgres://waymark@127.0.0.1:${port}/waymark`,
    adminUrl,
    asOwner: async (statement) => {
      const client = new pg.Client({ connectionString: adminUrl.replace(/\/postgres$/, '/waymark') });
      await client.connect();
      await client.query(statement).finally(() => client.end());
    },
    program: (name) => (existsSync(join(programs, name)) ? join(programs, name) : name),
    stop: ({ keep = false } = {}) =>
      new Promise((resolve) => {
        server.once('exit', () => {
          if (!keep) rmSync(folder, { recursive: true, force: true });
          resolve();
        });
        server.kill('SIGINT');
      }),
  };
}
