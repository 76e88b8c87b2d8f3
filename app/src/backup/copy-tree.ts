import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { BackupFile } from './manifest.ts';

/** A file written as lately as this before it was looked at may have been written again without a sign of it, ms. */
const unsureMs = 2000;

/** A tree of files that is to be in a backup. */
export interface Tree {
  from: string;
  backup: string;
  /** Its folder in the backup. */
  under: string;
  /** What is not copied, by its path in the tree. */
  leave: RegExp | null;
  /** A backup whose files are taken where the original has not been written since; the disk has one copy of them then. */
  earlier: { path: string; moment: string; files: BackupFile[] } | null;
}

/** A file of the tree that is in the backup. */
export interface Copied {
  /** In the tree. */
  path: string;
  bytes: number;
  modified: number;
  /** When it was copied, ms since 1970. */
  at: number;
  /** Where it is the earlier backup's own file. */
  sha256: string | null;
}

export interface TreeState {
  copied: Copied[];
  /** In the backup. */
  folders: string[];
}

/** What is in a folder and those below it. Nothing is looked for in what is left out: others may remove it meanwhile. */
function* entriesOf(from: string, below: string, leave: RegExp | null): Generator<{ path: string; isFolder: boolean; isFile: boolean }> {
  for (const entry of readdirSync(join(from, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (leave?.test(path)) continue;
    yield { path, isFolder: entry.isDirectory(), isFile: entry.isFile() };
    if (entry.isDirectory()) yield* entriesOf(from, path, leave);
  }
}

/**
 * Brings the copy of a tree up to what the tree is now. The first time all is copied, beside whoever writes; after that only what has
 * been written since. Blocks its thread.
 */
export function copyTree(tree: Tree, before: TreeState | null): TreeState {
  const { from, backup, under, leave, earlier } = tree;
  const sureUpto = earlier ? Date.parse(earlier.moment) - unsureMs : 0;
  const known = new Map(earlier?.files.filter(({ modified }) => modified < sureUpto).map((file) => [file.path, file]));
  const had = new Map(before?.copied.map((own) => [own.path, own]));
  const copied: Copied[] = [];
  const folders: string[] = [];
  for (const entry of entriesOf(from, '', leave)) {
    const { path } = entry;
    const place = join(backup, under, path);
    if (entry.isFolder) {
      mkdirSync(place, { recursive: true, mode: 0o700 });
      folders.push(namedIn(under, path));
    }
    if (!entry.isFile) continue;
    const own = statSync(join(from, path), { throwIfNoEntry: false });
    if (!own) continue;
    const [bytes, modified] = [own.size, own.mtimeMs];
    const last = had.get(path);
    had.delete(path);
    if (last && last.bytes === bytes && last.modified === modified && modified < last.at - unsureMs) {
      copied.push(last);
      continue;
    }
    const at = Date.now();
    mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
    rmSync(place, { force: true });
    const same = known.get(namedIn(under, path));
    if (
      same &&
      same.bytes === bytes &&
      same.modified === modified &&
      isLinked(join((earlier as { path: string }).path, same.path), place)
    ) {
      copied.push({ path, bytes, modified, at, sha256: same.sha256 });
      continue;
    }
    try {
      copyFileSync(join(from, path), place, constants.COPYFILE_FICLONE);
      copied.push({ path, bytes, modified, at, sha256: null });
    } catch (error) {
      // Gone since it was listed: whoever looks again knows.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  for (const path of had.keys()) rmSync(join(backup, under, path), { force: true });
  return { copied, folders };
}

/** Writes files of a backup through to the disk, and says what they are. Blocks its thread. */
export function describeFiles(backup: string, files: readonly { path: string; modified: number; sha256: string | null }[]): BackupFile[] {
  return files.map(({ path, modified, sha256 }) => {
    const file = join(backup, path);
    return { path, bytes: statSync(file).size, sha256: sha256 ?? hashThrough(file), modified };
  });
}

/** The files of a tree as they stand in the backup. */
export const inBackup = ({ under }: Tree, { copied }: TreeState) => copied.map((own) => ({ ...own, path: namedIn(under, own.path) }));

function namedIn(under: string, path: string): string {
  return `${under}/${path.replaceAll(sep, '/')}`;
}

function hashThrough(file: string): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1 << 20);
  const handle = openSync(file, 'r+');
  try {
    for (let read = readSync(handle, buffer); read > 0; read = readSync(handle, buffer)) hash.update(buffer.subarray(0, read));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return hash.digest('hex');
}

/** One copy on the disk for both, where the file system lets it be so. */
export function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch {
    return false;
  }
}
