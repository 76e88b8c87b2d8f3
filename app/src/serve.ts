import type { Logger } from 'pino';
import { type Config, rolesOf } from './config.ts';
import { defineJobs, helpOthers, peopleDue, verdictsDue } from './define-jobs.ts';
import { fillWithTown, hasTown, isEmpty, playTown } from './demo/demo-town.ts';
import { mailboxOf } from './mailbox-of.ts';
import { commandsMounted, mounted, mountedForDevices } from './mount.ts';
import { openBroker } from './open-broker.ts';
import { speakIn } from './person/texts/speak.ts';
import { Jobs } from './platform/jobs.ts';
import { makeLog } from './platform/log.ts';
import { startSchedules } from './schedules.ts';
import { type AllSenders, openSenders } from './senders.ts';
import { fleetSilence, type OutsideBroker, TagBroker } from './supervision/index.ts';
import type { FeedPlaces } from './support/index.ts';
import { openWaymark, type Waymark } from './waymark.ts';
import { buildServer, type WebServer } from './web/setup/server.ts';

export interface Serving extends AllSenders {
  url: string;
  waymark: Waymark;
  server: WebServer;
  /** Where tags' messages come from; null where the embedded broker's port was taken. */
  broker: TagBroker | OutsideBroker | null;
  stop(): Promise<void>;
}

/** Puts what went wrong in the log, with what was being done. */
const failingIn =
  (log: Logger) =>
  (what: string) =>
  (error: unknown, job: string | null = null): void =>
    log.error({ error: (error as Error).name, message: (error as Error).message, ...(job ? { job } : {}) }, what);

/** What goes on in the background says in the log what fails; it is tried again. */
function tellOfFailures({ changes, fixes, live, positions, together }: Waymark, failing: ReturnType<typeof failingIn>): void {
  fixes.onError = failing('reading the log');
  if (together) {
    together.leases.onError = failing('sharing the work with other servers');
    together.recorder.onError = failing('putting receipts on record');
  }
  changes.onError = failing('hearing of a change');
  live.onError = failing('watching zones');
  positions.onError = failing('following positions');
}

/** What else must be well for the server to be ready. */
function lookAfter({ intake, positions, together }: Waymark, { readiness }: WebServer): void {
  // Among several servers one may hear nothing for long, and nothing is wrong.
  readiness.set('tags', () => fleetSilence(together ? positions.heard : intake.heard, Date.now()));
  if (together) readiness.set('log', () => (together.log.isConnected ? null : 'No server of the log can be reached.'));
}

/** A trial's town, where nothing is there yet. Several servers share real records, or a trial's that were filled before. */
async function fillForTrial(waymark: Waymark, say: (text: string) => void): Promise<void> {
  if (waymark.config.WAYMARK_DEMO !== 'yes' || waymark.together || !isEmpty(waymark)) return;
  try {
    say('Filling the empty data folder with the fictional town …');
    await fillWithTown(waymark, say);
  } catch (error) {
    await waymark.close();
    throw error;
  }
}

/** Opens the stores, starts the jobs and listens. */
export async function serve(config: Config, say: (text: string) => void = () => undefined): Promise<Serving> {
  const log = makeLog(config.WAYMARK_LOG);
  const waymark = await openWaymark(config);
  waymark.folder.withdraw();
  await fillForTrial(waymark, say);
  const failing = failingIn(log);
  tellOfFailures(waymark, failing);
  const jobs = await Jobs.start(waymark.database, failing('background work'));
  const ask = () => jobs.ask(verdictsDue);
  const askForPeople = () => jobs.ask(peopleDue);
  let publicUrl = '';
  const senders = openSenders(waymark, failing, () => publicUrl);
  const mailbox = mailboxOf(config);
  const places: FeedPlaces = {
    databases: config.agencyDatabases,
    incoming: config.WAYMARK_INCOMING ?? waymark.folder.file('incoming'),
  };
  const roles = rolesOf(config);
  const pages = roles.has('web') ? mounted(waymark, { channels: senders.channels, places, askForPeople }) : [commandsMounted(waymark)];
  const devices = roles.has('intake') ? mountedForDevices(waymark) : () => undefined;
  const server = await buildServer(waymark, log, { pages, devices }, ask);
  senders.countIn(server.metrics.messages);
  waymark.live.onRaised = (seconds) => server.metrics.alerts.observe(seconds);
  if (roles.has('work'))
    await defineJobs(jobs, waymark, places, {
      log,
      speak: speakIn(waymark.timeZone),
      onVerdicts: () => server.metrics.verdictRuns.inc(),
      forgetSessions: () => server.forgetExpiredSessions(),
      mailbox,
      channels: senders.channels,
    });
  let stopHelping: () => Promise<void> = async () => undefined;
  const closeAll = async () => {
    await server.app.close();
    await stopHelping();
    await senders.close();
    await jobs.stop();
    await waymark.close();
  };
  let broker: TagBroker | OutsideBroker | null = null;
  let url: string;
  try {
    if (roles.has('intake')) broker = await openBroker(config, waymark, server, failing('tag broker'), say);
    lookAfter(waymark, server);
    await waymark.changes.listenToOthers();
    url = await server.listen(config.WAYMARK_HOST, config.WAYMARK_PORT);
    publicUrl = url;
    if (roles.has('work')) {
      senders.start();
      await jobs.ask(peopleDue);
      await startSchedules(jobs, { isShared: waymark.fixes.isShared, hasLake: waymark.fixes.hasLake, hasMail: mailbox !== null });
    }
    await waymark.together?.begin();
    if (waymark.together && roles.has('work')) stopHelping = helpOthers(waymark, failing('judging with other servers'));
  } catch (error) {
    await broker?.close();
    await closeAll();
    throw error;
  }
  waymark.folder.announce(url);
  const isTrial = config.NODE_ENV === 'development' && config.WAYMARK_DEMO === 'yes' && hasTown(waymark);
  const stopTown = isTrial && broker instanceof TagBroker ? await playTown(waymark, broker.port) : null;
  let stopping: Promise<void> | null = null;
  return {
    url,
    waymark,
    server,
    broker,
    ...senders.all,
    stop: () => {
      // New requests are refused, those under way end, then the stores close.
      stopping ??= (async () => {
        waymark.folder.withdraw();
        stopTown?.();
        await broker?.close();
        await closeAll();
      })();
      return stopping;
    },
  };
}
