import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Database } from './database.ts';

const folder = join(import.meta.dirname, '../../migrations');

/** Brings the schema up to date, one file per step, in order of name. */
export async function migrate(db: Database): Promise<void> {
  const migrator = new Migrator({
    // biome-ignore lint/suspicious/noExplicitAny: the schema differs from step to step
    db: db as Kysely<any>,
    migrationTableSchema: 'public',
    provider: {
      getMigrations: async () => {
        const migrations: Record<string, Migration> = {};
        for (const file of readdirSync(folder).sort()) {
          if (file.endsWith('.ts')) migrations[file.replace(/\.ts$/, '')] = await import(join(folder, file));
        }
        return migrations;
      },
    },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (!error) return;
  const failed = results?.find((result) => result.status === 'Error');
  throw new Error(`Migration ${failed?.migrationName ?? '?'} failed: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
