import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FixStore } from '../platform/fixes/fix-store.ts';
import { restoreRecords } from './dump-postgres.ts';
import { BackupError, faultsOf, type Manifest } from './manifest.ts';

export interface Restored {
  /** Rows of the fix store, by table. */
  rows: Record<string, number>;
}

export interface RestoreOptions {
  /** Of the empty database that the records go to, where they were in PostgreSQL. */
  databaseUrl?: string | undefined;
  engineMb: number;
  onProgress?: (done: number, all: number) => void;
}

/**
 * Makes an installation of a backup: a data folder that is not there yet, and an empty database where the records were in PostgreSQL.
 * Every file is held against the manifest first.
 * @throws BackupError where the backup is not whole, or something is in the way
 */
export async function restoreBackup(
  { path, manifest }: { path: string; manifest: Manifest },
  data: string,
  { databaseUrl, engineMb, onProgress }: RestoreOptions,
): Promise<Restored> {
  const target = resolve(data);
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new BackupError(`${target} is there already, and not empty. Name a folder that is not there yet; nothing was written.`);
  if (manifest.records === 'postgres' && !databaseUrl)
    throw new BackupError(
      'The records of this backup were in PostgreSQL. Set DATABASE_URL to an empty database for them; nothing was written.',
    );
  if (manifest.records === 'pglite' && databaseUrl)
    throw new BackupError('The records of this backup were embedded, and DATABASE_URL is set. Unset it; nothing was written.');
  const faults = await faultsOf(path, manifest, onProgress);
  if (faults.length > 0)
    throw new BackupError(
      `The backup ${path} is not whole: ${faults.slice(0, 5).join('; ')}${faults.length > 5 ? ` and ${faults.length - 5} more` : ''}. Nothing was written.`,
    );
  const place = `${target}.unfinished`;
  await rm(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true, mode: 0o700 });
  try {
    if (existsSync(join(path, 'folder'))) await cp(join(path, 'folder'), place, { recursive: true, preserveTimestamps: true });
    if (manifest.records === 'pglite')
      await cp(join(path, 'records'), join(place, 'records'), { recursive: true, preserveTimestamps: true });
    // Tools that carry backups elsewhere leave empty folders out now and then.
    for (const folder of manifest.folders) mkdirSync(join(place, folder.replace(/^folder\//, '')), { recursive: true, mode: 0o700 });
    const rows = await FixStore.restore(join(place, 'fixes.duckdb'), engineMb, join(path, 'fixes'), manifest.fixes, manifest.audited);
    if (manifest.records === 'postgres') await restoreRecords(databaseUrl as string, join(path, 'records.dump'));
    await rm(target, { recursive: true, force: true });
    await rename(place, target);
    return { rows };
  } catch (error) {
    await rm(place, { recursive: true, force: true });
    throw error;
  }
}
