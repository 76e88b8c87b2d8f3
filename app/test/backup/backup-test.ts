import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { BackupTaken } from '../../src/backup/index.ts';
import { count, type KillResult, prepare, putLoadOn, startServer } from '../kill/kill-test.ts';
import { startLogServers } from '../log-servers.ts';
import { startPostgres } from '../postgres.ts';
import { temporaryFolder } from '../serve-for-test.ts';

const runProgram = promisify(execFile);
const cli = join(import.meta.dirname, '../../src/cli.ts');

/** Fixes that are acknowledged before each backup, at least. */
const leastLoad = 1500;

export interface BackupResult {
  form: 'embedded' | 'PostgreSQL' | 'several servers';
  acknowledged: number;
  backups: (BackupTaken & {
    /** Fixes that were acknowledged before it was asked for, and what is missing of them in the copy that was made of it. */
    acknowledgedBefore: number;
    found: Omit<KillResult, 'kills' | 'acknowledged'>;
    /** What `waymark restore --check` says. */
    check: { faults: string[]; fixes: number; auditEntries: number };
    /** The slowest acknowledgement while it was taken, ms. */
    slowestMs: number;
  })[];
  /** The slowest acknowledgement in as long a time without one, ms. */
  slowestWithoutMs: number;
  /** After the server was killed while a backup was being written: what looked like one. */
  halves: number;
}

/**
 * Takes backups of a server under load, kills it in the middle of one, makes an installation of each elsewhere, and counts: what was
 * acknowledged before a backup was asked for must be in it, once. Of several servers the load goes to one, and another takes the backups.
 * @returns null where PostgreSQL or NATS is asked for and not installed
 */
export async function backUpUnderLoad(
  form: BackupResult['form'],
  { backups, loadMs, say = () => undefined }: { backups: number; loadMs: number; say?: (text: string) => void },
): Promise<BackupResult | null> {
  const isSeveral = form === 'several servers';
  const postgres = form === 'embedded' ? null : await startPostgres({}, { empty: true });
  if (form !== 'embedded' && !postgres) return null;
  const log = isSeveral ? await startLogServers(3) : null;
  if (isSeveral && !log) {
    await postgres?.stop();
    return null;
  }
  const folder = temporaryFolder();
  const data = join(folder.path, 'data');
  const into = join(folder.path, 'backups');
  const env: Record<string, string> = {
    ...(postgres ? { DATABASE_URL: postgres.url } : {}),
    ...(log
      ? {
          NATS_URL: log.url,
          WAYMARK_SHARED: join(folder.path, 'shared'),
          WAYMARK_SESSION_SECRET: 'a secret of the tests that is long enough',
        }
      : {}),
  };
  let ofBackup = {};
  let program = process.env.PATH ?? '';
  if (postgres) {
    await postgres.asOwner("CREATE ROLE waymark_backup LOGIN BYPASSRLS PASSWORD 'not:a/secret'; GRANT pg_read_all_data TO waymark_backup");
    const url = new URL(postgres.url);
    url.username = 'waymark_backup';
    url.password = 'not:a/secret';
    ofBackup = { WAYMARK_BACKUP_DATABASE_URL: url.href };
    program = `${join(postgres.program('pg_dump'), '..')}:${program}`;
  }
  const usual = { ...process.env, PATH: program, NODE_ENV: 'test', WAYMARK_LOG: 'silent', WAYMARK_DEMO: 'no', ...env, ...ofBackup };
  const waymark = async (words: string[], more: Record<string, string> = {}) =>
    JSON.parse((await runProgram(process.execPath, [cli, ...words, '--json'], { env: { ...usual, ...more }, maxBuffer: 1 << 26 })).stdout);
  const acknowledged = new Set<string>();
  const counter = { next: 0 };
  try {
    const secret = await prepare(data, env);
    const start = (name: string) => startServer(join(folder.path, name), undefined, { PATH: program, WAYMARK_SERVER: name, ...env });
    let server = await start('data');
    const other = isSeveral ? await start('other') : null;
    const load = putLoadOn(() => (other ?? server).url, secret, counter, acknowledged);
    // So long, and until something has come of it, however slow the machine is just now.
    const loadFor = async () => {
      const before = acknowledged.size;
      await sleep(loadMs);
      while (acknowledged.size < before + leastLoad) await sleep(50);
    };
    await loadFor();
    const slowestWithoutMs = Math.max(...load.takeTimes());
    const taken: (BackupTaken & { before: Set<string>; slowestMs: number })[] = [];
    for (let i = 0; i < backups; i++) {
      if (i === 1) {
        // Killed while it is being written: there is no half of one.
        const broken = waymark(['backup', into, '--data', data]).catch(() => null);
        await sleep(400 + 300 * i);
        const gone = new Promise((resolve) => server.child.once('exit', resolve));
        server.child.kill('SIGKILL');
        await gone;
        await broken;
        server = await start('data');
      }
      const before = new Set(acknowledged);
      load.takeTimes();
      const backup = (await waymark(['backup', into, '--data', data])) as BackupTaken;
      taken.push({ ...backup, before, slowestMs: Math.max(0, ...load.takeTimes()) });
      say(`${form}: backup ${i + 1} of ${backups}, ${before.size.toLocaleString('en-GB')} acknowledged before it`);
      await loadFor();
    }
    await load.stop();
    for (const { child } of other ? [server, other] : [server]) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    const halves = readdirSync(into).filter((name) => !existsSync(join(into, name, 'manifest.json')) && !name.startsWith('.')).length;
    const results: BackupResult['backups'] = [];
    for (const [i, { before, ...backup }] of taken.entries()) {
      const empty = async (name: string): Promise<Record<string, string>> => {
        if (!postgres) return {};
        await postgres.asOwner(`CREATE DATABASE ${name} OWNER waymark`);
        return { DATABASE_URL: postgres.url.replace(/\/waymark$/, `/${name}`) };
      };
      // As it is typed on a server: what says that there are several does not hinder the check.
      const check = await waymark(['restore', backup.path, '--check', '--beside', folder.path], { ...env, ...(await empty(`check_${i}`)) });
      const copy = join(folder.path, `copy-${i}`);
      const where = await empty(`copy_${i}`);
      await waymark(['restore', backup.path, '--data', copy], where);
      results.push({ ...backup, check, acknowledgedBefore: before.size, found: await count(copy, before, where) });
      say(`${form}: backup ${i + 1} restored and counted`);
    }
    return { form, acknowledged: acknowledged.size, backups: results, slowestWithoutMs, halves };
  } finally {
    await log?.stop();
    await postgres?.stop();
    folder.remove();
  }
}
