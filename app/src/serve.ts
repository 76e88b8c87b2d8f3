import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { controlRoute } from './commands/control-route.ts';
import { type Config, ConfigError } from './config.ts';
import { defineJobs, feedsDue, peopleDue, retentionDue, verdictsDue } from './define-jobs.ts';
import { fillWithTown, hasTown, isEmpty, playTown } from './demo/demo-town.ts';
import { oversightRoutes } from './oversight/routes.ts';
import { personRoutes } from './person/routes.ts';
import { ownStaffRoutes } from './person/staff-routes.ts';
import { keepHead } from './platform/audit-head.ts';
import { Jobs } from './platform/jobs.ts';
import { makeLog } from './platform/log.ts';
import { Channels, Deliverer } from './supervision/delivery/index.ts';
import {
  correctionByCase,
  fleetSilence,
  OutsideBroker,
  supervisionAccess,
  supervisionCases,
  supervisionHalf,
  TagBroker,
} from './supervision/index.ts';
import { supervisionRoutes } from './supervision/routes.ts';
import { forgetProtected } from './supervision/zones/index.ts';
import { areFeedsDue, type FeedPlaces, supportAccess, supportCases, supportHalf } from './support/index.ts';
import { supportRoutes } from './support/routes.ts';
import { openWaymark, type Waymark } from './waymark.ts';
import { buildServer, type WebServer } from './web/server.ts';

export interface Serving {
  url: string;
  waymark: Waymark;
  server: WebServer;
  /** Where tags' messages come from; null where the embedded broker's port was taken. */
  broker: TagBroker | OutsideBroker | null;
  deliverer: Deliverer;
  stop(): Promise<void>;
}

