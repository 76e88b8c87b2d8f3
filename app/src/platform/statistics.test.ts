import { expect, test } from 'vitest';
import { recordsForTest } from '../../test/serve-for-test.ts';
import { analyseGrown } from './statistics.ts';

test('the embedded database learns what has grown, once', async () => {
  const database = await recordsForTest();
  await database.executeSql('CREATE TABLE grown (id integer, other integer); CREATE TABLE small (id integer)');
  await database.executeSql('INSERT INTO grown SELECT n, n FROM generate_series(1, 5000) n; INSERT INTO small VALUES (1)');
  // Counts of changes are told between transactions, at most once a second.
  let looked: string[] = [];
  for (let i = 0; i < 50 && looked.length === 0; i++) {
    looked = await analyseGrown(database);
    if (looked.length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(looked).toEqual(['public.grown']);
  const { rows } = (await database.executeSql("SELECT reltuples::int AS n FROM pg_class WHERE relname = 'grown'")) as {
    rows: { n: number }[];
  };
  expect(rows[0]?.n).toBe(5000);
  await database.close();
});
