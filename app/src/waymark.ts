import { existsSync, rmSync } from 'node:fs';
import type { Config } from './config.ts';
import { AccessPolicy } from './platform/access.ts';
import { Performer } from './platform/action.ts';
import { appendAudit } from './platform/audit.ts';
import { Changes } from './platform/changes.ts';
import { DataFolder } from './platform/data-folder.ts';
import { type Database, type OpenDatabase, openDatabase, withPurpose } from './platform/database.ts';
import { FixStore } from './platform/fixes/fix-store.ts';
import { checkWhereRecordsAre, compareStores, InstallationError, joinStores, repairStores } from './platform/installation.ts';
import { migrate } from './platform/migrate.ts';
import { analyseGrown } from './platform/statistics.ts';
import { Intake, LiveWatch, Positions, VerdictStore } from './supervision/index.ts';

/** Everything that is open while Waymark runs, in a server or for one command. */
export interface Waymark {
  config: Config;
  folder: DataFolder;
  database: OpenDatabase;
  access: AccessPolicy;
  performer: Performer;
  changes: Changes;
  fixes: FixStore;
  verdicts: VerdictStore;
  intake: Intake;
  live: LiveWatch;
  positions: Positions;
  timeZone: string;
  secondReview: boolean;
  /** What a repair did, in words; null where none was needed. */
  repaired: string | null;
  close(): Promise<void>;
}

/** The embedded database is told what has grown so often, ms. */
const statisticsEveryMs = 30_000;

/**
 * Opens the stores, the fix store first: its lock says whether the data folder is free.
 * @param repair a person has said that it is to go on with what is left, where something of either store is lost
 * @throws EngineBusyError when another process holds the data folder; InstallationError when the stores do not belong together
 */
export async function openWaymark(config: Config, { repair = false }: { repair?: boolean } = {}): Promise<Waymark> {
  const folder = new DataFolder(config.WAYMARK_DATA);
  // Before anything is made: a folder whose records are elsewhere gets no empty ones.
  checkWhereRecordsAre(folder, config.DATABASE_URL, existsSync(folder.file('fixes.duckdb')));
  const fixes = await FixStore.open(folder.file('fixes.duckdb'), config.WAYMARK_ENGINE_MB);
  let database: OpenDatabase | undefined;
  try {
    database = await openDatabase(config.DATABASE_URL ? { url: config.DATABASE_URL } : { folder: folder.file('records') });
    await migrate(database.db);
    const comparison = await compareStores(database, fixes);
    let repaired: string | null = null;
    if (comparison.fault !== null) {
      if (!repair) throw new InstallationError(comparison.fault);
      const done = await repairStores(database, fixes, comparison);
      await appendRepair(database.db, done);
      repaired = `Repaired, and put on record: ${comparison.repair} (${Object.entries(done)
        .map(([what, value]) => `${what} ${value}`)
        .join(', ')}).`;
    }
    await joinStores(folder, database, fixes);
    await analyseGrown(database);
    // An earlier version kept verdicts here; they are worked out anew.
    rmSync(folder.file('verdicts.duckdb'), { force: true });
    const verdicts = VerdictStore.open(folder.file('verdicts'));
    const opened = { database, verdicts };
    const access = new AccessPolicy();
    const intake = new Intake(database.db, fixes);
    await intake.reload();
    await intake.recover();
    const live = new LiveWatch(database.db, fixes, access, config.WAYMARK_TIMEZONE);
    await live.start();
    const positions = new Positions(fixes);
    await positions.start();
    const changes = new Changes(database);
    changes.listen('supervision.senders', () => intake.reload());
    changes.listen('supervision.rules', (wearings) => live.rethink(wearings));
    changes.listen('supervision.erased', (wearings) => (wearings.length > 0 ? positions.forget(wearings) : positions.learn()));
    const statistics = setInterval(() => void analyseGrown(database as OpenDatabase).catch(() => undefined), statisticsEveryMs).unref();
    return {
      config,
      folder,
      ...opened,
      access,
      performer: new Performer(database.db, access, changes),
      changes,
      fixes,
      intake,
      live,
      positions,
      timeZone: config.WAYMARK_TIMEZONE,
      secondReview: config.WAYMARK_SECOND_REVIEW === 'yes',
      repaired,
      close: async () => {
        clearInterval(statistics);
        await changes.close();
        positions.close();
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

/** That it went on with what was left is on record for ever. */
async function appendRepair(db: Database, detail: Record<string, number | string>): Promise<void> {
  const fact = {
    actor: 'console',
    actorName: 'Console',
    role: 'operator',
    purpose: 'ingest',
    action: 'store.repair',
    outcome: 'done' as const,
    detail,
  };
  await withPurpose(db, 'supervision', 'ingest', (tx) => appendAudit(tx, [fact]));
}
