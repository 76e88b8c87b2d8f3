import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import Fastify, { type FastifyBaseLogger, type FastifyContextConfig, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { rolesOf } from '../../config.ts';
import { type MapStyle, type MapTiles, MapTilesError, readMapStyle, readMapTiles } from '../../platform/map-tiles/index.ts';
import { Metrics } from '../../platform/metrics.ts';
import type { DatabaseSessionStore } from '../../platform/sign-in/session-store.ts';
import { version } from '../../version.ts';
import { browserAssets } from '../assets/build-assets.ts';
import type { DeviceRoutes, House, PageBar, RouteSet, StartPart, WebKit } from '../kit.ts';
import { type MenuPage, menuOf } from '../navigation.ts';
import { describeApi, showApiDocs } from './api-docs.ts';
import { setUpAssets } from './assets.ts';
import { baseMapRoutes } from './base-map-routes.ts';
import { bodyAtMost, setUpBodies, setUpFieldChecks } from './bodies.ts';
import { demoAccountRoutes } from './demo-accounts.ts';
import { setUpDevices } from './devices.ts';
import { setUpErrors, unfitInWords } from './errors.ts';
import { setUpGuards } from './guards.ts';
import { healthRoutes, type Readiness } from './health-routes.ts';
import { Identity } from './identity.ts';
import { setUpMeasures } from './measures.ts';
import { type Ground, pagesOf } from './render-page.ts';
import { setUpSecurity } from './security.ts';
import { setUpSessions } from './sessions.ts';
import { forgetCounts } from './shared-rate-limit.ts';
import { signInRoutes } from './sign-in-routes.ts';
import { startRoutes } from './start-routes.ts';

export interface WebServer {
  app: FastifyInstance;
  metrics: Metrics;
  /** What else must be well for the server to be ready, by name. */
  readiness: Map<string, Readiness>;
  /** The port for figures alone, where there is one and it listens. */
  figuresPort(): number | null;
  /** Every route with its guard, as registered; for checks. */
  routes: { method: string; url: string; config?: FastifyContextConfig }[];
  /** The pages that have a place in the menu. */
  menu(): readonly MenuPage[];
  /** Forgets who was signed in, once their sessions ran out. */
  forgetExpiredSessions(): Promise<void>;
  listen(host: string, port: number): Promise<string>;
}

/** Builds the HTTP server: security first, then sign-in, then what is mounted on it. */
export async function buildServer(
  house: House,
  log: Logger,
  mounted: { pages: RouteSet[]; devices: DeviceRoutes },
  askForVerdicts: () => Promise<void>,
): Promise<WebServer> {
  const { config } = house;
  const assets = await browserAssets();
  const identity = new Identity(config.WAYMARK_PUBLIC_URL?.startsWith('https://') ?? false);
  const app = makeApp(house, log, identity);
  const metrics = new Metrics(
    house.fixes,
    () => house.folder.lastBackup(),
    () => house.together?.leases.held ?? null,
  );
  const readiness = new Map<string, Readiness>();
  const routes: WebServer['routes'] = [];

  app.addHook('onRoute', (route) => {
    for (const method of [route.method].flat()) routes.push({ method, url: route.url, config: route.config });
  });
  await sendTelemetry(app, config, metrics);
  await describeApi(app);
  await setUpDevices(app, { waymark: house, metrics }, identity.isSecure, mounted.devices);
  let pages: MenuPage[] | null = null;
  // Complete when everything is mounted, which is before anybody is answered.
  const menu = () => {
    pages ??= menuOf(routes);
    return pages;
  };
  let forgetExpiredSessions: WebServer['forgetExpiredSessions'] = async () => undefined;
  // Beside what devices send to, not around it: cookies, sessions and forms are of pages alone.
  await app.register(async (scope) => {
    const sessions = await setUpPages(scope, {
      house,
      log,
      identity,
      metrics,
      readiness,
      assets,
      menu,
      askForVerdicts,
      mounted: mounted.pages,
    });
    forgetExpiredSessions = async () => {
      await sessions.removeExpired();
      await forgetCounts(house.database.db);
    };
  });
  app.addHook('onClose', async () => identity.end());
  const figures = config.WAYMARK_METRICS_PORT === undefined ? null : Fastify({ logger: false });
  if (figures) {
    healthRoutes(figures, house, metrics, readiness, true);
    app.addHook('onClose', async () => figures.close());
  }

  return {
    app,
    metrics,
    readiness,
    figuresPort: () => (figures ? (figures.server.address() as AddressInfo).port : null),
    routes,
    menu,
    forgetExpiredSessions: () => forgetExpiredSessions(),
    async listen(host, port) {
      await app.listen({ host, port });
      await figures?.listen({ host: config.WAYMARK_METRICS_HOST, port: config.WAYMARK_METRICS_PORT });
      const address = app.server.address();
      const actual = typeof address === 'object' && address ? address.port : port;
      const publicUrl =
        config.WAYMARK_PUBLIC_URL?.replace(/\/+$/, '') ?? `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${actual}`;
      // Nobody signs in where there are no pages.
      if (rolesOf(config).has('web')) await identity.begin(house, host, publicUrl, log, readiness);
      return publicUrl;
    },
  };
}

async function sendTelemetry(app: FastifyInstance, config: House['config'], metrics: Metrics): Promise<void> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, WAYMARK_TRACES_SHARE: share, WAYMARK_SERVER: server = hostname() } = config;
  if (!endpoint) return;
  // Who sends nothing loads nothing of it.
  const { Telemetry } = await import('./telemetry.ts');
  const telemetry = new Telemetry({ endpoint, server, version, share, believesCallers: config.WAYMARK_PROXIES > 0 }, metrics.registry);
  telemetry.follow(app);
  app.addHook('onClose', () => telemetry.close());
}

