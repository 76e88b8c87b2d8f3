import { execFileSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { EngineDamagedError } from '@waymark/engine';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { auditVerifyCommand } from '../src/commands/audit.ts';
import { runCommand } from '../src/commands/run-command.ts';
import { readConfig } from '../src/config.ts';
import { verifyAudit } from '../src/platform/audit.ts';
import { withPurpose } from '../src/platform/database.ts';
import { frozenHashes, MigrationError, migrationHashes, unfrozen } from '../src/platform/migrate.ts';
import { decodeWaymark } from '../src/supervision/fixes/decode/decode-waymark.ts';
import { openWaymark, type Waymark } from '../src/waymark.ts';
import { startPostgres } from './postgres.ts';
import { keptReleases, unpackFolder } from './releases/kept-release.ts';
import { fillFromTemplate, temporaryFolder } from './serve-for-test.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());
const folders: { remove(): void }[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

function newFolder(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder.path;
}

/** A folder with empty stores. */
function readyFolder(): string {
  const path = newFolder();
  fillFromTemplate(path);
  return path;
}

const configOf = (path: string, env: Record<string, string> = {}) =>
  readConfig({ NODE_ENV: 'test', WAYMARK_DATA: path, WAYMARK_LOG: 'silent', WAYMARK_DEMO: 'no', WAYMARK_ENGINE_MB: '256', ...env });
const open = (path: string, env: Record<string, string> = {}, options = {}) => openWaymark(configOf(path, env), options);

/** Takes in some fixes of a tag that nobody wears: they are acknowledged, and lie in quarantine. */
async function acknowledge(waymark: Waymark, first: number, count = 1): Promise<number> {
  let receipt = 0;
  for (let i = first; i < first + count; i++) {
    const at = new Date(Date.UTC(2026, 4, 1, 10, i)).toISOString();
    const text = JSON.stringify({ tag: 'T1', at, lat: 51.5, lon: -0.1, accuracy: 5 });
    receipt = (await waymark.intake.accept(decodeWaymark(text), { kind: 'gateway', name: 'test' })).receipt;
  }
  return receipt;
}

async function filled(count: number, env: Record<string, string> = {}): Promise<string> {
  const path = newFolder();
  if (!env.DATABASE_URL) fillFromTemplate(path);
  const waymark = await open(path, env);
  await acknowledge(waymark, 0, count);
  await waymark.close();
  return path;
}

describe('the two stores', () => {
  test('a fix store whose end was cut is told at start, and no receipt number is given twice', async () => {
    const path = readyFolder();
    let waymark = await open(path);
    await acknowledge(waymark, 0, 3);
    await waymark.close();
    const early = join(newFolder(), 'early.duckdb');
    cpSync(join(path, 'fixes.duckdb'), early);
    waymark = await open(path);
    const last = await acknowledge(waymark, 3, 4);
    await waymark.close();
    // What is left is whole, and ends earlier than what was acknowledged.
    cpSync(early, join(path, 'fixes.duckdb'));
    rmSync(join(path, 'fixes.duckdb.wal'), { force: true });
    await expect(open(path)).rejects.toThrow(
      new RegExp(`know receipts up to ${last}, the fix store holds up to ${last - 4}.*repair --yes`),
    );
    const again = await open(path, {}, { repair: true });
    expect(again.repaired).toContain(`lostTo ${last}`);
    expect(await acknowledge(again, 20)).toBe(last + 1);
    expect((await verifyAudit(again.database.db)).problems).toEqual([]);
    const onRecord = await withPurpose(again.database.db, 'oversight', 'oversight', (tx) =>
      tx.selectFrom('oversight.audit_entries').select('detail').where('action', '=', 'store.repair').execute(),
    );
    expect(onRecord.map(({ detail }) => detail)).toEqual([{ lostFrom: last - 3, lostTo: last }]);
    await again.close();
    await (await open(path)).close();
  });

  test('a write-ahead log that was cut is told at start', async () => {
    const path = readyFolder();
    // A server that is killed leaves its log: a copy of both halves while it runs is what that looks like.
    const waymark = await open(path);
    const last = await acknowledge(waymark, 0, 6);
    const copy = newFolder();
    cpSync(path, copy, { recursive: true });
    await waymark.close();
    rmSync(join(copy, 'records/postmaster.pid'), { force: true });
    const log = join(copy, 'fixes.duckdb.wal');
    truncateSync(log, statSync(log).size - 777);
    const opened = await open(copy).then(
      async (running) => {
        const receipt = running.fixes.lastReceipt;
        await running.close();
        return receipt;
      },
      (error: Error) => error,
    );
    expect(opened).toBeInstanceOf(Error);
    expect((opened as Error).message).toMatch(/end of the fix store is gone|damaged/);
    const again = await open(copy, {}, { repair: true });
    expect(await acknowledge(again, 30)).toBe(last + 1);
    await again.close();
  });

  test('half of another installation, or an empty half, is refused whichever it is', async () => {
    const [one, other] = [await filled(3), await filled(5)];
    const swapped = newFolder();
    cpSync(one, swapped, { recursive: true });
    cpSync(join(other, 'fixes.duckdb'), join(swapped, 'fixes.duckdb'));
    await expect(open(swapped)).rejects.toThrow(/belongs to another installation/);
    await expect(open(swapped, {}, { repair: true })).rejects.toThrow(/belongs to another installation/);
    rmSync(join(swapped, 'fixes.duckdb'));
    await expect(open(swapped)).rejects.toThrow(/records know of 3 receipts, and the fix store is empty or new/);
    const emptied = newFolder();
    cpSync(one, emptied, { recursive: true });
    rmSync(join(emptied, 'records'), { recursive: true });
    fillFromTemplate(emptied);
    await expect(open(emptied)).rejects.toThrow(/records are new or of before/);
  });

  test('records older than the fix store are told at start', async () => {
    const path = await filled(2);
    const before = newFolder();
    cpSync(join(path, 'records'), join(before, 'records'), { recursive: true });
    const waymark = await open(path);
    await acknowledge(waymark, 10, 3);
    await waymark.close();
    rmSync(join(path, 'records'), { recursive: true });
    cpSync(join(before, 'records'), join(path, 'records'), { recursive: true });
    await expect(open(path)).rejects.toThrow(/records are older than the fix store/);
    const again = await open(path, {}, { repair: true });
    expect(again.repaired).toContain('receipts are put on record again');
    await again.close();
    await (await open(path)).close();
  });

  test.skipIf(!postgres)('a folder whose records are in PostgreSQL gets no embedded ones beside it', async () => {
    const env = { DATABASE_URL: postgres?.url ?? '' };
    const path = await filled(2, env);
    await expect(open(path)).rejects.toThrow(/records of .* are in PostgreSQL, and DATABASE_URL is not set/);
    await expect(runCommand(auditVerifyCommand, configOf(path), {}, async () => undefined)).rejects.toThrow(/DATABASE_URL/);
    expect(existsSync(join(path, 'records'))).toBe(false);
    rmSync(join(path, 'installation.json'));
    await expect(open(path)).rejects.toThrow(/DATABASE_URL is not set/);
    await (await open(path, env)).close();
    const embedded = await filled(1);
    await expect(open(embedded, env)).rejects.toThrow(/embedded in it, and DATABASE_URL is set/);
  });

  test('nobody else on the machine can read the data folder, an older one neither', async () => {
    const path = newFolder();
    mkdirSync(join(path, 'files'), { recursive: true, mode: 0o755 });
    writeFileSync(join(path, 'old.json'), '{}', { mode: 0o644 });
    const waymark = await open(path);
    await acknowledge(waymark, 0);
    await waymark.close();
    const loose = readdirSync(path, { recursive: true, withFileTypes: true })
      .map((entry) => ({ name: join(entry.parentPath, entry.name), mode: statSync(join(entry.parentPath, entry.name)).mode & 0o077 }))
      .filter(({ mode }) => mode !== 0);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(loose.filter(({ name }) => !name.includes('/records/'))).toEqual([]);
  });

  test('a damaged fix store is said to be damaged, and not in use', async () => {
    const path = await filled(40);
    const file = openSync(join(path, 'fixes.duckdb'), 'r+');
    writeSync(file, Buffer.alloc(300, 7), 0, 300, 4096 * 3);
    closeSync(file);
    const error = await open(path).catch((problem: Error) => problem);
    expect(error).toBeInstanceOf(EngineDamagedError);
    expect((error as Error).message).toMatch(/damaged.*Restore it from a backup/);
    expect((error as Error).message).not.toContain('in use');
  });
});

describe('migrations', () => {
  test('each is what it was when it was released, and none is missing', () => {
    expect(unfrozen()).toEqual([]);
    const [first = '', second = ''] = [...migrationHashes().keys()];
    const now = new Map(migrationHashes()).set(first, 'edited').set('9999-new', 'x');
    now.delete(second);
    expect(unfrozen(now, frozenHashes())).toEqual([`${first} was changed`, `${second} is gone`, '9999-new is not frozen']);
  });

  test('records of a later build, of other files or of before the first public build are refused in words', async () => {
    const path = await filled(1);
    const change = async (statement: string) => {
      const { openDatabase } = await import('../src/platform/database.ts');
      const database = await openDatabase({ folder: join(path, 'records') });
      await database.executeSql(statement);
      await database.close();
    };
    await change("INSERT INTO public.kysely_migration (name, timestamp) VALUES ('9001-later', '2030-01-01')");
    await expect(open(path)).rejects.toThrow(/made by a later build, which has 9001-later/);
    await change("DELETE FROM public.kysely_migration WHERE name = '9001-later'");
    await change("UPDATE platform.migration_hashes SET sha256 = 'other' WHERE name = '0010-x' OR name LIKE '0010%'");
    await expect(open(path)).rejects.toThrow(MigrationError);
    await change("DELETE FROM public.kysely_migration WHERE name >= '0021'");
    await expect(open(path)).rejects.toThrow(/before the first public build/);
  });

  for (const release of keptReleases('pglite'))
    test(`the data of ${release} opens`, async () => {
      const path = newFolder();
      unpackFolder(join(import.meta.dirname, 'releases', release), path);
      await holdsWhatItHeld(await open(path));
      await holdsWhatItHeld(await open(path));
    });

  for (const release of keptReleases('postgres'))
    test.skipIf(!postgres)(`the data of ${release} opens`, async () => {
      const path = newFolder();
      unpackFolder(join(import.meta.dirname, 'releases', release), path);
      const name = `kept_${release.replace(/\W/g, '_')}`;
      const as = (url: string, input: string) =>
        execFileSync((postgres as { program(name: string): string }).program('psql'), ['-q', '-v', 'ON_ERROR_STOP=1', '-d', url], {
          input,
          stdio: ['pipe', 'ignore', 'inherit'],
        });
      const url = (postgres?.url ?? '').replace(/\/waymark$/, `/${name}`);
      for (const room of ['supervision', 'support', 'person', 'oversight'])
        as(
          postgres?.url ?? '',
          `DO $$ BEGIN CREATE ROLE waymark_${room} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT waymark_${room} TO waymark;`,
        );
      as(postgres?.url ?? '', `CREATE DATABASE ${name};`);
      as(url, readFileSync(join(path, 'records.sql'), 'utf8'));
      await holdsWhatItHeld(await open(path, { DATABASE_URL: url }));
      await holdsWhatItHeld(await open(path, { DATABASE_URL: url }));
    });
});

/** The town of a kept release: fixes, an audit that is whole, and everybody on record. */
async function holdsWhatItHeld(waymark: Waymark): Promise<void> {
  try {
    expect(waymark.fixes.lastReceipt).toBeGreaterThan(0);
    const audit = await verifyAudit(waymark.database.db);
    expect(audit.problems).toEqual([]);
    expect(audit.entries).toBeGreaterThan(100);
    const subjects = await withPurpose(waymark.database.db, 'supervision', 'monitoring', (tx) =>
      tx.selectFrom('supervision.subjects').select('id').execute(),
    );
    expect(subjects.length).toBeGreaterThan(5);
    const persons = await withPurpose(waymark.database.db, 'support', 'support', (tx) =>
      tx.selectFrom('support.persons').select('id').execute(),
    );
    expect(persons.length).toBeGreaterThan(50);
  } finally {
    await waymark.close();
  }
}
