import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Engine } from './index.ts';

const shape = { i: 'i32', b: 'u8', s: 'u16', f: 'f32', d: 'f64', t: 'time', x: 'text' } as const;

test('typed columns come back as they went in, with what was missing', async () => {
  const engine = await Engine.open(':memory:');
  const db = await engine.connect();
  const row = fc.record({
    i: fc.integer(),
    b: fc.integer({ min: 0, max: 255 }),
    s: fc.integer({ min: 0, max: 65_535 }),
    f: fc.option(fc.float({ noNaN: true, noDefaultInfinity: true }), { nil: Number.NaN }),
    d: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: Number.NaN }),
    t: fc.integer({ min: -62_000_000_000_000, max: 200_000_000_000_000 }),
    x: fc.option(fc.string({ maxLength: 30 }).filter((text) => !text.includes('\0'))),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 40 }), fc.integer({ min: 1, max: 120 }), async (rows, repeat) => {
      // Long enough, now and then, to run over several chunks.
      const all = Array.from({ length: repeat }, () => rows).flat();
      await db.run('CREATE OR REPLACE TABLE t (i INTEGER, b UTINYINT, s USMALLINT, f FLOAT, d DOUBLE, t BIGINT, x VARCHAR)');
      await db.append(
        't',
        shape,
        {
          i: Int32Array.from(all, ({ i }) => i),
          b: Uint8Array.from(all, ({ b }) => b),
          s: Uint16Array.from(all, ({ s }) => s),
          f: Float32Array.from(all, ({ f }) => f),
          d: Float64Array.from(all, ({ d }) => d),
          t: Float64Array.from(all, ({ t }) => t),
          x: all.map(({ x }) => x),
        },
        all.length,
      );
      const { count, columns } = await db.columns('SELECT * FROM t', shape);
      expect(count).toBe(all.length);
      for (let k = 0; k < count; k++) {
        const expected = all[k] as (typeof all)[number];
        expect([columns.i[k], columns.b[k], columns.s[k], columns.f[k], columns.t[k], columns.x[k]]).toEqual([
          expected.i,
          expected.b,
          expected.s,
          expected.f,
          expected.t,
          expected.x,
        ]);
        expect(columns.d[k]).toBe(expected.d);
      }
      const [missing] = await db.rows<{ n: number }>('SELECT count(*) AS n FROM t WHERE d IS NULL');
      expect(missing?.n).toBe(all.filter(({ d }) => Number.isNaN(d)).length);
    }),
    { seed: 9, numRuns: 40 },
  );
  db.close();
  engine.close();
});

test('an error rolls all of a transaction back', async () => {
  const engine = await Engine.open(':memory:');
  const db = await engine.connect();
  await db.run('CREATE TABLE t (i INTEGER)');
  await expect(
    db.transaction(async () => {
      await db.run('INSERT INTO t VALUES (1)');
      await db.run('SELECT no_such_column FROM t');
    }),
  ).rejects.toThrow();
  expect(await db.rows('SELECT * FROM t')).toEqual([]);
  db.close();
  engine.close();
});

test('questions that are asked at once on one connection each get their whole answer', async () => {
  const engine = await Engine.open(':memory:');
  const db = await engine.connect();
  await db.run('CREATE TABLE numbers AS SELECT range::INTEGER AS n, (range % 7)::INTEGER AS day FROM range(20000)');
  const columns = (day: number) => db.columns(`SELECT n FROM numbers WHERE day = ${day}`, { n: 'i32' });
  const scanned = async (day: number) => {
    let count = 0;
    await db.scan(`SELECT n FROM numbers WHERE day >= ${day}`, { n: 'i32' }, [], (_columns, rows) => {
      count += rows;
    });
    return count;
  };
  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      if (i % 3 === 0) return (await columns(i % 7)).count;
      if (i % 3 === 1) return scanned(i % 7);
      return (await db.rows<{ n: number }>(`SELECT count(*)::INTEGER AS n FROM numbers WHERE day = ${i % 7}`))[0]?.n;
    }),
  );
  const ofDay = (day: number) => Math.floor((20000 - day - 1) / 7) + 1;
  const from = (day: number) => Array.from({ length: 7 - day }, (_, i) => ofDay(day + i)).reduce((a, b) => a + b, 0);
  expect(answers).toEqual(Array.from({ length: 60 }, (_, i) => (i % 3 === 1 ? from(i % 7) : ofDay(i % 7))));
  db.close();
  engine.close();
});
