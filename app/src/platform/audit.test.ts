import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../test/postgres.ts';
import { recordsForTest } from '../../test/serve-for-test.ts';
import { toldInOrder } from '../../test/told-in-order.ts';
import { appendAudit, auditLength, verifyAudit } from './audit.ts';
import { keepHead, keptHeads } from './audit-head.ts';
import { DataFolder } from './data-folder.ts';
import { type OpenDatabase, openDatabase, UnsafeLoginError, withPurpose } from './database.ts';
import { migrate } from './migrate.ts';

const postgres: TestPostgres | null = await startPostgres();
if (!postgres)
  console.warn('PostgreSQL is not installed: these tests run on PGlite alone. With WAYMARK_NEEDS_POSTGRES=yes they fail instead.');
afterAll(() => postgres?.stop());

test.runIf(postgres)('a superuser login is refused, with the remedy', async () => {
  await expect(openDatabase({ url: (postgres as TestPostgres).adminUrl })).rejects.toThrow(UnsafeLoginError);
  await expect(openDatabase({ url: (postgres as TestPostgres).adminUrl })).rejects.toThrow(/CREATE ROLE waymark/);
});

const fact = (n: number) => ({
  actor: `a${n}`,
  actorName: `Person ${n}`,
  role: 'auditor',
  purpose: 'monitoring',
  action: 'subject.read',
  outcome: 'done' as const,
  detail: { z: n, a: [1, { b: 2 }] },
});

