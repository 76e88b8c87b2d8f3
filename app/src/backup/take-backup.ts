import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { sql } from 'kysely';
import { headsUpto } from '../platform/audit-head.ts';
import { inThread } from '../platform/in-thread.ts';
import { type Marks, marksIn, marksQuery, noteName } from '../platform/installation.ts';
import { version } from '../version.ts';
import type { Waymark } from '../waymark.ts';
import { inBackup, isLinked, type Tree, type TreeState } from './copy-tree.ts';
import type { CopyTask } from './copy-worker.ts';
import { dumpRecords } from './dump-postgres.ts';
import { BackupError, type BackupFile, backupsIn, type Manifest, manifestName } from './manifest.ts';

export interface BackupTaken {
  path: string;
  moment: string;
  files: number;
  bytes: number;
  /** Of these, what was not in the backup before. */
  newBytes: number;
  fixes: number;
  tookMs: number;
  /** How long the records stood still for it; 0 with PostgreSQL. */
  stillMs: number;
  /** Earlier backups that were past their date, and went. */
  removed: string[];
}

export interface BackupOptions {
  /** A login for PostgreSQL that row-level security does not bind. */
  recordsUrl?: string;
  /** Earlier backups older than this go, days; the newest stays in any case. */
  keepDays?: number;
  onProgress?: (done: number, all: number) => void;
}

/** Folders that a backup is being written to by this process. */
const busy = new Set<string>();

/**
 * Takes a backup of both stores and the data folder while everything goes on. All that was acknowledged before its moment is in it.
 * What an earlier backup in the same folder holds unchanged is there once on the disk.
 * @param into folder of backups; each has one of its own in it, named by its moment
 * @throws BackupError
 */
export async function takeBackup(waymark: Waymark, into: string, options: BackupOptions = {}): Promise<BackupTaken> {
  const { folder, fixes, database } = waymark;
  const target = resolve(into);
  for (const [name, own] of [
    ['data', folder.path],
    ['shared', folder.shared],
  ] as const)
    if (!relative(resolve(own), target).startsWith('..'))
      throw new BackupError(`${target} is inside the ${name} folder. Name a folder elsewhere, on another disk if there is one.`);
  if (busy.has(target)) throw new BackupError(`A backup is being written to ${target} already. Wait until it ends.`);
  busy.add(target);
  try {
    mkdirSync(target, { recursive: true, mode: 0o700 });
    const { rows } = await sql<{ id: string }>`SELECT id::text AS id FROM platform.installation`.execute(database.db);
    const installation = rows[0]?.id ?? '';
    const earlier = backupsIn(target).at(-1) ?? null;
    if (earlier && earlier.manifest.installation !== installation)
      throw new BackupError(`${target} holds backups of another installation (${earlier.manifest.installation}). Name another folder.`);
    const startedAt = performance.now();
    const place = placeIn(target, installation, waymark);
    mkdirSync(join(place, 'fixes'), { recursive: true, mode: 0o700 });
    try {
      const records = await copyRecords(waymark, place, installation, earlier, options.recordsUrl);
      const held = await fixes.backUp(join(place, 'fixes'), records.receipt, earlier?.manifest.fixes ?? null, options.onProgress);
      const ofFixes = await placeFixes(place, [...held.parts.map(({ file }) => file), ...held.others], earlier);
      const ofFolder = await copyFolder(waymark, place, records.audited, earlier);
      const manifest: Manifest = {
        format: 'waymark-backup',
        version: 1,
        waymark: version,
        installation,
        records: database.kind,
        moment: records.moment.toISOString(),
        audited: records.audited,
        recorded: records.recorded,
        fixes: held,
        files: [...records.files, ...ofFixes, ...ofFolder.files],
        folders: [...records.folders, ...ofFolder.folders],
      };
      writeFileSync(join(place, manifestName), `${JSON.stringify(manifest, null, 1)}\n`, { mode: 0o600 });
      await described(place, [{ path: manifestName, modified: 0, sha256: null }]);
      const path = join(target, manifest.moment.replaceAll(/[:.]/g, '-'));
      await rename(place, path);
      await syncFolder(target);
      folder.noteBackup(manifest.moment);
      return {
        path,
        moment: manifest.moment,
        files: manifest.files.length,
        bytes: manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
        newBytes: newBytesOf(path, manifest, earlier),
        fixes: held.parts.reduce((sum, { table, rows: count }) => (table === 'fixes' ? sum + count : sum), 0),
        tookMs: Math.round(performance.now() - startedAt),
        stillMs: records.stillMs,
        removed: removeOld(target, options.keepDays),
      };
    } catch (error) {
      rmSync(place, { recursive: true, force: true });
      throw error;
    }
  } finally {
    busy.delete(target);
  }
}

