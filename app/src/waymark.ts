import { rmSync } from 'node:fs';
import type { Config } from './config.ts';
import { AccessPolicy } from './platform/access.ts';
import { Performer } from './platform/action.ts';
import { DataFolder } from './platform/data-folder.ts';
import { type OpenDatabase, openDatabase } from './platform/database.ts';
import { FixStore } from './platform/fix-store.ts';
import { migrate } from './platform/migrate.ts';
import { Intake, LiveWatch, Positions, VerdictStore } from './supervision/index.ts';

/** Everything that is open while Waymark runs, in a server or for one command. */
export interface Waymark {
  config: Config;
  folder: DataFolder;
  database: OpenDatabase;
  access: AccessPolicy;
  performer: Performer;
  fixes: FixStore;
  verdicts: VerdictStore;
  intake: Intake;
  live: LiveWatch;
  positions: Positions;
  timeZone: string;
  secondReview: boolean;
  close(): Promise<void>;
}

/**
 * Opens the stores, the fix store first: its lock says whether the data folder is free.
 * @throws EngineBusyError when another process holds the data folder
 */
export async function openWaymark(config: Config): Promise<Waymark> {
  const folder = new DataFolder(config.WAYMARK_DATA);
  const fixes = await FixStore.open(folder.file('fixes.duckdb'), config.WAYMARK_ENGINE_MB);
  let database: OpenDatabase | undefined;
  try {
    database = await openDatabase(config.DATABASE_URL ? { url: config.DATABASE_URL } : { folder: folder.file('records') });
    await migrate(database.db);
    // An earlier version kept verdicts here; they are worked out anew.
    rmSync(folder.file('verdicts.duckdb'), { force: true });
    const verdicts = VerdictStore.open(folder.file('verdicts'));
    const access = new AccessPolicy();
    const intake = new Intake(database.db, fixes);
    await intake.reload();
    await intake.recover();
    const live = new LiveWatch(database.db, fixes, access, config.WAYMARK_TIMEZONE);
    intake.onStored.push((stored, columns, count) => live.see(stored, columns, count));
    await live.start();
    const positions = new Positions(fixes);
    await positions.start();
    intake.onStored.push((stored, columns, count) => positions.see(stored, columns, count));
    const opened = { database, verdicts };
    return {
      config,
      folder,
      ...opened,
      access,
      performer: new Performer(database.db, access),
      fixes,
      intake,
      live,
      positions,
      timeZone: config.WAYMARK_TIMEZONE,
      secondReview: config.WAYMARK_SECOND_REVIEW === 'yes',
      close: async () => {
        await live.close();
        await fixes.close();
        await opened.database.close();
      },
    };
  } catch (error) {
    await database?.close();
    await fixes.close();
    throw error;
  }
}
