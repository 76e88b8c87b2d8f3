import { sql } from 'kysely';
import { afterAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../test/postgres.ts';
import { openDatabase } from './database.ts';

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
});
