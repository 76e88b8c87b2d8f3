import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/platform/database.ts';
import { startPostgres, type TestPostgres } from '../postgres.ts';
import { layCable } from './cable.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

describe.skipIf(!postgres)('records that are lost without a word', () => {
  it('keep nobody waiting: every question fails within seconds, and the next is asked on a new connection', async () => {
    const cable = await layCable((postgres as TestPostgres).url);
    const database = await openDatabase({ url: cable.url });
    const told: Error[] = [];
    const stop = await database.listen('test', {
      onMessage: () => undefined,
      onBreak: () => undefined,
      onError: (error) => told.push(error),
    });
    const asked = Array.from({ length: 4 }, () =>
      database.db.transaction().execute(async (tx) => {
        await sql`SELECT 1`.execute(tx);
        cable.cut();
        await sql`SELECT 1`.execute(tx);
      }),
    );
    const since = performance.now();
    const ended = await Promise.allSettled(asked);
    expect(ended.map(({ status }) => status)).toEqual(asked.map(() => 'rejected'));
    expect(performance.now() - since).toBeLessThan(15_000);
    expect((await sql<{ one: number }>`SELECT 1 AS one`.execute(database.db)).rows).toEqual([{ one: 1 }]);
    await stop();
    await database.close();
    cable.close();
  }, 40_000);
});