interface Pages {
  house: House;
  log: Logger;
  identity: Identity;
  metrics: Metrics;
  readiness: Map<string, Readiness>;
  assets: Awaited<ReturnType<typeof browserAssets>>;
  menu(): MenuPage[];
  askForVerdicts(): Promise<void>;
  mounted: RouteSet[];
}

/** The operator's own file, or what was fetched of a service into the data folder. */
function tilesOf({ config, folder }: House): MapTiles | null {
  const fetched = folder.file('map.pmtiles');
  const path = config.WAYMARK_MAP ?? (existsSync(fetched) ? fetched : null);
  return path === null ? null : readMapTiles(path);
}

/** How they are drawn where they are of another schema. @throws MapTilesError where there are none to be drawn */
function styleOf({ config: { WAYMARK_MAP_STYLE: path } }: House, tiles: MapTiles | null): MapStyle | null {
  if (path === undefined) return null;
  if (!tiles)
    throw new MapTilesError(
      'WAYMARK_MAP_STYLE says how tiles are drawn, and there are none: set WAYMARK_MAP, or fetch some (waymark import map).',
    );
  return readMapStyle(path);
}

/** What maps are drawn on: the operator's tiles, and what they cover; the fictional town; or the outlines of lands. */
function groundOf({ folder, config }: House, tiles: MapTiles | null): Ground {
  if (tiles)
    return {
      kind: config.WAYMARK_MAP_STYLE ? 'styled tiles' : 'tiles',
      covers: [tiles.west, tiles.south, tiles.east, tiles.north].join(','),
    };
  return { kind: existsSync(folder.file('basemap.geojson')) ? 'town' : 'world', covers: null };
}

/** Pages and the API of staff: security first, then sign-in, then what is mounted. Gives who is signed in. */
async function setUpPages(
  app: FastifyInstance,
  { house, log, identity, metrics, readiness, assets, menu, askForVerdicts, mounted }: Pages,
): Promise<DatabaseSessionStore> {
  await setUpSecurity(app, house, identity.isSecure);
  await setUpBodies(app);
  const { sessions, signIns } = await setUpSessions(app, house, identity.isSecure);
  signIns.onError = (error) =>
    log.warn({ error: (error as Error).name, message: (error as Error).message }, 'asking the identity provider');
  const tiles = tilesOf(house);
  const bars: PageBar[] = [];
  const parts: StartPart[] = [];
  const web: WebKit = {
    waymark: house,
    metrics,
    askForVerdicts,
    sessions,
    onSessionEnd: (tell) => void sessions.on('ended', tell),
    ...pagesOf(house, { assets, menu, bars, ground: () => groundOf(house, tiles), isDemo: () => identity.demo !== null }),
    onEveryPage: (bar) => void bars.push(bar),
    onStart: (part) => void parts.push(part),
    notice(request, text) {
      request.session.notice = text;
    },
  };
  closeIdleAtEnd(app);
  setUpErrors(app, web);
  await showApiDocs(app);
  setUpAssets(app, assets);
  setUpFieldChecks(app);
  setUpGuards(app, house, identity, signIns);
  setUpMeasures(app, metrics);

  signInRoutes(app, web, { sessions, signIns, identity });
  demoAccountRoutes(app, web, identity);
  healthRoutes(app, house, metrics, readiness);
  baseMapRoutes(app, house, tiles, styleOf(house, tiles));
  startRoutes(app, web, parts, menu);
  for (const feature of mounted) await app.register(async (scope) => feature(scope, web));
  return sessions;
}

/** An answer that was under way when the server began to close leaves its connection open, for as long as one may be idle. */
function closeIdleAtEnd(app: FastifyInstance): void {
  let closing: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    closing = setInterval(() => app.server.closeIdleConnections(), closesIdleMs).unref();
  });
  app.addHook('onClose', async () => clearInterval(closing));
}

/**
 * A connection that nothing comes over stays so long, ms: longer than proxies keep theirs (a minute), or now and then one sends a request over a
 * connection that is being closed, and it is lost.
 */
const idleMs = 72_000;
/** While the server closes, what has become idle is closed so soon, ms: nothing more will come over it. */
const closesIdleMs = 50;

function makeApp({ config }: House, log: Logger, identity: Identity): FastifyInstance {
  return Fastify({
    loggerInstance: log as FastifyBaseLogger,
    // By its id a request is found in the log of whichever server answered; a proxy's own is taken over.
    requestIdHeader: false,
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return config.WAYMARK_PROXIES > 0 && typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    },
    schemaErrorFormatter: unfitInWords,
    logController: new LogController({ disableRequestLogging: true }),
    // Forms and calls are small; where files are taken the route says how large they may be.
    bodyLimit: bodyAtMost,
    trustProxy: (_address: string, hop: number) => hop < config.WAYMARK_PROXIES,
    serverFactory: (handler): Server =>
      createServer({ keepAliveTimeout: idleMs }, (request, response) => {
        if (!identity.handle(request, response)) handler(request, response);
      }),
  });
}
