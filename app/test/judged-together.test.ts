import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultParameters } from '@waymark/presence';
import { Town, writeTown } from '@waymark/town';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Actor } from '../src/platform/access.ts';
import { verifyAudit } from '../src/platform/audit.ts';
import { withPurpose } from '../src/platform/database.ts';
import { computeDueVerdicts, helpWithRuns, importCrimes, importFixes, readRun, repeatRun } from '../src/supervision/index.ts';
import { computeShare } from '../src/supervision/verdicts/compute-run.ts';
import { planRun } from '../src/supervision/verdicts/plan-run.ts';
import { takeShare, takeWhole } from '../src/supervision/verdicts/run-shares.ts';
import { openWaymark, verdictServicesOf, type Waymark } from '../src/waymark.ts';
import { configOf } from './kill/kill-test.ts';
import { type LogServers, startLogServers } from './log-servers.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { temporaryFolder } from './serve-for-test.ts';
import { until } from './until.ts';

const [postgres, logServers] = await Promise.all([startPostgres(), startLogServers(1)]);
const isHere = postgres !== null && logServers !== null;
if (!isHere) console.info('Skipped: PostgreSQL or nats-server is not installed here.');

const actorFor = (purpose: Actor['purpose']): Actor => ({ id: 'test', name: 'Test', role: 'operator', purpose });
const matching = actorFor('crime-matching');
const system: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'crime-matching' };

