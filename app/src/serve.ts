import type { Logger } from 'pino';
import { type Config, rolesOf } from './config.ts';
import { defineJobs, peopleDue, verdictsDue } from './define-jobs.ts';
import { fillWithTown, hasTown, isEmpty, playTown } from './demo/demo-town.ts';
import { commandsMounted, mounted, mountedForDevices } from './mount.ts';
import { openBroker } from './open-broker.ts';
import { speakIn } from './person/texts/speak.ts';
import { Jobs } from './platform/jobs.ts';
import { makeLog } from './platform/log.ts';
import { startSchedules } from './schedules.ts';

import {
  ChangeSender,
  Channels,
  Deliverer,
  fleetSilence,
  type NotifySettings,
  type OutsideBroker,
  ReminderSender,
  TagBroker,
} from './supervision/index.ts';
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
  reminders: ReminderSender;
  hooks: ChangeSender;
  stop(): Promise<void>;
}

function notifyOf(config: Config): NotifySettings | undefined {
  if (!config.WAYMARK_NOTIFY_KEY) return undefined;
  return {
    key: config.WAYMARK_NOTIFY_KEY,
    url: config.WAYMARK_NOTIFY_URL,
    textTemplate: config.WAYMARK_NOTIFY_TEXT,
    emailTemplate: config.WAYMARK_NOTIFY_EMAIL,
  };
}

/** The ways by which people are told of alerts. On a trial machine webhooks may go to the machine itself. */
function channelsOf(config: Config): Channels {
  const hosts = config.WAYMARK_WEBHOOK_HOSTS.split(',').map((host) => host.trim());
  return new Channels({
    smtpUrl: config.SMTP_URL,
    mailFrom: config.WAYMARK_MAIL_FROM,
    webhookHosts: [...hosts.filter(Boolean), ...(config.NODE_ENV === 'production' ? [] : ['127.0.0.1', 'localhost'])],
    smsUrl: config.WAYMARK_SMS_URL,
    notify: notifyOf(config),
  });
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
  const channels = channelsOf(config);
  let publicUrl = '';
  const deliverer = new Deliverer(waymark.database.db, channels, waymark.access, () => publicUrl);
  deliverer.onError = failing('telling of alerts');
  const speak = speakIn(waymark.timeZone);
  const reminders = new ReminderSender(waymark.database.db, waymark.access, {
    channels,
    speak,
    secret: waymark.folder.secret('reminders'),
  });
  reminders.onError = failing('reminding people');
  const hooks = new ChangeSender(waymark.database.db, waymark.access, channels);
  hooks.onError = failing('telling other systems of changes');
  const places: FeedPlaces = {
    databases: config.agencyDatabases,
    incoming: config.WAYMARK_INCOMING ?? waymark.folder.file('incoming'),
  };
  const roles = rolesOf(config);
  const pages = roles.has('web') ? mounted(waymark, { channels, places, askForPeople }) : [commandsMounted(waymark)];
  const devices = roles.has('intake') ? mountedForDevices(waymark) : () => undefined;
  const server = await buildServer(waymark, log, { pages, devices }, ask);
  waymark.live.onRaised = (seconds) => server.metrics.alerts.observe(seconds);
  if (roles.has('work'))
    await defineJobs(jobs, waymark, places, {
      log,
      speak,
      onVerdicts: () => server.metrics.verdictRuns.inc(),
      forgetSessions: () => server.forgetExpiredSessions(),
    });
  const closeAll = async () => {
    await server.app.close();
    await hooks.close();
    await reminders.close();
    await deliverer.close();
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
      deliverer.start();
      reminders.start();
      hooks.start();
      await jobs.ask(peopleDue);
      await startSchedules(jobs, waymark.fixes.isShared);
    }
    await waymark.together?.begin();
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
    reminders,
    hooks,
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
