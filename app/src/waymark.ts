import { existsSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { type Config, rolesOf } from './config.ts';
import { AccessPolicy } from './platform/access.ts';
import { Performer } from './platform/action.ts';
import { appendAudit } from './platform/audit.ts';
import { Changes } from './platform/changes.ts';
import { DataFolder } from './platform/data-folder.ts';
import { type Database, type OpenDatabase, openDatabase, withPurpose } from './platform/database.ts';
import { FixStore } from './platform/fixes/fix-store.ts';
import type { LakeSetting } from './platform/fixes/lake-place.ts';
import { AddressService, Gazetteer } from './platform/gazetteer/index.ts';
import {
  checkWhatIsShared,
  checkWhereRecordsAre,
  compareStores,
  InstallationError,
  joinStores,
  repairStores,
} from './platform/installation.ts';
import { migrate } from './platform/migrate.ts';
import { LakeError } from './platform/servers/lake-error.ts';
import { Leases } from './platform/servers/leases.ts';
import { LogKeys } from './platform/servers/log-keys.ts';
import { SharedLog } from './platform/servers/shared-log.ts';
import { analyseGrown } from './platform/statistics.ts';
import {
  Intake,
  LiveWatch,
  lastOnRecord,
  Positions,
  queueChanges,
  ReceiptRecorder,
  type RunsTogether,
  type VerdictServices,
  VerdictStore,
  WatchShares,
} from './supervision/index.ts';
import { version } from './version.ts';

/** Everything that is open while Waymark runs, in a server or for one command. */
export interface Waymark {
  config: Config;
  folder: DataFolder;
  database: OpenDatabase;
  access: AccessPolicy;
  performer: Performer;
  changes: Changes;
  fixes: FixStore;
  gazetteer: Gazetteer;
  addressService: AddressService | null;
  verdicts: VerdictStore;
  intake: Intake;
  live: LiveWatch;
  positions: Positions;
  /** What this server does among several; null where it is alone. */
  together: Together | null;
  timeZone: string;
  secondReview: boolean;
  /** What a repair did, in words; null where none was needed. */
  repaired: string | null;
  close(): Promise<void>;
}

/** What there is besides where several servers share the work. */
export interface Together {
  log: SharedLog;
  leases: Leases;
  recorder: ReceiptRecorder;
  /** With whom large runs of verdicts are judged. */
  runs: RunsTogether;
  /** Takes its part of the work, once everything is there. */
  begin(): Promise<void>;
}

/** A server that could not read the log for so long gives its work to others, ms. */
const unwellMs = 4000;
/** The embedded database is told what has grown so often, ms. */
const statisticsEveryMs = 30_000;
/** What is old leaves a server's own file so often, ms, where it is in a lake. */
const moveOutEveryMs = 3_600_000;
/** And what was ordered is let go of so often, ms, once the lake has followed it. */
const forgetOrdersEveryMs = 300_000;

/**
 * Opens the stores, the fix store first: its lock says whether the data folder is free.
 * @param repair a person has said that it is to go on with what is left, where something of either store is lost
 * @throws EngineBusyError when another process holds the data folder; InstallationError when the stores do not belong together
 */
export async function openWaymark(config: Config, { repair = false }: { repair?: boolean } = {}): Promise<Waymark> {
  const folder = new DataFolder(config.WAYMARK_DATA, config.WAYMARK_SHARED);
  // Before anything is made: a folder whose records are elsewhere gets no empty ones.
  checkWhereRecordsAre(folder, config.DATABASE_URL, existsSync(folder.own('fixes.duckdb')));
  checkWhatIsShared(folder);
  const opened: { close(): Promise<unknown> }[] = [];
  const keep = <T extends { close(): Promise<unknown> }>(one: T): T => {
    opened.push(one);
    return one;
  };
  const closeAll = async () => {
    for (const one of opened.reverse()) await one.close();
  };
  try {
    const log = config.NATS_URL
      ? keep(await SharedLog.open({ ...logOptions(config, config.NATS_URL), keys: new LogKeys(folder.file('log-keys')) }))
      : null;
    const shared = log && { log, folder: folder.shared };
    const fixes = keep(await FixStore.open(folder.own('fixes.duckdb'), config.WAYMARK_ENGINE_MB, shared, lakeOf(config)));
    const database = keep(await openDatabase(config.DATABASE_URL ? { url: config.DATABASE_URL } : { folder: folder.own('records') }));
    await migrate(database.db);
    const repaired = await joinedOrRepaired({ folder, database, fixes }, repair);
    await analyseGrown(database);
    // An earlier version kept verdicts here; they are worked out anew.
    rmSync(folder.file('verdicts.duckdb'), { force: true });
    const verdicts = VerdictStore.open(folder.file('verdicts'), { isShared: log !== null });
    const access = new AccessPolicy();
    const intake = new Intake(database.db, fixes);
    await intake.reload();
    await intake.recover();
    const changes = new Changes(database);
    const together = log ? joinOthers(log, { database, fixes }, config) : null;
    // What was leased is given back once it is evaluated up to the end.
    if (together) opened.push(together.leases, together.recorder);
    const shares = together ? new WatchShares(together.leases, changes) : null;
    const live = keep(new LiveWatch(database.db, fixes, access, config.WAYMARK_TIMEZONE, { shares }));
    await live.start();
    const positions = new Positions(fixes);
    await positions.start();
    opened.push({ close: async () => positions.close() });
    changes.listen('supervision.senders', () => intake.reload());
    changes.listen('supervision.thresholds', () => live.learnThresholds());
    changes.listen('supervision.rules', (wearings) => live.rethink(wearings));
    changes.listen('supervision.alerts', (alerts) => live.hearOf(alerts));
    changes.listen('supervision.erased', (wearings) => (wearings.length > 0 ? positions.forget(wearings) : positions.learn()));
    keep(changes);
    const statistics = setInterval(() => void analyseGrown(database).catch(() => undefined), statisticsEveryMs).unref();
    const lake = fixes.hasLake ? tendOwnPart(fixes, () => lastOnRecord(database.db)) : [];
    opened.push({
      close: async () => {
        clearInterval(statistics);
        for (const timer of lake) clearInterval(timer);
      },
    });
    const gazetteer = keep(new Gazetteer(folder.file('gazetteer.duckdb')));
    return {
      config,
      folder,
      database,
      verdicts,
      access,
      performer: performerOf(database, access, changes),
      changes,
      fixes,
      gazetteer,
      addressService: config.WAYMARK_ADDRESS_SERVICE ? new AddressService(config.WAYMARK_ADDRESS_SERVICE) : null,
      intake,
      live,
      positions,
      together,
      timeZone: config.WAYMARK_TIMEZONE,
      secondReview: config.WAYMARK_SECOND_REVIEW === 'yes',
      repaired,
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** What verdicts are worked out from and kept in. */
export const verdictServicesOf = ({ fixes, verdicts, timeZone, together }: Waymark): VerdictServices => ({
  fixes,
  verdicts,
  timeZone,
  others: together?.runs ?? null,
});

/** What each server does about the lake by itself. */
function tendOwnPart(fixes: FixStore, onRecord: () => Promise<number>): NodeJS.Timeout[] {
  const told = (error: unknown) => fixes.onError(error);
  return [
    setInterval(
      () =>
        void onRecord()
          .then((receipt) => fixes.moveOut(Date.now(), receipt))
          .catch(told),
      moveOutEveryMs,
    ).unref(),
    setInterval(() => void fixes.forgetFollowed().catch(told), forgetOrdersEveryMs).unref(),
  ];
}

function lakeOf(config: Config): LakeSetting {
  const refusal = (words: string) => new LakeError(words);
  if (!config.WAYMARK_LAKE || !config.DATABASE_URL) return { place: null, refusal };
  const place = {
    catalogue: config.DATABASE_URL,
    files: config.WAYMARK_LAKE,
    s3: config.WAYMARK_LAKE_S3_URL ?? null,
    extensions: config.WAYMARK_LAKE_EXTENSIONS ?? null,
    ownDays: config.WAYMARK_LAKE_OWN_DAYS,
  };
  return { place, refusal };
}

function logOptions(config: Config, url: string) {
  return { url, ca: config.NATS_CA, replicas: config.WAYMARK_LOG_REPLICAS, megabytes: config.WAYMARK_LOG_MB };
}

function joinOthers(log: SharedLog, { database, fixes }: { database: OpenDatabase; fixes: FixStore }, config: Config): Together {
  const isWell = () => fixes.unreadMs < unwellMs;
  const leases = new Leases(database.apart, { isWell, name: config.WAYMARK_SERVER ?? hostname(), roles: [...rolesOf(config)], version });
  const recorder = new ReceiptRecorder(database.db, fixes, leases);
  return {
    log,
    leases,
    recorder,
    runs: { db: database.db, id: leases.id, alive: (role) => leases.alive(role) },
    begin: async () => {
      await leases.start();
      recorder.start();
    },
  };
}

/** @throws InstallationError when the stores do not belong together, unless that is to be repaired. Gives what was repaired, in words. */
async function joinedOrRepaired(
  { folder, database, fixes }: { folder: DataFolder; database: OpenDatabase; fixes: FixStore },
  repair: boolean,
): Promise<string | null> {
  const comparison = await compareStores(database, fixes);
  let repaired: string | null = null;
  if (comparison.fault !== null) {
    if (!repair) throw new InstallationError(comparison.fault);
    if (fixes.isShared)
      throw new InstallationError(
        `${comparison.fault} Of several servers none repairs by itself: the others would not hold the same any more.`,
      );
    const done = await repairStores(database, fixes, comparison);
    await appendRepair(database.db, done);
    repaired = `Repaired, and put on record: ${comparison.repair} (${Object.entries(done)
      .map(([what, value]) => `${what} ${value}`)
      .join(', ')}).`;
  }
  await joinStores(folder, database, fixes);
  return repaired;
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

/** Performs actions; what changes in supervision is put in line for the systems that are told of it. */
function performerOf(database: OpenDatabase, access: AccessPolicy, changes: Changes): Performer {
  const performer = new Performer(database.db, access, changes);
  performer.onDone = async (tx, room, fact) => (room === 'supervision' ? queueChanges(tx, [fact]) : undefined);
  return performer;
}
