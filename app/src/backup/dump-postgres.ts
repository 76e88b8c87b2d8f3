import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Database, openDatabase } from '../platform/database.ts';
import type { FixStore } from '../platform/fixes/fix-store.ts';
import { type Marks, marksIn, marksQuery } from '../platform/installation.ts';
import { migrate } from '../platform/migrate.ts';
import { BackupError } from './manifest.ts';

const runProgram = promisify(execFile);
/** Fixes wait while the records are asked for their moment: no longer than this, ms. */
const questionMs = 10_000;

/** Runs one of PostgreSQL's own programs; its password is not among the words that everybody on the machine can list. */
async function runTool(tool: 'pg_dump' | 'pg_restore', url: string, words: string[]): Promise<void> {
  const address = new URL(url);
  const password = decodeURIComponent(address.password);
  address.password = '';
  try {
    await runProgram(tool, ['--dbname', address.href, ...words], {
      env: { ...process.env, ...(password ? { PGPASSWORD: password } : {}) },
      maxBuffer: 1 << 24,
    });
  } catch (error) {
    const { code, stderr = '' } = error as { code?: string | number; stderr?: string };
    if (code === 'ENOENT')
      throw new BackupError(
        `${tool} is not on this machine. Install PostgreSQL's client programs, of the server's version or a later one.`,
      );
    throw new BackupError(`${tool} did not do it: ${stderr.trim().split('\n').slice(-3).join(' ') || `it ended with ${code}`}`);
  }
}

/**
 * Dumps the records as they are at one moment, while everybody goes on.
 * @param url of the records, by a login that row-level security does not bind
 * @param fixes whose store goes with these records; nothing is stored in it for the moment
 * @returns how far both had come at that moment
 * @throws BackupError
 */
export async function dumpRecords(
  url: string,
  installation: string,
  file: string,
  fixes: FixStore,
): Promise<Marks & { moment: Date; receipt: number }> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, query_timeout: questionMs });
  try {
    await client.connect();
  } catch (error) {
    throw new BackupError(`The login for backups cannot reach the records: ${(error as Error).message}`);
  }
  try {
    const { rows: own } = await client.query<{ bypass: boolean }>(
      'SELECT rolsuper OR rolbypassrls AS bypass FROM pg_roles WHERE rolname = current_user',
    );
    if (!own[0]?.bypass)
      throw new BackupError(
        'The login for backups is bound by row-level security, and would see nothing. Make one as docs/operators.md says, and give it in WAYMARK_BACKUP_DATABASE_URL.',
      );
    const { rows: found } = await client.query<{ id: string }>('SELECT id::text AS id FROM platform.installation');
    if (found[0]?.id !== installation)
      throw new BackupError('WAYMARK_BACKUP_DATABASE_URL names another database than the one with the records of this data folder.');
    // No fix is stored between the two looks: what the records say rests on fixes up to that receipt, and all of those on these records.
    const then = await fixes.whileStill(async () => {
      const moment = new Date();
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const { rows: snapshots } = await client.query<{ name: string }>('SELECT pg_export_snapshot() AS name');
      const { rows } = await client.query(marksQuery);
      return { moment, ...marksIn(rows), receipt: fixes.lastReceipt, snapshot: snapshots[0]?.name ?? '' };
    });
    // What the records say may rest on what other servers had read before this one.
    const isShared = fixes.isShared;
    if (isShared)
      await fixes.caughtUp().catch((error: Error) => {
        throw new BackupError(
          `This server does not come to read the log that servers share: ${error.message} Take the backup on another server.`,
        );
      });
    const receipt = isShared ? fixes.lastReceipt : then.receipt;
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // A backup has all fixes itself: a catalogue of files that are elsewhere would be of no use to what is restored.
    await runTool('pg_dump', url, [
      '--format=custom',
      '--no-owner',
      '--exclude-schema=waymark_lake',
      `--snapshot=${then.snapshot}`,
      `--file=${file}`,
    ]);
    return { ...then, receipt };
  } finally {
    await client.end();
  }
}

/** Schemas of Waymark, and of its queue. */
const schemas = ['supervision', 'support', 'person', 'oversight', 'platform', 'jobs'];

/**
 * Brings dumped records back into an empty database, by the login that Waymark has there.
 * @throws BackupError where it is not empty
 */
export async function restoreRecords(url: string, file: string): Promise<void> {
  const database = await openDatabase({ url });
  try {
    const { rows } = await database.executeSql(
      "SELECT count(*)::int AS n FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    );
    if ((rows[0] as { n: number }).n > 0)
      throw new BackupError('The database to restore into is not empty. Name a new one: createdb --owner=waymark NAME.');
    await makeRoles(database.db);
    for (const schema of schemas) await database.executeSql(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    const { rows: tables } = await database.executeSql("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'");
    for (const { name } of tables as { name: string }[]) await database.executeSql(`DROP TABLE public."${name}" CASCADE`);
  } finally {
    await database.close();
  }
  await runTool('pg_restore', url, ['--no-owner', '--exit-on-error', '--single-transaction', file]);
}

/** Roles belong to no database, and so to no dump of one: the migrations make them. */
async function makeRoles(db: Database): Promise<void> {
  await migrate(db);
}
