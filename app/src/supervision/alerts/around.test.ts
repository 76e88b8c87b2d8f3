import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { officer } from '../../../test/actors.ts';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest } from '../../../test/serve-for-test.ts';
import { wearerForTest } from '../../../test/wearer-for-test.ts';
import { rawFix } from '../fixes/decode/raw-fix.ts';
import { decideAlert } from './decide-alert.ts';
import { listAlerts, readAlert } from './read-alerts.ts';
import { protectedTold } from './read-around.ts';

/** What stands beside an alert, on both databases. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'beside an alert on %s',
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
    });
    afterAll(() => serving?.end());

    test('how far from home the tag was last, and whether the protected person was told', async () => {
      const { performer, intake, live } = serving.waymark;
      const { serial } = await wearerForTest(serving.waymark, 'AR-1');
      // 1,112 m north of the middle of home, whose edge is 200 m from it.
      const fixes = [180_000, 120_000, 60_000].map((ago, i) => ({
        ...rawFix(serial, Date.now() - ago, -1.5, 53.81),
        accuracyM: 8,
        events: i === 1 ? 'strap-cut' : null,
      }));
      await intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial });
      await live.settled();
      const { rows } = await performer.perform(officer, listAlerts, null, { list: 'open', search: 'AR-1', limit: 5, offset: 0 });
      const id = rows.find(({ kind }) => kind === 'strap cut')?.id ?? 0;
      const read = async () => (await performer.perform(officer, readAlert, serving.waymark, { id })).around;
      const before = await read();
      expect([before.awayFromHomeM !== null && Math.abs(before.awayFromHomeM - 913) < 3, before.protectedToldAt]).toEqual([true, null]);
      await performer.perform(officer, decideAlert, null, { id, step: 'rang', outcome: '', note: 'No answer' });
      expect((await read()).protectedToldAt).toBe(null);
      await performer.perform(officer, decideAlert, null, { id, step: 'rang', outcome: '', note: protectedTold });
      expect((await read()).protectedToldAt).toBeInstanceOf(Date);
    });
  },
);
