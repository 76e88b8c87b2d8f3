import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePorts } from '../log-servers.ts';
import { folderForPostgres, serverPrograms } from '../postgres.ts';

/** A PostgreSQL with a standby that has every transaction before it is acknowledged, behind one address, as an operator has it. */
export interface PostgresPair {
  url: string;
  /** Kills the primary without a warning, promotes the standby, and points the address at it. Gives how long that took, ms. */
  failOver(): Promise<number>;
  /** Gives the primary a standby again. */
  mend(): Promise<void>;
  stop(): Promise<void>;
}

interface Member {
  data: string;
  port: number;
  child: ChildProcess;
}

/** @param here the address that is reached by everybody */
export async function startPostgresPair(here: string): Promise<PostgresPair | null> {
  const programs = serverPrograms();
  if (!programs) {
    if (process.env.WAYMARK_NEEDS_POSTGRES === 'yes') throw new Error('PostgreSQL is not installed here, and this run must have it.');
    return null;
  }
  const { folder, user } = folderForPostgres();
  const options = { ...user, stdio: 'ignore' as const, cwd: folder };
  const program = (name: string, ...args: string[]) => void execFileSync(join(programs, name), args, options);
  const adminOf = (port: number) => `postgres://postgres@127.0.0.1:${port}/postgres`;
  const ask = async (port: number, ...statements: string[]) => {
    const client = new pg.Client({ connectionString: adminOf(port) });
    await client.connect();
    try {
      let rows: Record<string, unknown>[] = [];
      for (const statement of statements) rows = (await client.query(statement)).rows as typeof rows;
      return rows;
    } finally {
      await client.end();
    }
  };
  const start = async (data: string): Promise<Member> => {
    const [port = 0] = await freePorts(1);
    const given = ['fsync=off', 'wal_level=replica', 'max_wal_senders=8', 'hot_standby=on', 'max_connections=120', 'wal_keep_size=256MB'];
    const child = spawn(
      join(programs, 'postgres'),
      ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', ...given.flatMap((one) => ['-c', one])],
      options,
    );
    for (;;) {
      try {
        await ask(port, 'SELECT 1');
        return { data, port, child };
      } catch (error) {
        if (child.exitCode !== null) throw error;
        await sleep(50);
      }
    }
  };
  let made = 0;
  const first = join(folder, `data-${made++}`);
  program('initdb', '-D', first, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8');
  let primary = await start(first);
  let standby: Member | null = null;
  await ask(primary.port, 'CREATE ROLE waymark LOGIN CREATEROLE CREATEDB');
  await ask(primary.port, 'CREATE DATABASE waymark OWNER waymark');
  const mend = async () => {
    if (standby) return;
    const data = join(folder, `data-${made++}`);
    program(
      'pg_basebackup',
      '-h',
      '127.0.0.1',
      '-p',
      String(primary.port),
      '-U',
      'postgres',
      '-D',
      data,
      '-R',
      '-X',
      'stream',
      '-c',
      'fast',
    );
    // What the primary was told to wait for is not the standby's business until it is one itself.
    appendFileSync(join(data, 'postgresql.auto.conf'), "\nsynchronous_standby_names = ''\n");
    standby = await start(data);
    await ask(primary.port, "ALTER SYSTEM SET synchronous_standby_names = '*'", 'SELECT pg_reload_conf()');
    for (;;) {
      const rows = await ask(primary.port, "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'");
      if (rows.some(({ sync_state }) => sync_state === 'sync')) return;
      await sleep(50);
    }
  };
  await mend();
  const proxy = await pointAt(here, () => primary.port);
  return {
    url: `postgres://waymark@${here}:${proxy.port}/waymark`,
    failOver: async () => {
      if (!standby) throw new Error('There is no standby to promote.');
      const since = performance.now();
      await killed(primary.child);
      proxy.drop();
      const next = standby;
      standby = null;
      program('pg_ctl', 'promote', '-w', '-D', next.data);
      primary = next;
      return performance.now() - since;
    },
    mend,
    stop: async () => {
      await proxy.close();
      for (const member of [primary, standby]) if (member) await killed(member.child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await gone;
}

/** One address that leads to whatever port is right at the moment. */
async function pointAt(here: string, portNow: () => number): Promise<{ port: number; drop(): void; close(): Promise<void> }> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    const onward = dial(portNow(), '127.0.0.1');
    for (const one of [socket, onward]) {
      open.add(one);
      one.setNoDelay(true);
      one.on('error', () => undefined);
      one.on('close', () => {
        open.delete(one);
        socket.destroy();
        onward.destroy();
      });
    }
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, here, resolve));
  const drop = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    drop,
    close: async () => {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
