import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../log-servers.ts';

/** Where DuckDB's extensions are; null where they are not installed. @throws Error where this run must have them */
export function extensionsForTest(): string | null {
  const folder = process.env.WAYMARK_LAKE_EXTENSIONS;
  if (folder && existsSync(join(folder, 'ducklake.duckdb_extension'))) return folder;
  if (process.env.WAYMARK_NEEDS_LAKE === 'yes') throw new Error('DuckDB’s extensions are not installed here, and this run must have them.');
  return null;
}

/** An object store that speaks S3, on this machine. */
export interface ObjectStore {
  /** As `WAYMARK_LAKE_S3_URL` has it. */
  url: string;
  /** A prefix in a bucket of its own. */
  files: string;
  /** Where it keeps what it holds. */
  folder: string;
  stop(): Promise<void>;
}

const bucket = 'waymark-test';

/** Starts one; null where no program for it is installed. @throws Error where this run must have it */
export async function startObjectStore(): Promise<ObjectStore | null> {
  const program = (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, 'versitygw'))
    .find((file) => existsSync(file));
  if (!program) {
    if (process.env.WAYMARK_NEEDS_S3 === 'yes') throw new Error('versitygw is not installed here, and this run must have it.');
    return null;
  }
  const folder = mkdtempSync(join(tmpdir(), 'waymark-s3-'));
  mkdirSync(join(folder, bucket));
  const [port = 0] = await freePorts(1);
  const [key, secret] = ['lake-key', 'a secret+of/32'];
  const server: ChildProcess = spawn(program, ['--port', `127.0.0.1:${port}`, 'posix', folder], {
    stdio: 'ignore',
    env: { ...process.env, ROOT_ACCESS_KEY: key, ROOT_SECRET_KEY: secret },
  });
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 100) throw new Error('The object store does not start.');
    await sleep(50);
  }
  return {
    url: `http://${key}:${encodeURIComponent(secret)}@127.0.0.1:${port}`,
    files: `s3://${bucket}/lake`,
    folder,
    stop: () =>
      new Promise((resolve) => {
        server.once('exit', () => {
          rmSync(folder, { recursive: true, force: true });
          resolve();
        });
        server.kill('SIGKILL');
      }),
  };
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
