import { sql } from 'kysely';
import { afterAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../test/postgres.ts';
import { appendAudit, verifyAudit } from './audit.ts';
import { openDatabase, withPurpose } from './database.ts';
import { migrate } from './migrate.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

describe.skipIf(!postgres)('records in PostgreSQL', () => {
  test('a connection that breaks within a transaction fails that transaction, and nothing else', async () => {
    const { url, asOwner } = postgres as TestPostgres;
    const { db, close } = await openDatabase({ url });
    const broken = db.transaction().execute(async (tx) => {
      const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(tx);
      await asOwner(`SELECT pg_terminate_backend(${rows[0]?.pid})`);
      // What is thrown by itself meanwhile ends the process.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await sql`SELECT 1`.execute(tx);
    });
    await expect(broken).rejects.toThrow();
    expect((await sql<{ one: number }>`SELECT 1 AS one`.execute(db)).rows).toEqual([{ one: 1 }]);
    await close();
  });

  test('a server that stands still while it writes to the audit keeps the others waiting for seconds, not for ever', async () => {
    const { url } = postgres as TestPostgres;
    const [still, other] = await Promise.all([openDatabase({ url }), openDatabase({ url })]);
    await migrate(still.db);
    const fact = { actor: 't', actorName: 'Test', role: 'auditor', purpose: 'oversight', action: 'test', outcome: 'done' as const };
    let goOn = () => {};
    const frozen = withPurpose(still.db, 'oversight', 'oversight', async (tx) => {
      await appendAudit(tx, [fact]);
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    }).catch((error: Error) => error);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await withPurpose(other.db, 'oversight', 'oversight', (tx) => appendAudit(tx, [fact]));
    goOn();
    expect(await frozen).toBeInstanceOf(Error);
    expect((await verifyAudit(other.db)).problems).toEqual([]);
    for (const one of [still, other]) await one.close();
  });

  test('several transactions of one that stands still, in line for the audit, keep the others waiting no longer than two', async () => {
    const { url } = postgres as TestPostgres;
    const [still, other] = await Promise.all([openDatabase({ url }), openDatabase({ url })]);
    await migrate(still.db);
    const fact = { actor: 't', actorName: 'Test', role: 'auditor', purpose: 'oversight', action: 'test', outcome: 'done' as const };
    let goOn = () => {};
    const stands = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const frozen = Array.from({ length: 8 }, () =>
      withPurpose(still.db, 'oversight', 'oversight', async (tx) => {
        await appendAudit(tx, [fact]);
        await stands;
      }).catch((error: Error) => error),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    const since = performance.now();
    for (;;)
      try {
        await withPurpose(other.db, 'oversight', 'oversight', (tx) => appendAudit(tx, [fact]));
        break;
      } catch (error) {
        // Told after four seconds, and tried again.
        expect((error as { code?: string }).code).toBe('55P03');
      }
    expect(performance.now() - since).toBeLessThan(8000);
    // Whoever has to be seen is seen meanwhile, whatever all others wait for.
    const asked = performance.now();
    await sql`SELECT 1`.execute(still.apart);
    expect(performance.now() - asked).toBeLessThan(1000);
    goOn();
    await Promise.all(frozen);
    expect((await verifyAudit(other.db)).problems).toEqual([]);
    for (const one of [still, other]) await one.close();
  }, 40_000);
});
