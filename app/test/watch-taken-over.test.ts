import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { withPurpose } from '../src/platform/database.ts';
import { LeaseLostError, Leases } from '../src/platform/servers/leases.ts';
import { WatchShares } from '../src/supervision/alerts/watch-shares.ts';
import { LiveWatch } from '../src/supervision/index.ts';
import { openWaymark, type Waymark } from '../src/waymark.ts';
import { compareAlerts, configOf, firstAt, prepare, tags } from './kill/kill-test.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { temporaryFolder } from './serve-for-test.ts';
import { until } from './until.ts';

const postgres = await startPostgres();
if (!postgres) console.info('Skipped: PostgreSQL is not installed here.');

/** What this server and others under the same leases put on record, when attempts are slow and shares go to and fro. */
describe.skipIf(!postgres)('who watches is slow, or loses its share and has it again', () => {
  const folder = temporaryFolder();
  let waymark: Waymark;
  const begun: { leases: Leases; live: LiveWatch }[] = [];
  let second = 0;
  /** As the owner of all tables, for the purpose that sees alerts. */
  const inSql = async (statement: string) =>
    (await waymark.database.executeSql(`SELECT set_config('waymark.purpose', 'monitoring', true); ${statement}`)).rows.slice(1);

  beforeAll(async () => {
    const env = { DATABASE_URL: (postgres as TestPostgres).url };
    await prepare(folder.path, env);
    waymark = await openWaymark(configOf(folder.path, env));
    // Others watch in its place.
    await waymark.live.close();
  });
  afterAll(async () => {
    for (const { leases, live } of begun) {
      await live.close();
      await leases.close();
    }
    await waymark?.close();
    await postgres?.stop();
    folder.remove();
  });

  async function beginWatch(promptMs: number) {
    const { database, fixes, access, changes } = waymark;
    const leases = new Leases(database.apart, { name: 'one', roles: ['watch'], version: '0', isWell: () => true }, { promptMs });
    const live = new LiveWatch(database.db, fixes, access, 'Europe/London', { shares: new WatchShares(leases, changes) });
    const onError = vi.fn();
    live.onError = onError;
    await live.start();
    await leases.start();
    begun.push({ leases, live });
    return { leases, live, onError };
  }

  /** Every tag goes past its zone, in and out again, some times. */
  async function goPast(times: number) {
    const fixes = [];
    for (let s = 0; s < 12 * times; s++, second++)
      for (let tag = 0; tag < tags; tag++)
        fixes.push({
          tag: `K${tag}`,
          at: firstAt + 1000 * (1 + second),
          lat: 53.1,
          lon: second % 12 >= 3 && second % 12 < 8 ? -1.785 : -1.8,
          accuracyM: 8,
          speedMps: Number.NaN,
          headingDeg: Number.NaN,
          method: 0,
          battery: Number.NaN,
          seq: Number.NaN,
          events: null,
        });
    for (let i = 0; i < fixes.length; i += 500)
      for (const serial of Array.from({ length: tags }, (_, tag) => `K${tag}`)) {
        const own = fixes.slice(i, i + 500).filter(({ tag }) => tag === serial);
        if (own.length > 0) await waymark.intake.accept({ fixes: own, unreadable: [] }, { kind: 'tag', serial });
      }
  }

  const retracted = async () => (await inSql("SELECT 1 FROM supervision.alert_versions WHERE change = 'retracted'")).length;

  test('an attempt that was given up and comes through after all doubles nothing', async () => {
    const { live, leases, onError } = await beginWatch(1000);
    await until(() => leases.held === 32);
    await goPast(1);
    await live.settled();
    const { promise: isReleased, resolve: release } = Promise.withResolvers<void>();
    const locking = waymark.database.db.transaction().execute(async (tx) => {
      await sql`LOCK TABLE supervision.alert_versions IN SHARE MODE`.execute(tx);
      await isReleased;
    });
    await goPast(4);
    await until(() => onError.mock.calls.length >= 2);
    expect(onError.mock.calls[0]?.[0]).toBeInstanceOf(LeaseLostError);
    release();
    await locking;
    await until(async () => {
      await live.settled();
      return (await compareAlerts(waymark, false)).alertsLost === 0;
    });
    await sleep(200);
    const compared = await compareAlerts(waymark, false);
    expect(compared).toMatchObject({ alertsLost: 0, alertsDoubled: 0 });
    expect(compared.alerts).toBeGreaterThanOrEqual(4 * tags);
    expect(await retracted()).toBe(0);
  }, 60_000);

  test('under a lease that was lost and given again nothing is put on record that was worked out before', async () => {
    const { leases, live } = await beginWatch(30_000);
    await until(() => leases.held === 16);
    const name = Array.from({ length: 32 }, (_, i) => `watch ${i}`).find((one) => leases.holds(one)) as string;
    const fence = (since: string | null) =>
      withPurpose(waymark.database.db, 'supervision', 'monitoring', (tx) => leases.fence(tx, [name], new Map([[name, since]])));
    const before = leases.sinceOf(name);
    await fence(before);
    // Another takes it and gives it back, between two looks of this one.
    await inSql(`UPDATE platform.leases SET since = clock_timestamp() WHERE name = '${name}'`);
    await expect(fence(before)).rejects.toThrow(LeaseLostError);
    await until(() => leases.holds(name) && leases.sinceOf(name) !== before);
    await expect(fence(before)).rejects.toThrow(LeaseLostError);
    await fence(leases.sinceOf(name));
    // It goes on with what it was given.
    await goPast(2);
    await until(async () => {
      for (const { live: one } of begun) await one.settled();
      return (await compareAlerts(waymark, false)).alertsLost === 0;
    });
    expect(await compareAlerts(waymark, false)).toMatchObject({ alertsLost: 0, alertsDoubled: 0 });
    expect(live.counts.changes).toBeGreaterThan(0);
    expect(await retracted()).toBe(0);
  });
});