const unfinishedPrefix = '.unfinished-';
const limits = { seconds: 24 * 3600, memoryMb: 1024 };
/** No backup takes so long: what another server left there that is older was broken off. */
const oldMs = limits.seconds * 1000;

/** Where a backup is written until it is whole. What this server left there before was broken off, and goes. */
function placeIn(target: string, installation: string, { fixes, folder }: Waymark): string {
  const ofAll = unfinishedPrefix + installation;
  // One process holds an installation; or one of several servers holds its own folder, whose name need not be told.
  const own = fixes.isShared ? `${ofAll}-${createHash('sha256').update(`${hostname()} ${folder.path}`).digest('hex').slice(0, 8)}` : ofAll;
  for (const name of readdirSync(target)) {
    // Another server may give one its name just now.
    const isOld = () => Date.now() - (statSync(join(target, name), { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > oldMs;
    if (name.startsWith(own) || (name.startsWith(ofAll) && isOld())) rmSync(join(target, name), { recursive: true, force: true });
  }
  return join(target, `${own}-${randomBytes(4).toString('hex')}`);
}

type Earlier = { path: string; manifest: Manifest } | null;
const filesOf = (earlier: Earlier) => earlier && { path: earlier.path, moment: earlier.manifest.moment, files: earlier.manifest.files };

interface CopiedRecords extends Marks {
  /** The last receipt that was stored at the moment: alerts may rest on fixes that are not on record yet. */
  receipt: number;
  moment: Date;
  stillMs: number;
  files: BackupFile[];
  folders: string[];
}

async function copyRecords(
  { database, fixes, folder }: Waymark,
  place: string,
  installation: string,
  earlier: Earlier,
  url?: string,
): Promise<CopiedRecords> {
  if (database.whileStill === null) {
    if (!url)
      throw new BackupError(
        'The records are in PostgreSQL, and the login of Waymark sees no rows of them without a purpose. Set WAYMARK_BACKUP_DATABASE_URL to a login for backups, see docs/operators.md.',
      );
    const file = join(place, 'records.dump');
    const marks = await dumpRecords(url, installation, file, fixes);
    return {
      ...marks,
      stillMs: 0,
      files: await described(place, [{ path: 'records.dump', modified: Date.now(), sha256: null }]),
      folders: [],
    };
  }
  const tree: Tree = { from: folder.own('records'), backup: place, under: 'records', leave: null, earlier: filesOf(earlier) };
  const first = await copied(tree, null);
  let stillMs = 0;
  const then = await database.whileStill(async (ask) => {
    const since = performance.now();
    const moment = new Date();
    const marks = marksIn((await ask(marksQuery)).rows);
    const state = await copied(tree, first);
    stillMs = Math.round(performance.now() - since);
    return { marks: { ...marks, receipt: fixes.lastReceipt }, moment, state };
  });
  const { marks, moment, state } = then;
  return { ...marks, moment, stillMs, files: await described(place, inBackup(tree, state)), folders: state.folders };
}

const copier = new URL('./copy-worker.ts', import.meta.url);

const inCopier = <T>(task: CopyTask): Promise<T> => inThread<T>(copier, task, limits);
const copied = (copy: Tree, before: TreeState | null): Promise<TreeState> => inCopier({ copy, before });

/** Files of the backup, written through to the disk. */
const described = (place: string, files: { path: string; modified: number; sha256: string | null }[]): Promise<BackupFile[]> =>
  inCopier({ describe: place, files });

/** Parts that an earlier backup has are put in place. */
async function placeFixes(place: string, names: readonly string[], earlier: Earlier): Promise<BackupFile[]> {
  const known = new Map(earlier?.manifest.files.map((file) => [file.path, file]));
  const files = names.map((name) => {
    const path = `fixes/${name}`;
    const before = known.get(path);
    const isThere = existsSync(join(place, path));
    if (isThere || !earlier || !before) return { path, modified: Date.now(), sha256: null };
    if (isLinked(join(earlier.path, path), join(place, path))) return { path, modified: before.modified, sha256: before.sha256 };
    copyFileSync(join(earlier.path, path), join(place, path));
    return { path, modified: before.modified, sha256: null };
  });
  return described(place, files);
}

/**
 * Not the records and the fix store, which have their own ways; of what servers share, not the copy of the fixes and the keys of the log,
 * which a new log has no use for; and not what is unfinished or of this run alone.
 */
const left = /^((records|fixes|log-keys)([/\\]|$)|fixes\.duckdb|(control|last-backup)\.json$)|\.(unfinished|part|[0-9a-f]{12})$/;

/** The rest of the data folder, or of the one that servers share: verdicts, keys and secrets, and what waits for a feed. */
async function copyFolder(
  { folder }: Waymark,
  place: string,
  audited: number,
  earlier: Earlier,
): Promise<{ files: BackupFile[]; folders: string[] }> {
  const isShared = folder.shared !== folder.path;
  const leave = isShared ? new RegExp(`${left.source}|^${noteName.replaceAll('.', '\\.')}$`) : left;
  const tree: Tree = { from: folder.shared, backup: place, under: 'folder', leave, earlier: filesOf(earlier) };
  const state = await copied(tree, null);
  const heads = join(place, 'folder/audit-heads.ndjson');
  const files: Parameters<typeof described>[1] = inBackup(tree, state);
  if (isShared) {
    // Where the records are is noted by each server for itself.
    copyFileSync(folder.own(noteName), join(place, 'folder', noteName));
    files.push({ path: `folder/${noteName}`, modified: Date.now(), sha256: null });
  }
  if (existsSync(heads)) {
    // What was signed after the moment of the records is of a future that the backup does not hold. Its own file: a link would be the earlier backup's.
    const text = headsUpto(readFileSync(heads, 'utf8'), audited);
    rmSync(heads);
    writeFileSync(heads, text, { mode: 0o600 });
    for (const file of files) if (file.path === 'folder/audit-heads.ndjson') Object.assign(file, { sha256: null, modified: Date.now() });
  }
  return { files: await described(place, files), folders: state.folders };
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Of what the backup takes on the disk, what no earlier one has: nothing waits here, for thousands of small steps would wait for their turn. */
function newBytesOf(path: string, { files }: Manifest, earlier: Earlier): number {
  const known = new Set(earlier?.manifest.files.map((file) => `${file.path} ${file.sha256}`));
  const isNew = (file: BackupFile) => !known.has(`${file.path} ${file.sha256}`) || statSync(join(path, file.path)).nlink < 2;
  return files.filter(isNew).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Backups that are past their date. The newest stays, however old it is. */
function removeOld(target: string, keepDays: number | undefined): string[] {
  if (keepDays === undefined) return [];
  const before = Date.now() - keepDays * 86_400_000;
  const old = backupsIn(target)
    .slice(0, -1)
    .filter(({ manifest }) => Date.parse(manifest.moment) < before);
  for (const { path } of old) rmSync(path, { recursive: true, force: true });
  return old.map(({ path }) => path);
}