describe.skipIf(!isHere)('a run of verdicts that several servers judge', () => {
  const shared = temporaryFolder();
  const folders = [temporaryFolder(), temporaryFolder()];
  const servers: Waymark[] = [];
  const at = (i: number) => servers[i] as Waymark;
  const services = (i: number) => verdictServicesOf(at(i));
  const town = new Town({ wearers: 8, days: 9, crimes: 24, seed: 11, byWearers: 0.6 });
  let crimes: string[] = [];
  /** Some more crimes, so that there is something to judge. */
  const bringCrimes = async (from: number, upto: number) => {
    const bytes = Buffer.from([crimes[0], ...crimes.slice(from + 1, upto + 1)].join('\n'));
    await importCrimes(at(0).performer, matching, at(0), { fileName: `crimes from ${from}.csv`, bytes });
  };
  /** As the owner of all tables, for the purpose that sees runs. */
  const inSql = async <T>(statement: string) => {
    const purpose = "SELECT set_config('waymark.purpose', 'crime-matching', true)";
    return (await at(0).database.executeSql(`${purpose}; ${statement}`)).rows.slice(1) as T[];
  };
  const repeated = async (runId: number, i: number) => {
    const recorded = await at(i).performer.perform(matching, readRun, null, { id: runId });
    const { inputs, output } = await repeatRun(services(i), recorded);
    return { run: recorded.run, same: inputs.same && output.same };
  };
  const plan = async () => {
    const planned = await at(0).performer.perform(matching, planRun, services(0), null);
    if (!planned || planned === 'another plans') throw new Error('Nothing was planned.');
    return planned;
  };
  const leftOver = () => readdirSync(join(shared.path, 'verdicts')).filter((name) => !/^run-\d+\.verdicts$/.test(name));

  beforeAll(async () => {
    for (const folder of folders) {
      const config = configOf(folder.path, {
        DATABASE_URL: (postgres as TestPostgres).url,
        NATS_URL: (logServers as LogServers).url,
        WAYMARK_LOG_REPLICAS: '1',
        WAYMARK_LOG_MB: '128',
        WAYMARK_SHARED: shared.path,
        WAYMARK_ENGINE_MB: '256',
      });
      const waymark = await openWaymark(config);
      servers.push(waymark);
      await waymark.together?.begin();
      await waymark.changes.listenToOthers();
      if (waymark.together) waymark.together.runs.pairsPerShare = 20;
    }
    await writeTown(town, shared.path);
    crimes = readFileSync(join(shared.path, 'crimes.csv'), 'utf8').trim().split('\n');
    const fixes = { path: join(shared.path, 'fixes.ndjson'), register: true };
    await importFixes(at(0).performer, at(0).intake, actorFor('ingest'), fixes);
    await until(() => at(1).fixes.lastReceipt === at(0).fixes.lastReceipt);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  afterAll(async () => {
    for (const server of servers) await server.close();
    await logServers?.stop();
    await postgres?.stop();
    for (const folder of [shared, ...folders]) folder.remove();
  });

  test('each judges its part, and what is put together is what one alone would have judged', async () => {
    await bringCrimes(0, 12);
    let helps = true;
    const took = servers.map(() => 0);
    for (const [i, server] of servers.entries()) {
      const perform = server.performer.perform.bind(server.performer);
      vi.spyOn(server.performer, 'perform').mockImplementation(async (actor, action, given, input) => {
        const output = await perform(actor, action, given, input);
        if ((action as unknown) === takeShare && output) took[i] = (took[i] as number) + 1;
        return output;
      });
      server.changes.listen('supervision.runs', () => {
        if (helps) void helpWithRuns(server.performer, services(i), system, new AbortController().signal);
      });
    }
    const [first, second] = await Promise.all([0, 1].map((i) => computeDueVerdicts(at(i).performer, services(i), matching)));
    expect(first).toMatchObject({ crimes: 12, verdicts: 96 });
    // Who asked for the same meanwhile was told of the same run, and nothing was judged twice.
    expect(second?.runId).toBe(first?.runId);
    helps = false;
    expect(took.reduce((sum, n) => sum + n, 0)).toBe(4);
    expect(Math.min(...took)).toBeGreaterThan(0);
    for (const i of [0, 1])
      expect(await repeated(first?.runId as number, i)).toMatchObject({ same: true, run: { verdicts: 96, by_name: 'Test' } });
    expect(leftOver()).toEqual([]);
    expect(await inSql('SELECT run_id FROM supervision.shared_runs')).toEqual([]);
    expect(await computeDueVerdicts(at(1).performer, services(1), matching)).toBeNull();
  });

  test('the share of a server that is gone is judged by another, and what it had judged is judged again where it is not there', async () => {
    await bringCrimes(12, 18);
    for (const server of servers) vi.spyOn(server.performer, 'perform');
    const planned = await plan();
    expect(planned.inputs).toBeNull();
    const { runId } = planned;
    const gone = randomUUID();
    const shares = await inSql<{ number: number }>(`SELECT number FROM supervision.run_shares WHERE run_id = ${runId} ORDER BY number`);
    expect(shares.map(({ number }) => number)).toEqual([0, 1]);
    // One that is alive has it: it is waited for.
    await inSql(
      `INSERT INTO platform.servers (id, name, roles, version, seen_at) VALUES ('${gone}', 'gone', 'work', '0', now() + interval '1 minute')`,
    );
    await inSql(`UPDATE supervision.run_shares SET holder = '${gone}' WHERE run_id = ${runId} AND number = 0`);
    // And of another it is said that it is done.
    await inSql(`UPDATE supervision.run_shares SET done = true, holder = '${randomUUID()}' WHERE run_id = ${runId} AND number = 1`);
    // While another server plans, nobody else does, and nobody's work fails for it.
    await at(1)
      .database.db.transaction()
      .execute(async (tx) => {
        await sql`SELECT pg_advisory_xact_lock(hashtext('waymark runs'))`.execute(tx);
        await expect(plan()).rejects.toThrow('Nothing was planned');
      });
    let isOver = false;
    const computing = computeDueVerdicts(at(0).performer, services(0), matching).finally(() => {
      isOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(isOver).toBe(false);
    expect(await inSql(`SELECT tries FROM supervision.run_shares WHERE run_id = ${runId}`)).toEqual([{ tries: 0 }, { tries: 0 }]);
    await inSql(`UPDATE platform.servers SET seen_at = now() - interval '5 seconds' WHERE id = '${gone}'`);
    expect(await computing).toMatchObject({ runId, crimes: 6, verdicts: 48 });
    expect(await repeated(runId, 1)).toMatchObject({ same: true });
    expect(leftOver()).toEqual([]);
  });

  test('a share that fails again and again is told, and given up; the next run judges what was due', async () => {
    await bringCrimes(18, 21);
    for (const { together } of servers) if (together) together.runs.pairsPerShare = 8;
    const { verdicts } = at(0);
    const paths = vi.spyOn(verdicts, 'sharePath').mockReturnValue(join(shared.path, 'nowhere', 'share'));
    await expect(computeDueVerdicts(at(0).performer, services(0), matching)).rejects.toThrow(/^Share \d of run \d+ failed 3 times: /);
    expect(await inSql('SELECT run_id FROM supervision.shared_runs')).toEqual([]);
    paths.mockRestore();
    expect(await computeDueVerdicts(at(0).performer, services(0), matching)).toMatchObject({ crimes: 3, verdicts: 24 });
  });

  test('shares that cannot be put together are told, and given up; while another puts them together nobody asks for it', async () => {
    const bytes = Buffer.from([crimes[0], ...crimes.slice(1, 4).map((line) => line.replace(/^([^,]*)/, '$1-B'))].join('\n'));
    await importCrimes(at(0).performer, matching, at(0), { fileName: 'more crimes.csv', bytes });
    const { runId } = await plan();
    const alive = randomUUID();
    await inSql(
      `INSERT INTO platform.servers (id, name, roles, version, seen_at) VALUES ('${alive}', 'alive', 'work', '0', now() + interval '1 minute')`,
    );
    await inSql(`UPDATE supervision.shared_runs SET holder = '${alive}' WHERE run_id = ${runId}`);
    const perform = vi.spyOn(at(0).performer, 'perform');
    const computing = computeDueVerdicts(at(0).performer, services(0), matching).catch((error: Error) => error.message);
    const done = `SELECT bool_and(done) AS done FROM supervision.run_shares WHERE run_id = ${runId}`;
    await until(async () => (await inSql<{ done: boolean }>(done))[0]?.done === true);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(perform.mock.calls.filter(([, action]) => (action as unknown) === takeWhole)).toEqual([]);
    // In the middle of a column.
    const path = at(0).verdicts.sharePath(runId, 0);
    const whole = readFileSync(path);
    writeFileSync(path, whole.fill(255, 0, 40));
    await inSql(`DELETE FROM platform.servers WHERE id = '${alive}'`);
    expect(await computing).toMatch(/^The shares of run \d+ cannot be put together: /);
    expect(await inSql('SELECT run_id FROM supervision.shared_runs')).toEqual([]);
    expect(await computeDueVerdicts(at(0).performer, services(0), matching)).toMatchObject({ crimes: 3, verdicts: 24 });
  });

  test('who closes leaves its share to others, and one who has none is not counted as failed', async () => {
    await bringCrimes(21, 24);
    const planned = await plan();
    const { runId } = planned;
    const ending = new AbortController();
    const { fixes } = at(1);
    // It is breaking off while it reads.
    const scan = fixes.scan.bind(fixes);
    vi.spyOn(fixes, 'scan').mockImplementation(async (...given) => {
      ending.abort();
      return scan(...given);
    });
    await helpWithRuns(at(1).performer, services(1), system, ending.signal);
    const share = { first: 0, last: 7, crimesPerPart: 10 };
    const inputs = { crimes: [], wearings: [], parameters: defaultParameters, timeZone: 'UTC', receiptUpto: 0 };
    await expect(computeShare(fixes, inputs, share, async () => undefined, { signal: ending.signal })).rejects.toThrow('aborted');
    expect(ending.signal.aborted).toBe(true);
    expect(await inSql(`SELECT DISTINCT holder, tries, done FROM supervision.run_shares WHERE run_id = ${runId}`)).toEqual([
      { holder: null, tries: 0, done: false },
    ]);
    expect(await computeDueVerdicts(at(0).performer, services(0), matching)).toMatchObject({ runId, crimes: 3, verdicts: 24 });
  });

  test('a run of another version of the program is left to who has it, and given up where nobody has', async () => {
    const other = randomUUID();
    await inSql(`INSERT INTO supervision.shared_runs (run_id, plan, reckoning, by_name) VALUES (900, '{}', 'another', 'Test')`);
    await inSql(
      `INSERT INTO supervision.run_shares (run_id, number, first_wearing, last_wearing, holder) VALUES (900, 0, 0, 7, '${other}')`,
    );
    await inSql(
      `INSERT INTO platform.servers (id, name, roles, version, seen_at) VALUES ('${other}', 'other', 'work', '0', now() + interval '1 minute')`,
    );
    expect(await computeDueVerdicts(at(0).performer, services(0), matching)).toBeNull();
    await helpWithRuns(at(0).performer, services(0), system, new AbortController().signal);
    expect(await inSql('SELECT run_id FROM supervision.shared_runs')).toEqual([{ run_id: 900 }]);
    await inSql(`DELETE FROM platform.servers WHERE id = '${other}'`);
    expect(await computeDueVerdicts(at(0).performer, services(0), matching)).toBeNull();
    expect(await inSql('SELECT run_id FROM supervision.shared_runs')).toEqual([]);
  });

  test('whoever took a share stands in the audit, which is whole', async () => {
    const entries = await withPurpose(at(0).database.db, 'oversight', 'oversight', (tx) =>
      tx
        .selectFrom('oversight.audit_entries')
        .select('detail')
        .where('action', '=', 'verdict.share')
        .where('about_kind', '=', 'run')
        .execute(),
    );
    expect(entries.filter(({ detail }) => 'share' in (detail as object)).length).toBeGreaterThan(10);
    expect((await verifyAudit(at(0).database.db)).problems).toEqual([]);
    rmSync(join(shared.path, 'fixes.ndjson'));
  });
});
