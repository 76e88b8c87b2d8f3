import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { defineJobs, peopleDue, verdictsDue } from './define-jobs.ts';
import { fillWithTown, hasTown, isEmpty, playTown } from './demo/demo-town.ts';
import { mounted, mountedForDevices } from './mount.ts';
import { openBroker } from './open-broker.ts';
import { Jobs } from './platform/jobs.ts';
import { makeLog } from './platform/log.ts';
import { startSchedules } from './schedules.ts';
import { Channels, Deliverer } from './supervision/delivery/index.ts';
import { fleetSilence, type OutsideBroker, TagBroker } from './supervision/index.ts';
import type { FeedPlaces } from './support/index.ts';
import { openWaymark, type Waymark } from './waymark.ts';
import { buildServer, type WebServer } from './web/setup/server.ts';

export interface Serving {
  url: string;
  waymark: Waymark;
  server: WebServer;
  /** Where tags' messages come from; null where the embedded broker's port was taken. */
  broker: TagBroker | OutsideBroker | null;
  deliverer: Deliverer;
  stop(): Promise<void>;
}

/** The ways by which people are told of alerts. On a trial machine webhooks may go to the machine itself. */
function channelsOf(config: Config): Channels {
  const hosts = config.WAYMARK_WEBHOOK_HOSTS.split(',').map((host) => host.trim());
  return new Channels({
    smtpUrl: config.SMTP_URL,
    mailFrom: config.WAYMARK_MAIL_FROM,
    webhookHosts: [...hosts.filter(Boolean), ...(config.NODE_ENV === 'production' ? [] : ['127.0.0.1', 'localhost'])],
    smsUrl: config.WAYMARK_SMS_URL,
  });
}

/** Puts what went wrong in the log, with what was being done. */
const failingIn =
  (log: Logger) =>
  (what: string) =>
  (error: unknown, job: string | null = null): void =>
    log.error({ error: (error as Error).name, message: (error as Error).message, ...(job ? { job } : {}) }, what);

/** What goes on in the background says in the log what fails; it is tried again. */
function tellOfFailures({ changes, live, positions }: Waymark, failing: ReturnType<typeof failingIn>): void {
  changes.onError = failing('hearing of a change');
  live.onError = failing('watching zones');
  positions.onError = failing('following positions');
}

/** Opens the stores, starts the jobs and listens. */
export async function serve(config: Config, say: (text: string) => void = () => undefined): Promise<Serving> {
  const log = makeLog(config.WAYMARK_LOG);
  const waymark = await openWaymark(config);
  waymark.folder.withdraw();
  try {
    if (config.WAYMARK_DEMO === 'yes' && isEmpty(waymark)) {
      say('Filling the empty data folder with the fictional town …');
      await fillWithTown(waymark, say);
    }
  } catch (error) {
    await waymark.close();
    throw error;
  }
  const failing = failingIn(log);
  tellOfFailures(waymark, failing);
  const jobs = await Jobs.start(waymark.database, failing('background work'));
  const ask = () => jobs.ask(verdictsDue);
  const askForPeople = () => jobs.ask(peopleDue);
  const channels = channelsOf(config);
  let publicUrl = '';
  const deliverer = new Deliverer(waymark.database.db, channels, waymark.access, () => publicUrl);
  deliverer.onError = failing('telling of alerts');
  const places: FeedPlaces = {
    databases: config.agencyDatabases,
    incoming: config.WAYMARK_INCOMING ?? waymark.folder.file('incoming'),
  };
  const pages = mounted(waymark, { channels, places, askForPeople });
  const server = await buildServer(waymark, log, { pages, devices: mountedForDevices(waymark) }, ask);
  waymark.live.onRaised = (seconds) => server.metrics.alerts.observe(seconds);
  await defineJobs(jobs, waymark, places, {
    log,
    onVerdicts: () => server.metrics.verdictRuns.inc(),
    forgetSessions: () => server.forgetExpiredSessions(),
  });
  const closeAll = async () => {
    await server.app.close();
    await deliverer.close();
    await jobs.stop();
    await waymark.close();
  };
  let broker: TagBroker | OutsideBroker | null = null;
  let url: string;
  try {
    broker = await openBroker(config, waymark, server, failing('tag broker'), say);
    server.readiness.set('tags', () => fleetSilence(waymark.intake.heard, Date.now()));
    await waymark.changes.listenToOthers();
    url = await server.listen(config.WAYMARK_HOST, config.WAYMARK_PORT);
    publicUrl = url;
    deliverer.start();
    await jobs.ask(peopleDue);
    await startSchedules(jobs);
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
    deliverer,
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
