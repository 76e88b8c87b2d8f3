import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { fillWithTown } from '../../src/demo/demo-town.ts';
import { serve } from '../../src/serve.ts';
import { openWaymark } from '../../src/waymark.ts';
import { startPostgres } from '../postgres.ts';
import { temporaryFolder } from '../serve-for-test.ts';
import { packFolder } from './kept-release.ts';

/** `npm run keep-release NAME`: keeps the fictional town's data folder as this build makes it, with both kinds of records, for later builds to open. */
const [name] = process.argv.slice(2);
if (!name || !/^[\w.-]+$/.test(name)) {
  console.error('Name the release, such as 0.2.0.');
  process.exit(2);
}
const postgres = await startPostgres({}, { empty: true });
if (!postgres) {
  console.error('PostgreSQL is not installed here, and a release is kept with both kinds of records.');
  process.exit(1);
}
for (const kind of ['pglite', 'postgres'] as const) {
  const folder = temporaryFolder();
  const env = { NODE_ENV: 'development', WAYMARK_PORT: '0', WAYMARK_MQTT_PORT: '0', WAYMARK_LOG: 'silent', WAYMARK_DEMO: 'yes' };
  const url = kind === 'postgres' ? { DATABASE_URL: postgres.url } : {};
  const config = readConfig({ ...env, ...url, WAYMARK_DATA: folder.path });
  // A small town: it is kept for ever, and its kinds of rows are what counts.
  const waymark = await openWaymark(config);
  await fillWithTown(waymark, (text) => console.error(text), { wearers: 8, days: 9, crimes: 12 });
  await waymark.close();
  // A start of the server makes what only it makes.
  const serving = await serve({ ...config, WAYMARK_DEMO: 'no' });
  await serving.stop();
  const dump = ['--no-owner', '--inserts', '--rows-per-insert=500', '-d', postgres.adminUrl.replace(/\/postgres$/, '/waymark')];
  const extra: Record<string, Buffer> =
    kind === 'postgres' ? { 'records.sql': execFileSync(postgres.program('pg_dump'), dump, { maxBuffer: 2 ** 30 }) } : {};
  const to = join(import.meta.dirname, `${name}-${kind}.br`);
  packFolder(folder.path, to, extra);
  console.error(`Kept in ${to}. Commit it with the release.`);
  folder.remove();
}
await postgres.stop();
process.exit(0);
