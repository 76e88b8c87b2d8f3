import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FixesInBackup } from '../platform/fixes/back-up-fixes.ts';
import { ToldError } from '../platform/told-error.ts';

/** A backup cannot be taken, is not whole, or does not fit; the message says what to do. */
export class BackupError extends ToldError {
  override name = 'BackupError';
}

/** One file of a backup. */
export interface BackupFile {
  /** Within the backup, apart by “/”. */
  path: string;
  bytes: number;
  sha256: string;
  /** When the original was last written, ms since 1970, and how long it was: it is not copied again while both stay. */
  modified: number;
}

/** What stands at the top of a backup. */
export interface Manifest {
  format: 'waymark-backup';
  version: 1;
  /** Of the program that took it. */
  waymark: string;
  installation: string;
  records: 'pglite' | 'postgres';
  /** ISO 8601: all that was acknowledged before is in it. */
  moment: string;
  /** The last entry of the audit, and the last receipt on record; later ones, not acknowledged yet, may be among the fixes. */
  audited: number;
  recorded: number;
  fixes: FixesInBackup;
  files: BackupFile[];
  /** Folders that must be there even where nothing is in them. */
  folders: string[];
}

export const manifestName = 'manifest.json';

/** The backups in a folder, the oldest first. What is no backup, or not a whole one, is passed over. */
export function backupsIn(folder: string): { path: string; manifest: Manifest }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^\d{4}-\d\d-\d\dT[\d-]+Z$/.test(name) && existsSync(join(folder, name, manifestName)))
    .sort()
    .map((name) => ({ path: join(folder, name), manifest: readManifest(join(folder, name)) }));
}

/**
 * The manifest of one backup.
 * @throws BackupError where there is none that can be read
 */
export function readManifest(backup: string): Manifest {
  const file = join(backup, manifestName);
  if (!existsSync(file)) throw new BackupError(`${backup} is no backup of Waymark: there is no ${manifestName} in it.`);
  try {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    if (manifest.format === 'waymark-backup' && manifest.version === 1) return manifest;
  } catch {
    throw new BackupError(`${file} cannot be read. The backup is not whole; take another.`);
  }
  throw new BackupError(`${file} is of another version than this program reads. Restore it with the version that took it, or a later one.`);
}

/** The backup that was meant: the folder itself, or the newest of those in it. */
export function chosenBackup(folder: string): { path: string; manifest: Manifest } {
  if (existsSync(join(folder, manifestName))) return { path: folder, manifest: readManifest(folder) };
  const newest = backupsIn(folder).at(-1);
  if (!newest) throw new BackupError(`There is no backup in ${folder}. Name a folder that “waymark backup” wrote to.`);
  return newest;
}

/** SHA-256 of a file, in hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** Files of a backup that are missing or not what they were, in words. */
export async function faultsOf(
  backup: string,
  { files }: Manifest,
  onFile: (done: number, all: number) => void = () => undefined,
): Promise<string[]> {
  const faults: string[] = [];
  for (const [i, { path, bytes, sha256 }] of files.entries()) {
    const file = join(backup, path);
    const found = await stat(file).catch(() => null);
    if (!found) faults.push(`${path} is missing`);
    else if (found.size !== bytes) faults.push(`${path} has ${found.size} bytes in place of ${bytes}`);
    else if ((await sha256Of(file)) !== sha256) faults.push(`${path} was changed`);
    onFile(i + 1, files.length);
  }
  return faults;
}