/** Statements expire with the day; it is looked this often whether profiles are of today, ms. */
const profilesEveryMs = 3_600_000;
/** It is looked this often whether a feed's time has come, ms. */
const feedsEveryMs = 60_000;
/** What is past its date is removed this long after a start, and then this often, ms. */
const firstRetentionMs = 10 * 60_000;
const retentionEveryMs = 12 * 3_600_000;

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
  waymark.live.onError = (error) => log.error({ error: (error as Error).name, message: (error as Error).message }, 'watching zones');
  const jobs = await Jobs.start(waymark.database, (error) => log.error({ error: error.name, message: error.message }, 'job queue'));
  const ask = () => jobs.ask(verdictsDue);
  const askForPeople = () => jobs.ask(peopleDue);
  const askForFeeds = async () => {
    if (await areFeedsDue(waymark.database.db, waymark)) await jobs.ask(feedsDue);
  };
  const channels = channelsOf(config);
  let publicUrl = '';
  const deliverer = new Deliverer(waymark.database.db, channels, waymark.access, () => publicUrl);
  deliverer.onError = (error) => log.error({ error: (error as Error).name, message: (error as Error).message }, 'telling of alerts');
  const places: FeedPlaces = {
    databases: config.agencyDatabases,
    incoming: config.WAYMARK_INCOMING ?? waymark.folder.file('incoming'),
  };
  const server = await buildServer(
    waymark,
    log,
    [
      (app, web) => supervisionRoutes(app, web, { ...waymark, channels }),
      (app, web) => supportRoutes(app, web, { places, askForPeople }),
      (app, web) =>
        ownStaffRoutes(app, web, {
          half: supportHalf,
          access: supportAccess,
          cases: supportCases,
          personPath: '/people',
          casesPath: '/cases',
        }),
      (app, web) =>
        ownStaffRoutes(app, web, {
          half: supervisionHalf,
          access: supervisionAccess,
          cases: supervisionCases,
          personPath: '/subjects',
          casesPath: '/requests',
          correction: correctionByCase(waymark.performer),
        }),
      (app, web) => personRoutes(app, web, waymark),
      (app, web) => oversightRoutes(app, web, waymark),
      (app) => controlRoute(app, waymark, async () => undefined),
      (app) => {
        app.get('/basemap/streets.geojson', { config: { open: true, rateLimit: false } }, async (_request, reply) => {
          const file = waymark.folder.file('basemap.geojson');
          reply.type('application/geo+json');
          return existsSync(file) ? reply.send(createReadStream(file)) : reply.send('{"type":"FeatureCollection","features":[]}');
        });
      },
    ],
    ask,
  );
  await defineJobs(jobs, waymark, places, { log, onVerdicts: () => server.metrics.verdictRuns.inc() });
  const onBrokerError = (error: Error) => log.error({ error: error.name, message: error.message }, 'tag broker');
  let forgetting: NodeJS.Timeout | null = null;
  let renewing: NodeJS.Timeout | null = null;
  let reading: NodeJS.Timeout | null = null;
  let keeping: NodeJS.Timeout | null = null;
  let signing: NodeJS.Timeout | null = null;
  const forget = () =>
    void forgetProtected(waymark.database.db, waymark.fixes, waymark.access).catch((error: Error) =>
      log.error({ error: error.name, message: error.message }, 'forgetting where protected people were'),
    );
  const closeAll = async () => {
    if (forgetting) clearInterval(forgetting);
    if (renewing) clearInterval(renewing);
    if (reading) clearInterval(reading);
    if (keeping) clearInterval(keeping);
    if (signing) clearInterval(signing);
    await server.app.close();
    await deliverer.close();
    await jobs.stop();
    await waymark.close();
  };
  let broker: TagBroker | OutsideBroker | null = null;
  let url: string;
  try {
    broker = await openBroker(config, waymark, server, onBrokerError, say);
    if (broker instanceof OutsideBroker) {
      const outside = broker;
      server.readiness.set('broker', () => outside.trouble);
    }
    server.readiness.set('tags', () => fleetSilence(waymark.intake.heard, Date.now()));
    url = await server.listen(config.WAYMARK_HOST, config.WAYMARK_PORT);
    publicUrl = url;
    deliverer.start();
    forgetting = setInterval(forget, 3_600_000).unref();
    forget();
    renewing = setInterval(() => void jobs.ask(peopleDue).catch(() => undefined), profilesEveryMs).unref();
    await jobs.ask(peopleDue);
    const keep = () => void jobs.ask(retentionDue).catch(() => undefined);
    setTimeout(keep, firstRetentionMs).unref();
    keeping = setInterval(keep, retentionEveryMs).unref();
    const signEnd = () =>
      void keepHead(waymark.database.db, waymark.folder).catch((error: Error) =>
        log.error({ error: error.name, message: error.message }, 'signing the end of the record'),
      );
    signing = setInterval(signEnd, 3_600_000).unref();
    signEnd();
    reading = setInterval(() => void askForFeeds().catch(() => undefined), feedsEveryMs).unref();
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

function readCertificates(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError(`MQTT_CA names ${file}, which cannot be read: ${(error as Error).message}`);
  }
}

/** The outside broker where one is named, else the embedded one. A taken port is no reason to serve nothing, except in production. */
async function openBroker(
  config: Config,
  waymark: Waymark,
  { metrics }: WebServer,
  onFailure: (error: Error) => void,
  say: (text: string) => void,
): Promise<TagBroker | OutsideBroker | null> {
  const onError = (error: unknown) => onFailure(error as Error);
  const onReceipt = (receipt: { accepted: number; duplicates: number; quarantined: number }) => {
    metrics.fixes.inc({ outcome: 'accepted' }, receipt.accepted);
    metrics.fixes.inc({ outcome: 'duplicate' }, receipt.duplicates);
    metrics.fixes.inc({ outcome: 'quarantined' }, receipt.quarantined);
  };
  const { intake, access } = waymark;
  if (config.MQTT_URL) {
    const ca = config.MQTT_CA ? readCertificates(config.MQTT_CA) : undefined;
    return OutsideBroker.connect(intake, access, { url: config.MQTT_URL, clientId: config.MQTT_CLIENT_ID, ca, onReceipt, onError });
  }
  try {
    return await TagBroker.listen(intake, access, { host: config.WAYMARK_HOST, port: config.WAYMARK_MQTT_PORT, onReceipt, onError });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || config.NODE_ENV === 'production') throw error;
    say(`Port ${config.WAYMARK_MQTT_PORT} is in use, so tags cannot send over MQTT. Choose another with WAYMARK_MQTT_PORT.`);
    return null;
  }
}
