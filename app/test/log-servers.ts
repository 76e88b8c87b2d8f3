import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';

/** Log servers on this machine, each a process of its own. */
export interface LogServers {
  /** As `NATS_URL` has it. */
  url: string;
  count: number;
  /** What they have on their disks. */
  folder: string;
  pid(index: number): number;
  /** Kills one without a warning. */
  kill(index: number): Promise<void>;
  /** Starts one again on what it has on its disk. */
  start(index: number): Promise<void>;
  stop(): Promise<void>;
}

/** The program, where it is installed; null where not. */
function logServerProgram(): string | null {
  const given = process.env.WAYMARK_NATS_SERVER;
  if (given) return given;
  for (const folder of (process.env.PATH ?? '').split(':')) if (existsSync(join(folder, 'nats-server'))) return join(folder, 'nats-server');
  return null;
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Where a process runs: its address, and what comes before the program's name on the command line. */
export interface Host {
  address: string;
  run: readonly string[];
}

const thisHost: Host = { address: '127.0.0.1', run: [] };

/**
 * Starts NATS servers that keep one log together; null where NATS is not installed.
 * @param hosts where each runs; all of them here where none are given
 */
export async function startLogServers(count: number, hosts: readonly Host[] = []): Promise<LogServers | null> {
  const program = logServerProgram();
  if (!program) {
    if (process.env.WAYMARK_NEEDS_NATS === 'yes') throw new Error('nats-server is not installed here, and this run must have it.');
    return null;
  }
  execFileSync(program, ['--version'], { stdio: 'ignore' });
  const folder = mkdtempSync(join(tmpdir(), 'waymark-nats-'));
  const ports = await freePorts(count * 2);
  const hostOf = (i: number) => hosts[i] ?? thisHost;
  const clientsAt = (i: number) => `${hostOf(i).address}:${ports[i]}`;
  const othersAt = (i: number) => `${hostOf(i).address}:${ports[count + i]}`;
  const routes = Array.from({ length: count }, (_, i) => `"nats://${othersAt(i)}"`).join(', ');
  const processes: (ChildProcess | null)[] = Array.from({ length: count }, () => null);
  const start = async (i: number) => {
    const store = join(folder, String(i));
    mkdirSync(store, { recursive: true });
    const cluster = count > 1 ? `cluster { name: waymark, listen: "${othersAt(i)}", routes: [${routes}] }` : '';
    const file = join(folder, `${i}.conf`);
    writeFileSync(
      file,
      `server_name: n${i}\nlisten: "${clientsAt(i)}"\njetstream { store_dir: "${store}", sync_interval: always }\n${cluster}\n`,
    );
    const [first = program, ...rest] = [...hostOf(i).run, program, '-c', file];
    processes[i] = spawn(first, rest, { stdio: 'ignore' });
  };
  for (let i = 0; i < count; i++) await start(i);
  for (let i = 0; i < count; i++)
    for (let tries = 0; ; tries++) {
      try {
        const connection = await connect({ servers: clientsAt(i), timeout: 1000 });
        await connection.close();
        break;
      } catch (error) {
        if (tries > 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  const gone = (child: ChildProcess | null | undefined, signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      if (!child || child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  return {
    url: Array.from({ length: count }, (_, i) => `nats://${clientsAt(i)}`).join(','),
    count,
    folder,
    pid: (i) => processes[i]?.pid ?? 0,
    kill: (i) => gone(processes[i], 'SIGKILL'),
    start,
    stop: async () => {
      await Promise.all(processes.map((child) => gone(child, 'SIGKILL')));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
