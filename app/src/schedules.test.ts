import { PgBoss } from 'pg-boss';
import { expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../test/postgres.ts';
import { recordsForTest, serveForTest } from '../test/serve-for-test.ts';
import { until } from '../test/until.ts';
import { keptHeads } from './platform/audit-head.ts';
import { openDatabase } from './platform/database.ts';
import { Jobs } from './platform/jobs.ts';

const scheduled = 'SELECT name, cron, timezone FROM jobs.schedule ORDER BY name';

test('the clock asks for what is on the list and for nothing else; what fails is told by its name', async () => {
  const database = await recordsForTest();
  const told: string[] = [];
  const jobs = await Jobs.start(database, (error, job) => told.push(`${job}: ${error.message}`));
  let done = 0;
  await jobs.define('one', async () => void done++);
  await jobs.define('other', async () => {
    throw new Error('not now');
  });
  await jobs.schedule({ one: '* * * * *', other: '7 * * * *' });
  expect((await database.executeSql(scheduled)).rows).toHaveLength(2);
  await jobs.schedule({ one: '5 * * * *' });
  expect((await database.executeSql(scheduled)).rows).toEqual([{ name: 'one', cron: '5 * * * *', timezone: 'UTC' }]);
  await jobs.ask('one');
  await jobs.ask('other');
  await until(() => done > 0 && told.length > 0);
  expect(told[0]).toBe('other: not now');
  await jobs.askIn('one', 3600);
  const { rows } = await database.executeSql(
    "SELECT start_after > now() + interval '59 minutes' AS later FROM jobs.job WHERE name = 'one' AND state = 'created'",
  );
  expect(rows).toEqual([{ later: true }]);
  await jobs.stop();
  await database.close();
});

const postgres = await startPostgres();
if (!postgres) console.info('Skipped: PostgreSQL is not installed here.');

test.skipIf(!postgres)('a job of a server that is gone is begun again by another', async () => {
  const database = await openDatabase({ url: (postgres as TestPostgres).url });
  const jobs = await Jobs.start(database, () => undefined);
  await jobs.prepare('one');
  await jobs.ask('one');
  // It takes the job, and is never heard of again.
  const db = { executeSql: (text: string, values?: unknown[]) => database.executeSql(text, values) as Promise<{ rows: never[] }> };
  const gone = new PgBoss({ db, schema: 'jobs', supervise: false, schedule: false });
  await gone.start();
  expect(await gone.fetch('one')).toHaveLength(1);
  let done = 0;
  await jobs.define('one', async () => void done++);
  await database.executeSql("UPDATE jobs.job SET heartbeat_on = heartbeat_on - interval '50 seconds' WHERE name = 'one'");
  await gone.supervise('one');
  expect((await database.executeSql("SELECT state FROM jobs.job WHERE name = 'one'")).rows).toEqual([{ state: 'active' }]);
  await database.executeSql(
    "UPDATE jobs.job SET heartbeat_on = heartbeat_on - interval '20 seconds'; UPDATE jobs.queue SET monitor_claim_on = NULL, monitor_on = NULL",
  );
  await gone.supervise('one');
  await until(() => done === 1);
  await gone.stop();
  await jobs.stop();
  await database.close();
  await postgres?.stop();
});

test('a server has its schedules, and does at its start what may have been left', async () => {
  const serving = await serveForTest();
  const { rows } = await serving.waymark.database.executeSql(scheduled);
  expect((rows as { name: string }[]).map(({ name }) => name)).toEqual([
    'clocks-due',
    'feeds-looked-for',
    'figures-due',
    'head-due',
    'hours-due',
    'people-due',
    'protected-due',
    'reminders-due',
    'retention-due',
    'sessions-due',
  ]);
  await until(() => keptHeads(serving.waymark.folder).length > 0);
  await serving.end();
});
