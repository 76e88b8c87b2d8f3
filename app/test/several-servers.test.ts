import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Actor } from '../src/platform/access.ts';
import { verifyAudit } from '../src/platform/audit.ts';
import { type Tx, withPurpose } from '../src/platform/database.ts';
import type { Serving } from '../src/serve.ts';
import { declareGateway, revokeGateway } from '../src/supervision/tags/index.ts';
import { compareAlerts, compareReceipts, count, firstAt, prepare, putLoadOn } from './kill/kill-test.ts';
import { type LogServers, startLogServers } from './log-servers.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { serveForTest, temporaryFolder, Visitor } from './serve-for-test.ts';
import { until } from './until.ts';

const [postgres, logServers] = await Promise.all([startPostgres(), startLogServers(1)]);
const isHere = postgres !== null && logServers !== null;
if (!isHere) console.info('Skipped: PostgreSQL or nats-server is not installed here.');

describe.skipIf(!isHere)('several servers on the same records and one log', () => {
  const shared = temporaryFolder();
  const first = temporaryFolder();
  const servers: (Serving & { end(): Promise<void> })[] = [];
  const env = () => ({
    DATABASE_URL: (postgres as TestPostgres).url,
    NATS_URL: (logServers as LogServers).url,
    WAYMARK_LOG_REPLICAS: '1',
    WAYMARK_LOG_MB: '128',
    WAYMARK_SHARED: shared.path,
    WAYMARK_SESSION_SECRET: 'a secret of the tests that is long enough',
    WAYMARK_ENGINE_MB: '256',
  });
  let secret = '';
  const at = (i: number) => servers[i] as Serving;
  const heldBy = async () => {
    const { rows } = await sql<{ holder: string | null; n: number }>`
      SELECT holder::text AS holder, count(*)::int AS n FROM platform.leases WHERE name LIKE 'watch %' GROUP BY holder`.execute(
      at(0).waymark.database.db,
    );
    return Object.fromEntries(rows.map(({ holder, n }) => [holder ?? 'nobody', n]));
  };
  /** Whether all shares are held, dealt out in these parts. */
  const isDealt = async (...parts: number[]) => {
    const held = await heldBy();
    return !('nobody' in held) && Object.values(held).join() === parts.join();
  };
  const send = (url: string, bearer: string, lines: object[]) =>
    fetch(`${url}/ingest/waymark`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/x-ndjson' },
      body: lines.map((line) => JSON.stringify(line)).join('\n'),
    });
  const fixOf = (i: number, lon = -1.8) => ({ tag: 'K0', at: new Date(firstAt + 1000 * i).toISOString(), lat: 53.1, lon, accuracy: 8 });

  beforeAll(async () => {
    secret = await prepare(first.path, env());
    for (const name of ['one', 'two']) servers.push(await serveForTest({ ...env(), WAYMARK_SERVER: name }));
  });
  afterAll(async () => {
    for (const server of servers) await server.end();
    await logServers?.stop();
    await postgres?.stop();
    for (const folder of [shared, first]) folder.remove();
  });

  test('each watches its part', async () => {
    await until(() => isDealt(16, 16));
  });

  test('what one takes in the other has, under the same receipt, and what is sent again to the other is known there', async () => {
    const receipt = (await (await send(at(0).url, secret, [fixOf(1)])).json()) as { receipt: number; accepted: number };
    expect(receipt.accepted).toBe(1);
    await until(() => at(1).waymark.fixes.lastReceipt >= receipt.receipt);
    const again = (await (await send(at(1).url, secret, [fixOf(1), fixOf(2)])).json()) as { accepted: number; duplicates: number };
    expect([again.accepted, again.duplicates]).toEqual([1, 1]);
    expect(await at(1).waymark.fixes.count()).toBe(2);
  });

  test('who is signed in at one is signed in at the other, and sees there what came here', async () => {
    const visitor = new Visitor(at(0).url);
    await visitor.signIn('mo-1');
    const page = await visitor.request(`${at(1).url}/caseload`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('Nobody 0');
  });

  test('who asks too often is refused by all, whichever they asked', async () => {
    const ask = async (i: number) => (await fetch(`${at(i % 2).url}/sign-in/start?to=/`, { redirect: 'manual' })).status;
    const statuses: number[] = [];
    for (let i = 0; i < 130; i++) statuses.push(await ask(i));
    // 120 a minute, whichever server is asked.
    const refused = statuses.filter((status) => status === 429).length;
    expect(refused).toBeGreaterThanOrEqual(9);
    expect(refused).toBeLessThanOrEqual(12);
  });

  test('a secret that is revoked at one is refused by the other within a second', async () => {
    const administrator: Actor = { id: 'ad-1', name: 'Test', role: 'administrator', purpose: 'administration' };
    const { performer, database } = at(0).waymark;
    const tookMs: number[] = [];
    for (let i = 0; i < 20; i++) {
      const gateway = await performer.perform(administrator, declareGateway, null, { name: `gateway ${i}` });
      await until(async () => (await send(at(1).url, gateway.secret, [fixOf(1)])).status === 200);
      const { id } = await withPurpose(database.db, 'supervision', 'ingest', (tx) =>
        tx.selectFrom('supervision.gateways').select('id').where('name', '=', `gateway ${i}`).executeTakeFirstOrThrow(),
      );
      await performer.perform(administrator, revokeGateway, null, { id });
      const since = performance.now();
      await until(async () => (await send(at(1).url, gateway.secret, [fixOf(1)])).status === 401);
      tookMs.push(performance.now() - since);
    }
    expect(Math.max(...tookMs)).toBeLessThan(1000);
  });

  test('what one takes over it judges by all that the other had read, however far behind it is', async () => {
    const { db } = at(0).waymark.database;
    const inMonitoring = <T>(work: (tx: Tx) => Promise<T>) => withPurpose(db, 'supervision', 'monitoring', work);
    const wearings = await inMonitoring((tx) =>
      tx
        .selectFrom('supervision.wearings as w')
        .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
        .select(['w.id', 't.serial'])
        .where('t.serial', '<>', 'K0')
        .execute(),
    );
    const theirs = wearings.find(({ id }) => at(1).waymark.together?.leases.holds(`watch ${id % 32}`));
    const going = (seconds: number, lon: number) => ({ ...fixOf(seconds, lon), tag: theirs?.serial });
    const versions = () =>
      inMonitoring((tx) =>
        tx
          .selectFrom('supervision.alert_versions as v')
          .innerJoin('supervision.alerts as a', 'a.id', 'v.alert_id')
          .select('v.change')
          .where('a.wearing_id', '=', theirs?.id as number)
          .orderBy('v.version')
          .execute(),
      );
    const { promise: isReleased, resolve: release } = Promise.withResolvers<void>();
    const behind = at(0).waymark.fixes.whileStill(() => isReleased);
    try {
      const sent = await send(at(1).url, secret, [going(1, -1.8), going(2, -1.8), ...[3, 4, 5, 6].map((s) => going(s, -1.785))]);
      expect(sent.status).toBe(200);
      await at(1).waymark.live.settled();
      expect(await versions()).toEqual([{ change: 'raised' }]);
      await servers.pop()?.end();
      await until(() => isDealt(32));
      // Time enough for what would be wrong.
      await new Promise((resolve) => setTimeout(resolve, 1500));
    } finally {
      release();
    }
    await behind;
    await at(0).waymark.live.settled();
    expect(await versions()).toEqual([{ change: 'raised' }]);
    await send(at(0).url, secret, [going(7, -1.8), going(8, -1.8), going(9, -1.8)]);
    await at(0).waymark.live.settled();
    expect(await versions()).toEqual([{ change: 'raised' }, { change: 'amended' }]);
    servers.push(await serveForTest({ ...env(), WAYMARK_SERVER: 'two' }));
    await until(() => isDealt(16, 16));
  });

  test('when one ends the other takes over its part, and every alert that the fixes give is on record once', async () => {
    const acknowledged = new Set<string>();
    const counter = { next: 400 };
    let target = 0;
    const load = putLoadOn(() => at(target++ % servers.length).url, secret, counter, acknowledged);
    await until(() => acknowledged.size > 3000);
    const gone = servers.pop();
    const closing = performance.now();
    await gone?.end();
    // Not as long as a connection may be idle, which is longer than a minute.
    expect(performance.now() - closing).toBeLessThan(30_000);
    const before = acknowledged.size;
    await until(() => acknowledged.size > before + 3000);
    // One that joins under load is behind those who put receipts on record meanwhile, and is no server that has lost something.
    const joins = await serveForTest({ ...env(), WAYMARK_SERVER: 'three' });
    await joins.end();
    await load.stop();
    const holdsAll = () => Array.from({ length: 32 }, (_, i) => at(0).waymark.together?.leases.holds(`watch ${i}`)).every(Boolean);
    await until(holdsAll);
    await at(0).waymark.live.settled();
    // Before anybody evaluates anew: what the one that is left has found, and found of what the other left undone.
    expect(await compareAlerts(at(0).waymark, false)).toMatchObject({ alertsLost: 0, alertsDoubled: 0 });
    await until(async () => {
      const { last_receipt } = await withPurpose(at(0).waymark.database.db, 'supervision', 'ingest', (tx) =>
        tx.selectFrom('supervision.intake_state').select('last_receipt').executeTakeFirstOrThrow(),
      );
      return last_receipt === at(0).waymark.fixes.lastReceipt;
    });
    expect((await verifyAudit(at(0).waymark.database.db)).problems).toEqual([]);
    expect(await compareReceipts(at(0).waymark)).toEqual({ unrecorded: 0, recordedTwice: 0 });
    await servers.pop()?.end();
    const counted = await count(first.path, acknowledged, env());
    expect(counted).toMatchObject({ missing: 0, doubled: 0, alertsLost: 0, alertsDoubled: 0, auditProblems: 0 });
    expect(counted.alerts).toBeGreaterThan(20);
  });
});
