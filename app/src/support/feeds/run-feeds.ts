import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, NotFoundError, type Performer } from '../../platform/action.ts';
import { type Database, withPurpose } from '../../platform/database.ts';
import type { Calendar } from '../days.ts';
import { importRecords } from '../records/import-records.ts';
import { type FeedPlaces, feedMapping } from './declare-feed.ts';
import { type FeedView, feeds } from './read-feeds.ts';
import { isDue } from './when-due.ts';

/** The folder that a source's agency puts its files in. */
export function folderOf({ incoming }: FeedPlaces, source: string): string {
  const name = source
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
  return join(incoming, name || 'source');
}

const readFeed: Action<null, { id: number }, FeedView> = {
  name: 'feed.run',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'feed', id });
    const found = await feeds(tx).where('f.id', '=', id).executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such feed, or it has ended.');
    return found;
  },
};

/** Only now the feed counts as read: what was broken off is begun again. */
const endRun: Action<null, { id: number; now: Date; lastImport: number | null; problem: string | null }, null> = {
  name: 'feed.run',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { id, now, lastImport, problem }) {
    note({ kind: 'feed', id }, { failed: problem !== null });
    await tx
      .updateTable('support.feeds')
      .set({ last_run_at: now, last_problem: problem, ...(lastImport === null ? {} : { last_import: lastImport }) })
      .where('id', '=', id)
      .execute();
    return null;
  },
};

export interface FeedRun {
  feed: number;
  sourceId: number;
  source: string;
  /** Files or queries that were read. */
  read: number;
  /** Records that are new or changed, and new statements. */
  changed: number;
  problem: string | null;
}

/** A file that was written to within this time may not be whole yet, ms. */
const settledMs = 20_000;

/**
 * Reads a feed now. Of a folder each file, in order of name: one that was read is removed, since what it said is on record and the
 * agency has it; one that cannot be read stays, with “.refused” after its name.
 */
export async function runFeed(performer: Performer, actor: Actor, id: number, places: FeedPlaces, calendar: Calendar): Promise<FeedRun> {
  const now = calendar.now?.() ?? new Date();
  const feed = await performer.perform(actor, readFeed, null, { id });
  const run: FeedRun = { feed: id, sourceId: feed.sourceId, source: feed.source, read: 0, changed: 0, problem: null };
  let lastImport: number | null = null;
  const take = async (from: { path: string; fileName: string } | { database: string; name: string }) => {
    const mapping = feedMapping(feed.mapping);
    const result = await importRecords(
      performer,
      actor,
      { ...from, source: feed.source, mapping, timeZone: calendar.timeZone },
      undefined,
      calendar.now,
    );
    lastImport = result.importId;
    run.read++;
    run.changed += result.again ? 0 : result.counts.added + result.counts.changed + result.counts.facts;
    const broken = result.problems.find(({ row, refused }) => row === 0 && refused);
    if (broken) throw new InvalidError(broken.message);
  };
  try {
    if (feed.kind === 'database') {
      const url = places.databases.get(feed.database ?? '');
      if (!url) throw new InvalidError(`The database "${feed.database}" is not in the configuration any more.`);
      await take({ database: url, name: `database ${feed.database}` });
    } else {
      const folder = folderOf(places, feed.source);
      await mkdir(folder, { recursive: true });
      for (const name of (await readdir(folder)).sort()) {
        const path = join(folder, name);
        const file = await stat(path);
        if (!file.isFile() || /^\.|\.(refused|part|tmp)$/.test(name) || Date.now() - file.mtimeMs < settledMs) continue;
        try {
          await take({ path, fileName: name });
          await rm(path);
        } catch (error) {
          // Without an agreement in force nothing is wrong with the file: it waits for one.
          if (!(error instanceof InvalidError) || error.field === 'source') throw error;
          run.problem = `${name}: ${error.message}`;
          await rename(path, `${path}.refused`);
        }
      }
    }
  } catch (error) {
    run.problem = error instanceof InvalidError ? error.message : 'It could not be read, for a reason that is in the log of the server.';
    if (!(error instanceof InvalidError)) {
      await performer.perform(actor, endRun, null, { id, now, lastImport, problem: run.problem });
      throw error;
    }
  }
  await performer.perform(actor, endRun, null, { id, now, lastImport, problem: run.problem });
  return run;
}

/** Feeds whose time has come. */
async function dueFeeds(db: Database, calendar: Calendar): Promise<number[]> {
  const now = calendar.now?.() ?? new Date();
  const all = await withPurpose(db, 'support', 'record-linkage', (tx) => feeds(tx).execute());
  return all.filter((feed) => isDue(feed, feed.lastRunAt ?? feed.createdAt, now, calendar.timeZone)).map(({ id }) => id);
}

/** Has the time of any feed come? */
export async function areFeedsDue(db: Database, calendar: Calendar): Promise<boolean> {
  return (await dueFeeds(db, calendar)).length > 0;
}

/** Reads every feed whose time has come. One that fails does not keep the others from being read. */
export async function runDueFeeds(
  db: Database,
  performer: Performer,
  actor: Actor,
  places: FeedPlaces,
  calendar: Calendar,
  onError: (error: unknown) => void = () => undefined,
): Promise<FeedRun[]> {
  const runs: FeedRun[] = [];
  for (const id of await dueFeeds(db, calendar)) {
    try {
      runs.push(await runFeed(performer, actor, id, places, calendar));
    } catch (error) {
      onError(error);
    }
  }
  return runs;
}