describe.each([['PGlite'], ...(postgres ? [['PostgreSQL']] : [])])('on %s', toldInOrder, (kind) => {
  let database: OpenDatabase;
  beforeAll(async () => {
    database = await (kind === 'PGlite' ? recordsForTest() : openDatabase({ url: (postgres as TestPostgres).url }));
    await migrate(database.db);
    // Applying the steps again changes nothing.
    await migrate(database.db);
  });
  afterAll(() => database?.close());

  const add = (n: number) => withPurpose(database.db, 'supervision', 'monitoring', (tx) => appendAudit(tx, [fact(n)]));

  test('a whole chain is found whole, written one by one and all at once', async () => {
    for (let n = 0; n < 5; n++) await add(n);
    await Promise.all(Array.from({ length: 10 }, (_, n) => add(n)));
    expect(await verifyAudit(database.db)).toEqual({ entries: 15, problems: [] });
    expect(await auditLength(database.db)).toBe(15);
  });

  test('no purpose, no rows; another purpose, no rows', async () => {
    await expect(
      withPurpose(database.db, 'oversight', '', (tx) => tx.selectFrom('oversight.audit_entries').select('seq').execute()),
    ).resolves.toEqual([]);
    await expect(
      withPurpose(database.db, 'oversight', 'monitoring', (tx) => tx.selectFrom('oversight.audit_entries').select('seq').execute()),
    ).resolves.toEqual([]);
    // The halves may read what was done about the person who asks, and nothing for any other purpose.
    for (const room of ['supervision', 'support'] as const) {
      for (const purpose of ['oversight', 'monitoring', 'support', 'self', 'retention'])
        await expect(
          withPurpose(database.db, room, purpose, (tx) => tx.selectFrom('oversight.audit_entries').select('seq').execute(), { self: 'x' }),
        ).resolves.toEqual([]);
    }
    await expect(
      withPurpose(database.db, 'support', 'monitoring', (tx) => sql`SELECT * FROM supervision.subjects`.execute(tx)),
    ).rejects.toThrow(/permission denied/);
    await expect(
      withPurpose(database.db, 'supervision', 'crime-matching', (tx) =>
        sql`INSERT INTO supervision.gateways (name, credential_hash) VALUES ('x', 'y')`.execute(tx),
      ),
    ).rejects.toThrow(/row-level security/);
  });

  test('nobody may change or remove an entry', async () => {
    for (const room of ['supervision', 'support', 'person', 'oversight'] as const) {
      await expect(
        withPurpose(database.db, room, 'oversight', (tx) => sql`UPDATE oversight.audit_entries SET actor = 'x'`.execute(tx)),
      ).rejects.toThrow(/permission denied/);
      await expect(
        withPurpose(database.db, room, 'oversight', (tx) => sql`DELETE FROM oversight.audit_entries`.execute(tx)),
      ).rejects.toThrow(/permission denied/);
    }
  });

  test.each([
    ['changed', `UPDATE oversight.audit_entries SET detail = '{"z": 99}' WHERE seq = 3`, 3],
    ['removed from the middle', 'DELETE FROM oversight.audit_entries WHERE seq = 7', 7],
    ['removed from the end', 'DELETE FROM oversight.audit_entries WHERE seq = 15', 15],
    ['rewritten with its own hash', `UPDATE oversight.audit_entries SET previous_hash = 'waymark' WHERE seq = 9`, 9],
  ])('an entry that was %s is found', async (_how, statement, seq) => {
    // As the owner of the database, past every rule.
    const owner =
      kind === 'PGlite'
        ? null
        : new (await import('pg')).default.Client({
            connectionString: (postgres as TestPostgres).adminUrl.replace(/\/postgres$/, '/waymark'),
          });
    await owner?.connect();
    const run = async (text: string) => (owner ? void (await owner.query(text)) : void (await database.executeSql(text)));
    await run('CREATE TABLE kept AS SELECT * FROM oversight.audit_entries');
    await run(statement);
    const { problems } = await verifyAudit(database.db);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.map((problem) => problem.seq)).toContain(seq);
    await run('DELETE FROM oversight.audit_entries');
    await run('INSERT INTO oversight.audit_entries SELECT * FROM kept');
    await run('DROP TABLE kept');
    await owner?.end();
    expect((await verifyAudit(database.db)).problems).toEqual([]);
  });

  test('a record that was written anew, or whose end was cut off, is told by what was signed of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'waymark-heads-'));
    const data = new DataFolder(folder);
    const own = kind === 'PGlite' ? await recordsForTest() : database;
    const put = (n: number) => withPurpose(own.db, 'supervision', 'monitoring', (tx) => appendAudit(tx, [fact(n)]));
    for (let n = 0; n < 6; n++) await put(n);
    const head = await keepHead(own.db, data);
    expect(keptHeads(data)).toEqual([head]);
    expect((await verifyAudit(own.db, keptHeads(data))).problems.filter(({ what }) => what.includes('sign'))).toEqual([]);
    await put(7);
    expect((await verifyAudit(own.db, [head])).problems.filter(({ what }) => what.includes('sign'))).toEqual([]);
    // A head that somebody made up.
    expect((await verifyAudit(own.db, [{ ...head, hash: 'other' }])).problems.map(({ what }) => what).join()).toContain(
      'not signed by the key',
    );
    const asOwner = async (statement: string) => {
      if (kind === 'PGlite') await own.executeSql(statement);
      else await (postgres as TestPostgres).asOwner(statement);
    };
    // The owner of the database begins a record that is whole in itself.
    await asOwner("DELETE FROM oversight.audit_entries; UPDATE oversight.audit_head SET seq = 0, hash = 'waymark'");
    for (let n = 0; n < head.seq + 2; n++) await put(n + 100);
    expect((await verifyAudit(own.db)).problems).toEqual([]);
    expect((await verifyAudit(own.db, keptHeads(data))).problems).toEqual([
      { seq: head.seq, what: expect.stringContaining('the record was written anew') },
    ]);
    await asOwner("DELETE FROM oversight.audit_entries; UPDATE oversight.audit_head SET seq = 0, hash = 'waymark'");
    await put(1);
    expect((await verifyAudit(own.db, keptHeads(data))).problems).toEqual([
      { seq: head.seq, what: expect.stringContaining('the end was cut off') },
    ]);
    if (own !== database) await own.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
