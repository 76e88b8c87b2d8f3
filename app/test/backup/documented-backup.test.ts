import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { verifyAudit } from '../../src/platform/audit.ts';
import { keepHead, keptHeads } from '../../src/platform/audit-head.ts';
import { withPurpose } from '../../src/platform/database.ts';
import { openWaymark } from '../../src/waymark.ts';
import { startPostgres, type TestPostgres } from '../postgres.ts';
import { temporaryFolder } from '../serve-for-test.ts';
import { fillWithSmallTown } from '../small-town.ts';

/** The block of commands of that name, as docs/operators.md has it. */
function documented(name: string): string {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/operators.md'), 'utf8');
  const block = new RegExp(`\`\`\`sh ${name}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1];
  if (!block) throw new Error(`docs/operators.md has no block “sh ${name}”.`);
  return block;
}

const [from, to] = [await startPostgres(), await startPostgres({}, { empty: true })];

test.skipIf(!from || !to)('the documented backup of PostgreSQL, restored as documented, is the whole installation', async () => {
  const [source, target] = [from as TestPostgres, to as TestPostgres];
  const folder = temporaryFolder();
  const backup = temporaryFolder();
  const env = { NODE_ENV: 'test', WAYMARK_LOG: 'silent', WAYMARK_DEMO: 'no', WAYMARK_ENGINE_MB: '256' };
  const data = join(folder.path, 'data');
  const waymark = await openWaymark(readConfig({ ...env, WAYMARK_DATA: data, DATABASE_URL: source.url }));
  await fillWithSmallTown(waymark, join(folder.path, 'town'));
  await keepHead(waymark.database.db, waymark.folder);
  const before = { ...(await waymark.fixes.summary()), audit: (await verifyAudit(waymark.database.db)).entries };
  await waymark.close();
  await source.asOwner("CREATE ROLE waymark_backup LOGIN BYPASSRLS PASSWORD 'x'; GRANT pg_read_all_data TO waymark_backup");
  const run = (server: TestPostgres, user: string, script: string, more: Record<string, string>) => {
    const { hostname, port } = new URL(server.adminUrl);
    const path = `${dirname(server.program('psql'))}:${process.env.PATH}`;
    const environment = { ...process.env, PATH: path, PGHOST: hostname, PGPORT: port, PGUSER: user, BACKUP: backup.path, ...more };
    return execFileSync('sh', ['-c', script], { env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  run(source, 'waymark_backup', `set -e\n${documented('backup')}`, { WAYMARK_DATA: data });
  await target.asOwner('SELECT 1');
  execFileSync(target.program('psql'), ['-q', '-d', target.adminUrl, '-c', 'DROP DATABASE waymark'], { stdio: 'ignore' });
  const restored = join(folder.path, 'restored');
  run(target, 'postgres', `set -e\n${documented('restore')}`, { WAYMARK_DATA: restored });
  const again = await openWaymark(readConfig({ ...env, WAYMARK_DATA: restored, DATABASE_URL: target.url }));
  const check = await verifyAudit(again.database.db, keptHeads(again.folder));
  expect(check.problems).toEqual([]);
  expect({ ...(await again.fixes.summary()), audit: check.entries }).toEqual(before);
  const count = (purpose: string) =>
    withPurpose(again.database.db, 'supervision', purpose, (tx) => tx.selectFrom('supervision.subjects').select('id').execute());
  expect((await count('monitoring')).length).toBe(8);
  // The walls came back too: without a purpose nobody sees a row.
  expect(await count('')).toEqual([]);
  await again.close();
  await source.stop();
  await target.stop();
  folder.remove();
  backup.remove();
});
