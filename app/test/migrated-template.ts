import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { openDatabase } from '../src/platform/database.ts';
import { migrate } from '../src/platform/migrate.ts';
import { openWaymark } from '../src/waymark.ts';
import { startPostgres } from './postgres.ts';

/**
 * Makes one empty, migrated data folder, and one PostgreSQL where it is installed, before the first test, of which every embedded server in a test gets a copy: making it anew takes
 * ten times as long. The migrations themselves are tried in tests of their own.
 */
export default async function setup(): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-template-'));
  const config = readConfig({
    NODE_ENV: 'test',
    WAYMARK_DATA: folder,
    WAYMARK_DEMO: 'no',
    WAYMARK_LOG: 'silent',
    WAYMARK_ENGINE_MB: '256',
  });
  await (await openWaymark(config)).close();
  process.env.WAYMARK_TEST_TEMPLATE = folder;
  const postgres = await startPostgres();
  if (postgres) {
    const database = await openDatabase({ url: postgres.url });
    await migrate(database.db);
    await database.close();
    await postgres.stop({ keep: true });
    process.env.WAYMARK_TEST_POSTGRES = postgres.data;
  }
  return () => {
    rmSync(folder, { recursive: true, force: true });
    if (postgres) rmSync(dirname(postgres.data), { recursive: true, force: true });
  };
}
