import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '@waymark/engine';
import { backUpFixes, type FixesInBackup, fillFixes } from './back-up-fixes.ts';

/** What servers share of all fixes beside the log, as it was up to a message of it: Parquet files, and this list of them. */
export interface SharedCopy extends FixesInBackup {
  message: number;
  /** ISO 8601. */
  at: string;
}

const listName = 'copy.json';
const placeName = 'fixes';

/** The copy that is there; null where none was made yet. */
export function sharedCopy(shared: string): SharedCopy | null {
  return listIn(join(shared, placeName));
}

function listIn(place: string): SharedCopy | null {
  const file = join(place, listName);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as SharedCopy) : null;
}

/**
 * Brings the copy up to date: new parts, and those in which something was erased. What is no part of it any more is removed.
 * @param reader a connection of its own
 * @returns the copy before, and the one now
 */
export async function writeSharedCopy(reader: Connection, shared: string): Promise<{ before: SharedCopy | null; now: SharedCopy }> {
  const place = join(shared, placeName);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const draft = mkdtempSync(join(place, 'new-'));
  const before = sharedCopy(shared);
  try {
    return { before, now: await replaceCopy(reader, place, draft, before) };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function replaceCopy(reader: Connection, place: string, draft: string, before: SharedCopy | null): Promise<SharedCopy> {
  const made = await backUpFixes(reader, draft, null, before, undefined, 'beside');
  const now: SharedCopy = {
    ...made,
    message: made.message ?? 0,
    others: made.others.map((file) => `${made.receipt}-${file}`),
    at: new Date().toISOString(),
  };
  for (const file of made.others) renameSync(join(draft, file), join(draft, `${made.receipt}-${file}`));
  // A server that is behind, or that took very long, must not put an older one in the place of what is there now.
  const there = listIn(place)?.message ?? 0;
  if (now.message < there)
    throw new Error(`This server has read the log up to message ${now.message}, and the copy goes up to ${there}: it is left as it is.`);
  for (const file of readdirSync(draft)) renameSync(join(draft, file), join(place, file));
  writeFileSync(join(draft, listName), `${JSON.stringify(now, null, 1)}\n`, { mode: 0o600 });
  // Whoever reads sees the one list or the other, and the files of both are there until now.
  renameSync(join(draft, listName), join(place, listName));
  const named = new Set([listName, ...now.others, ...now.parts.map(({ file }) => file)]);
  for (const file of readdirSync(place)) if (!named.has(file)) rmSync(join(place, file), { recursive: true, force: true });
  return now;
}

/** Fills an empty store from the copy, so that it goes on with the log where the copy ends. */
export async function fillFromCopy(writer: Connection, shared: string, copy: SharedCopy): Promise<void> {
  await fillFixes(writer, join(shared, placeName), copy);
  await writer.run(`UPDATE log_position SET message = ${Math.trunc(copy.message)}`);
}
