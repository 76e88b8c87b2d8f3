import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordsForTest } from '../../test/serve-for-test.ts';
import type { OpenDatabase } from './database.ts';
import { storable, storableParameter } from './storable.ts';

describe('any text can be stored', () => {
  let database: OpenDatabase;
  beforeAll(async () => {
    database = await recordsForTest();
    await database.executeSql('CREATE TABLE t (id int, plain text, json jsonb)');
  });
  afterAll(() => database.close());

  test('NUL and halves of pairs, in text and within JSON; everything else is as it was', async () => {
    const anyText = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\0', '\uD800', '\uDC00', '\\', '"', '\\u0000', 'u0000', '😀'),
        fc.string({ unit: 'binary', maxLength: 1 }),
      ),
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(anyText, anyText, async (plain, inner) => {
        const { sql } = await import('kysely');
        const json = JSON.stringify({ [inner]: [inner] });
        const { rows } = await sql<{
          plain: string;
          json: Record<string, string[]>;
        }>`SELECT ${plain}::text AS plain, ${json}::jsonb AS json`.execute(database.db);
        expect(rows[0]?.plain).toBe(storableParameter(plain));
        expect(rows[0]?.json).toEqual({ [storable(inner)]: [storable(inner)] });
        if (!plain.includes('\0') && plain.isWellFormed()) expect(storable(plain)).toBe(plain);
      }),
      { numRuns: 200 },
    );
  });
});
