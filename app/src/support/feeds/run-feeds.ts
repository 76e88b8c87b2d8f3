import { join } from 'node:path';
import { sql } from 'kysely';
import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, NotFoundError, type Performer } from '../../platform/action.ts';
import { type Database, withPurpose } from '../../platform/database.ts';
import type { Calendar } from '../../platform/days.ts';
import { importRecords, type RecordsImport, type RecordsSent } from '../records/index.ts';
import { type FeedPlaces, feedMapping } from './declare-feed.ts';
import { IncomingFolder } from './incoming-folder.ts';
import { type FeedView, feeds } from './read-feeds.ts';
import { isDue } from './when-due.ts';

/** Where the agency of a source puts its files: the number tells sources apart whose names look alike. */
export function folderOf({ incoming }: FeedPlaces, source: { id: number; name: string }): IncomingFolder {
  const name = source.name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
  return new IncomingFolder(join(incoming, name ? `${source.id}-${name}` : String(source.id)));
}

/** A run that has gone on for so long has died with its server. */
const longestRun = '6 hours';

/** Takes a feed for one run; nobody else reads it meanwhile. */
const beginRun: Action<null, { id: number }, FeedView> = {
  name: 'feed.run',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'feed', id });
    const found = await feeds(tx).where('f.id', '=', id).executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such feed, or it has ended.');
    const { numUpdatedRows } = await tx
      .updateTable('support.feeds')
      .set({ running_since: sql<Date>`now()` })
      .where('id', '=', id)
      .where(sql<boolean>`coalesce(running_since < now() - ${longestRun}::interval, true)`)
      .executeTakeFirst();
    if (Number(numUpdatedRows) === 0) throw new InvalidError('It is being read just now. Look again in a while.', 'running');
    return found;
  },
};

interface RunEnd {
  id: number;
  /** When it counts as read; null where something is still to come, or it was broken off: then it is begun again. */
  readAt: Date | null;
  lastImport: number | null;
  problem: string | null;
}

const endRun: Action<null, RunEnd, null> = {
  name: 'feed.run',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { id, readAt, lastImport, problem }) {
    note({ kind: 'feed', id }, { failed: problem !== null });
    await tx
      .updateTable('support.feeds')
      .set({
        running_since: null,
        last_problem: problem,
        ...(readAt === null ? {} : { last_run_at: readAt }),
        ...(lastImport === null ? {} : { last_import: lastImport }),
      })
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

type Taken = { result: RecordsImport; fault: string | null };

/** Reads one file or query. The fault is what somebody should know of it, though it was read. */
async function take(performer: Performer, actor: Actor, sent: RecordsSent, now?: () => Date): Promise<Taken> {
  const result = await importRecords(performer, actor, sent, undefined, now);
  const { rows, refused } = result.counts;
  const broken = result.problems.find(({ row, refused: whole }) => row === 0 && whole);
  if (broken) throw new InvalidError(broken.message);
  if (refused > 0 && refused === rows) throw new InvalidError(`Each of its ${rows} rows was refused. The import says why.`);
  return { result, fault: refused > 0 ? `${refused} of ${rows} rows were refused; the import says why.` : null };
}

/** What went wrong that nobody here can mend is told without what it says: that stands in the log. */
const inTheLog = 'It could not be read, for a reason that is in the log of the server. It is read again next time.';

/**
 * Reads a feed now. Of a folder each whole file, in order of name: one that was read is removed, since what it said is on record
 * and the agency has it; one that cannot be read is kept aside. Without an agreement in force files stay as they are.
 * @param onError told of what is no fault of a file or of the agency's database
 * @throws InvalidError when it is being read just now; NotFoundError
 */
export async function runFeed(
  performer: Performer,
  actor: Actor,
  id: number,
  places: FeedPlaces,
  calendar: Calendar,
  onError: (error: unknown) => void = () => undefined,
): Promise<FeedRun> {
  const now = calendar.now?.() ?? new Date();
  const feed = await performer.perform(actor, beginRun, null, { id });
  const run: FeedRun = { feed: id, sourceId: feed.sourceId, source: feed.source, read: 0, changed: 0, problem: null };
  const problems: string[] = [];
  let lastImport: number | null = null;
  let isOver = true;
  const count = ({ result, fault }: Taken, name: string) => {
    lastImport = result.importId;
    run.read++;
    run.changed += result.again ? 0 : result.counts.added + result.counts.changed + result.counts.facts;
    if (fault) problems.push(`${name}: ${fault}`);
  };
  const sent = { source: feed.source, timeZone: calendar.timeZone };
  try {
    const mapping = feedMapping(feed.mapping);
    if (feed.kind === 'database') {
      const url = places.databases.get(feed.database ?? '');
      if (!url) throw new InvalidError(`The database "${feed.database}" is not in the configuration any more.`);
      const name = `database ${feed.database}`;
      count(await take(performer, actor, { ...sent, mapping, database: url, name }, calendar.now), name);
    } else {
      const folder = folderOf(places, { id: feed.sourceId, name: feed.source });
      const { files, growing } = await folder.claim();
      if (growing) isOver = false;
      for (const [i, file] of files.entries()) {
        try {
          const taken = await take(performer, actor, { ...sent, mapping, path: file.path, fileName: file.name }, calendar.now);
          if (await folder.isChanged(file)) {
            problems.push(`${file.name}: it was still being written. It is read again when it is whole.`);
            isOver = false;
            await folder.putBack(file);
          } else {
            count(taken, file.name);
            await folder.remove(file);
          }
        } catch (error) {
          if (error instanceof InvalidError && error.field === 'source') {
            // Nothing is wrong with the files: they wait for an agreement.
            for (const left of files.slice(i)) await folder.putBack(left);
            throw error;
          }
          if (error instanceof InvalidError) {
            problems.push(`${file.name}: ${error.message}`);
            await folder.refuse(file, now);
          } else {
            onError(error);
            problems.push(`${file.name}: ${inTheLog}`);
            isOver = false;
          }
        }
      }
    }
  } catch (error) {
    if (!(error instanceof InvalidError)) onError(error);
    problems.push(error instanceof InvalidError ? error.message : inTheLog);
  }
  run.problem = problems.length > 0 ? problems.join(' ').slice(0, 2000) : null;
  await performer.perform(actor, endRun, null, { id, readAt: isOver ? now : null, lastImport, problem: run.problem });
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
      runs.push(await runFeed(performer, actor, id, places, calendar, onError));
    } catch (error) {
      // Somebody reads it by hand just now.
      if (!(error instanceof InvalidError && error.field === 'running')) onError(error);
    }
  }
  return runs;
}
