import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Database } from './database.ts';
import { ToldError } from './told-error.ts';

const folder = join(import.meta.dirname, '../../migrations');
/** The last migration of the first public build. Records of before it are not read. */
const firstPublic = '0021-made-up-crimes';

/** These records cannot be brought up to date; the message says why and what to do. */
export class MigrationError extends ToldError {
  override name = 'MigrationError';
}

/** SHA-256 of each migration's file, whatever ends its lines, by name. */
export function migrationHashes(): Map<string, string> {
  return new Map(
    migrationFiles().map((file) => {
      const text = readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n');
      return [file.replace(/\.ts$/, ''), createHash('sha256').update(text).digest('hex')];
    }),
  );
}

/** What each migration's file was when it was first released: none of them changes any more. */
export function frozenHashes(): Map<string, string> {
  const text = readFileSync(join(folder, 'frozen.json'), 'utf8');
  return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
}

/**
 * Migrations whose file is not what it was when it was frozen, or that are not frozen or not there at all, in words; empty when all is
 * well. `npm run freeze` freezes new ones.
 */
export function unfrozen(now = migrationHashes(), frozen = frozenHashes()): string[] {
  return [...new Set([...now.keys(), ...frozen.keys()])].sort().flatMap((name) => {
    if (!now.has(name)) return [`${name} is gone`];
    if (!frozen.has(name)) return [`${name} is not frozen`];
    return now.get(name) === frozen.get(name) ? [] : [`${name} was changed`];
  });
}

function migrationFiles(): string[] {
  return readdirSync(folder)
    .filter((file) => /^\d{4}-.*\.ts$/.test(file))
    .sort();
}

/**
 * Brings the schema up to date, one file per step, in order of name.
 * @throws MigrationError when these records were made by other migrations than those at hand, by a later build, or before the first public one
 */
export async function migrate(db: Database): Promise<void> {
  const changed = unfrozen();
  if (changed.length > 0)
    throw new MigrationError(
      `The migrations of this build are not those that were released: ${changed.join('; ')}. Restore their files; what has run is never edited.`,
    );
  await checkApplied(db);
  const migrator = new Migrator({
    // biome-ignore lint/suspicious/noExplicitAny: the schema differs from step to step
    db: db as Kysely<any>,
    migrationTableSchema: 'public',
    provider: {
      getMigrations: async () => {
        const migrations: Record<string, Migration> = {};
        for (const file of migrationFiles()) migrations[file.replace(/\.ts$/, '')] = await import(join(folder, file));
        return migrations;
      },
    },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error) {
    const failed = results?.find((result) => result.status === 'Error');
    throw new Error(`Migration ${failed?.migrationName ?? '?'} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const hashes = [...migrationHashes()].map(([name, sha256]) => ({ name, sha256 }));
  await sql`INSERT INTO platform.migration_hashes (name, sha256)
    SELECT name, sha256 FROM jsonb_to_recordset(${JSON.stringify(hashes)}::jsonb) AS x(name text, sha256 text) ON CONFLICT (name) DO NOTHING`.execute(
    db,
  );
}

/** Whether what has run on these records is what is at hand. */
async function checkApplied(db: Database): Promise<void> {
  const exists = async (table: string) => {
    const { rows } = await sql<{ found: boolean }>`SELECT to_regclass(${table}) IS NOT NULL AS found`.execute(db);
    return rows[0]?.found ?? false;
  };
  if (!(await exists('public.kysely_migration'))) return;
  const applied = (await sql<{ name: string }>`SELECT name FROM public.kysely_migration ORDER BY name`.execute(db)).rows.map(
    ({ name }) => name,
  );
  if (applied.length === 0) return;
  const now = migrationHashes();
  const later = applied.filter((name) => !now.has(name));
  if (later.length > 0)
    throw new MigrationError(
      `These records were made by a later build, which has ${later.join(', ')}. Start that build, or restore a backup of before it.`,
    );
  if (!applied.includes(firstPublic))
    throw new MigrationError(
      `These records were made before the first public build (${firstPublic}), and are not read by later ones. Start the build that made them, or begin with an empty folder.`,
    );
  if (!(await exists('platform.migration_hashes'))) return;
  const ran = (await sql<{ name: string; sha256: string }>`SELECT name, sha256 FROM platform.migration_hashes`.execute(db)).rows;
  const other = ran.filter(({ name, sha256 }) => now.get(name) !== sha256).map(({ name }) => name);
  if (other.length > 0)
    throw new MigrationError(
      `These records were made by other files of ${other.join(', ')} than this build has. Start the build that made them.`,
    );
}
