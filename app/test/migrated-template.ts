import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { feedsDue, verdictsDue } from '../src/define-jobs.ts';
import { type OpenDatabase, openDatabase } from '../src/platform/database.ts';
import { Jobs } from '../src/platform/jobs.ts';
import { migrate } from '../src/platform/migrate.ts';
import { schedules } from '../src/schedules.ts';
import { startPostgres } from './postgres.ts';
import { isSpaceInMemory } from './temporary-space.ts';

/**
 * Makes empty, migrated records before the first test, embedded ones and a PostgreSQL where it is installed; every server in a test gets a
 * copy, which belongs to no installation yet: making them anew takes ten times as long. The migrations are tried in tests of their own.
 */
export default async function setup(): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-template-'));
  await prepare(await openDatabase({ folder: join(folder, 'records') }));
  // Small stores open in half the time with less memory set aside.
  appendFileSync(join(folder, 'records/postgresql.auto.conf'), 'shared_buffers = 16MB\n');
  process.env.WAYMARK_TEST_TEMPLATE = folder;
  const postgres = await startPostgres();
  if (postgres) {
    await prepare(await openDatabase({ url: postgres.url }));
    await postgres.stop({ keep: true });
    process.env.WAYMARK_TEST_POSTGRES = postgres.data;
  }
  return () => {
    rmSync(folder, { recursive: true, force: true });
    if (postgres) rmSync(dirname(postgres.data), { recursive: true, force: true });
    if (isSpaceInMemory(tmpdir())) rmSync(tmpdir(), { recursive: true, force: true });
  };
}

async function prepare(database: OpenDatabase): Promise<void> {
  await migrate(database.db);
  // The queue keeps tables of its own, and knows its jobs.
  const jobs = await Jobs.start(database, (error) => {
    throw error;
  });
  for (const name of [verdictsDue, feedsDue, ...Object.keys(schedules)]) await jobs.prepare(name);
  await jobs.schedule(schedules);
  await jobs.stop();
  await database.close();
}
