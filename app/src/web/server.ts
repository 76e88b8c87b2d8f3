import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import cookie from '@fastify/cookie';
import csrf from '@fastify/csrf-protection';
import formbody from '@fastify/formbody';
import helmet from '@fastify/helmet';
import multipart from '@fastify/multipart';
import rateLimit from '@fastify/rate-limit';
import session from '@fastify/session';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyContextConfig,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import { ConfigError } from '../config.ts';
import { purposeOf, type SignInRole } from '../platform/access.ts';
import { InvalidError, NotFoundError, RefusedError } from '../platform/action.ts';
import { actorOfToken } from '../platform/api-tokens.ts';
import { Metrics } from '../platform/metrics.ts';
import { isOutOfRoom, noRoomInWords } from '../platform/no-room.ts';
import { type DemoProvider, demoAccounts, demoMount, startDemoProvider } from '../platform/sign-in/demo-provider.ts';
import { OpenIdSignIn } from '../platform/sign-in/openid.ts';
import { DatabaseSessionStore } from '../platform/sign-in/session-store.ts';
import { SignIns } from '../platform/sign-in/sign-ins.ts';
import { repeatedIn, textsOf } from './form.ts';
import { healthRoutes, type Readiness } from './health-routes.ts';
import type { House, RouteSet, WebKit } from './kit.ts';
import { navigationFor, startOf } from './navigation.ts';
import { PastLastPageError } from './paging.ts';
import { signInRoutes } from './sign-in-routes.ts';
import { govukFolder, makeViews } from './views.ts';

const require = createRequire(import.meta.url);
const packageFolder = (name: string) => dirname(require.resolve(`${name}/package.json`));
/** What anybody may send that is no file, bytes. */
const bodyAtMost = 1024 * 1024;
/** A file that is sent from a page, bytes. Larger ones are read at the command line, or by a feed. */
const fileAtMost = 64 * 1024 * 1024;
/** What anybody who is signed in may do with their own session. */
const personalActions = new Set(['start', 'sign-out']);

export interface WebServer {
  app: FastifyInstance;
  metrics: Metrics;
  /** What else must be well for the server to be ready, by name. */
  readiness: Map<string, Readiness>;
  /** Every route with its guard, as registered; for checks. */
  routes: { method: string; url: string; config?: FastifyContextConfig }[];
  listen(host: string, port: number): Promise<string>;
}

/** Builds the HTTP server: security first, then sign-in, then the features' routes. */
export async function buildServer(
  waymark: House,
  log: Logger,
  features: RouteSet[],
  askForVerdicts: () => Promise<void>,
): Promise<WebServer> {
  const { config, database } = waymark;
  let demo: DemoProvider | null = null;
  let openId: OpenIdSignIn | null = null;
  let secure = config.WAYMARK_PUBLIC_URL?.startsWith('https://') ?? false;
  const app: FastifyInstance = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    // Forms and calls are small; where files are taken the route says how large they may be.
    bodyLimit: bodyAtMost,
    trustProxy: (_address: string, hop: number) => hop < config.WAYMARK_PROXIES,
    serverFactory: (handler): Server =>
      createServer((request, response) => {
        if (demo && request.url?.startsWith(`${demoMount}/`)) demo.handle(request, response);
        else handler(request, response);
      }),
  });
  const metrics = new Metrics(() => waymark.fixes.waiting);
  const readiness = new Map<string, Readiness>();
  const views = makeViews(waymark.timeZone);

  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        workerSrc: ["'self'", 'blob:'],
        // Signing out goes on to the provider, so that its session ends too.
        formAction: ["'self'", ...(config.OIDC_ISSUER ? [new URL(config.OIDC_ISSUER).origin] : [])],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    hsts: secure,
  });
  await app.register(rateLimit, { max: config.WAYMARK_RATE_LIMIT, timeWindow: 60_000 });
  const sessionSecret = config.WAYMARK_SESSION_SECRET ?? waymark.folder.secret('session');
  await app.register(cookie, { secret: sessionSecret });
  await app.register(formbody);
  await app.register(multipart, {
    attachFieldsToBody: true,
    limits: { fileSize: fileAtMost, files: 1, fields: 50, fieldSize: bodyAtMost },
  });
  const lifetimes = { idleMs: config.WAYMARK_SESSION_IDLE_MINUTES * 60_000, absoluteMs: config.WAYMARK_SESSION_HOURS * 3_600_000 };
  const sessions = new DatabaseSessionStore(database.db, lifetimes);
  await app.register(session, {
    secret: sessionSecret,
    cookieName: 'waymark',
    cookie: { httpOnly: true, sameSite: 'lax', secure: secure ? true : 'auto', path: '/', maxAge: lifetimes.idleMs },
    saveUninitialized: false,
    store: sessions,
  });
  await app.register(csrf, { sessionPlugin: '@fastify/session', getToken: csrfTokenOf });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Waymark',
        version: '0.1.0',
        description:
          'Positions and crimes in, verdicts out. Staff programs send an API token as Bearer; tags and gateways their own secrets.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' }, tag: { type: 'http', scheme: 'basic' } } },
    },
    hideUntagged: true,
  });
  const signIns = new SignIns(database.db, sessions, sessionSecret, config.WAYMARK_ROLES_ASKED_MINUTES * 60_000);
  signIns.onError = (error) =>
    log.warn({ error: (error as Error).name, message: (error as Error).message }, 'asking the identity provider');
  let asking: NodeJS.Timeout | null = null;
  app.addHook('onClose', async () => {
    if (asking) clearInterval(asking);
  });
  const routes: WebServer['routes'] = [];
  app.addHook('onRoute', (route) => {
    for (const method of [route.method].flat()) routes.push({ method, url: route.url, config: route.config });
  });
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/api/docs')) route.config = { ...route.config, open: true };
  });
  await app.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: true, theme: { title: 'Waymark API' } });
  await registerAssets(app);

  app.decorateRequest('actor', null);
  app.decorateRequest('byToken', false);
  app.addHook('onRequest', async (request) => {
    const bearer = /^Bearer (wm_[\w-]+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (bearer) {
      request.actor = await actorOfToken(database.db, bearer);
      request.byToken = request.actor !== null;
    } else if (request.session.user) {
      const { user } = request.session;
      const why = openId && !demo ? await signIns.whyEnded(request.session.sessionId, user, openId) : null;
      if (why) {
        request.log.info({ why }, 'session ended');
        await request.session.destroy();
        return;
      }
      request.actor = { id: user.id, name: user.name, role: user.role, purpose: purposeOf[user.role] };
    }
  });
  // Who asks, and whether they may, comes before anything they sent is read.
  app.addHook('onRequest', async (request, reply) => {
    const { open, api, action = '', room = 'supervision', takesFile } = request.routeOptions.config;
    const kind = String(request.headers['content-type'] ?? '');
    const refuse = () => {
      if (!/^multipart\//i.test(kind)) return;
      if (!takesFile) throw new InvalidError('No files are taken at this address.');
      if (!/;\s*boundary=/i.test(kind))
        throw new InvalidError('The request says that it has several parts, and not what is between them (boundary).');
    };
    if (request.is404 || open) return refuse();
    if (request.is404 || open) return;
    if (!request.actor) {
      if (api) return reply.code(401).send({ error: 'Sign in, or send an API token as a Bearer credential.' });
      return reply.redirect(`/sign-in?to=${encodeURIComponent(request.url)}`);
    }
    // Who is refused as a person in the data is not named: their looks at either half would join.
    const asking = request.actor.role === 'person' ? { ...request.actor, id: 'own', name: 'Somebody in the data' } : request.actor;
    if (!personalActions.has(action)) await waymark.performer.admit(asking, action, room);
    refuse();
  });
  // Whatever is answered is about somebody unless its route says otherwise: no cache keeps it.
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  app.addHook('preHandler', async (request) => {
    // No database takes such a character into a text.
    if (holdsNul(request.body) || holdsNul(request.query))
      throw new InvalidError('There is a character that cannot be stored. Type the text again.');
    // No record has such a number, and no database takes it.
    for (const value of Object.values((request.params ?? {}) as Record<string, unknown>))
      if (typeof value === 'number' && !(Number.isInteger(value) && Math.abs(value) <= 2_147_483_647))
        throw new NotFoundError('There is nothing at this address.');
    for (const [name, value] of Object.entries((request.query ?? {}) as Record<string, unknown>))
      if (typeof value === 'number' && !Number.isFinite(value)) throw new InvalidError(`“${name}” is no number that can be used.`, name);
    const { lists = [] } = request.routeOptions.config;
    const isForm = /^(application\/x-www-form-urlencoded|multipart\/form-data)/i.test(request.headers['content-type'] ?? '');
    for (const fields of [request.query, isForm ? request.body : null]) {
      const twice = repeatedIn(fields, lists);
      if (twice !== null) throw new InvalidError(`The field “${twice}” was sent more than once. Send it once.`, twice);
    }
  });
  app.addHook('preHandler', async (request, reply) => {
    if (request.is404 || request.routeOptions.config.open || !request.actor) return;
    if (!['GET', 'HEAD'].includes(request.method) && !request.byToken) {
      await new Promise<void>((resolve, reject) => {
        app.csrfProtection(request, reply, ((error?: Error) => (error ? reject(error) : resolve())) as () => void);
      });
    }
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.requests.observe({ route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
    request.log.info({ method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) });
  });

  const web: WebKit = {
    waymark,
    metrics,
    askForVerdicts,
    sessions,
    onSessionEnd: (tell) => void sessions.on('ended', tell),
    async page(request, reply, template, data = {}) {
      const user = request.session.user;
      const notice = request.session.notice;
      if (notice) request.session.notice = undefined;
      const csrfToken = user ? await reply.generateCsrf() : '';
      const html = views.render(template, {
        ...data,
        user,
        notice,
        csrfToken,
        path: request.url.split('?')[0],
        navigation: user ? navigationFor(waymark, user.role, request.url) : [],
        demo: demo !== null,
        timeZone: waymark.timeZone,
      });
      return reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(html);
    },
    notice(request, text) {
      request.session.notice = text;
    },
  };
  handleErrors(app, web);

  signInRoutes(app, web, { sessions, signIns, openId: () => openId, isDemo: () => demo !== null, isSecure: () => secure });
  app.get('/demo-sign-in/:uid', { config: { open: true } }, async (request, reply) => {
    if (!demo) throw new NotFoundError('There are no demo accounts here.');
    const { uid } = request.params as { uid: string };
    return web.page(request, reply, 'web/pages/demo-sign-in.njk', { accounts: demoAccounts, uid });
  });
  app.post('/demo-sign-in/:uid', { config: { open: true } }, async (request, reply) => {
    if (!demo) throw new NotFoundError('There are no demo accounts here.');
    const [account] = textsOf(request.body, 'account');
    if (!demoAccounts.some(({ id }) => id === account)) throw new InvalidError('Choose one of the accounts.', 'account');
    try {
      return await reply.redirect(await demo.choose(request.raw, reply.raw, account));
    } catch {
      return reply.redirect('/sign-in');
    }
  });
  healthRoutes(app, waymark, metrics, readiness);
  app.get('/', { config: { action: 'start' } }, async (request, reply) =>
    reply.redirect(startOf(waymark, request.actor?.role as SignInRole)),
  );
  for (const feature of features) await app.register(async (scope) => feature(scope, web));

  return {
    app,
    metrics,
    readiness,
    routes,
    async listen(host, port) {
      await app.listen({ host, port });
      const address = app.server.address();
      const actual = typeof address === 'object' && address ? address.port : port;
      const publicUrl =
        config.WAYMARK_PUBLIC_URL?.replace(/\/+$/, '') ?? `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${actual}`;
      secure = publicUrl.startsWith('https://');
      const roleClaim = config.OIDC_ROLE_CLAIM;
      if (config.OIDC_ISSUER) {
        openId = new OpenIdSignIn({
          issuer: config.OIDC_ISSUER,
          clientId: config.OIDC_CLIENT_ID ?? '',
          clientSecret: config.OIDC_CLIENT_SECRET ?? '',
          roleClaim,
          publicUrl,
          scope: config.OIDC_SCOPE,
        });
        const provider = openId;
        // A provider that is away is no reason to take no positions: it is told, and asked again.
        let wrong: string | null = null;
        const ask = () =>
          provider.check().then(
            () => {
              wrong = null;
            },
            (error: Error) => {
              if (wrong === null) log.error({ error: error.name, message: error.message }, 'identity provider');
              wrong = error.message;
            },
          );
        await ask();
        asking = setInterval(() => void ask(), 60_000).unref();
        readiness.set('sign-in', () => wrong);
      } else {
        checkDemoAccounts(waymark, host);
        demo = startDemoProvider(publicUrl, waymark.folder.secret('demo-sign-in'));
        openId = new OpenIdSignIn({
          issuer: demo.issuer,
          clientId: demo.clientId,
          clientSecret: demo.clientSecret,
          roleClaim,
          publicUrl,
          scope: 'openid waymark',
        });
      }
      await sessions.removeExpired();
      return publicUrl;
    },
  };
}

/**
 * Accounts without a password are for a trial with fictional people, on the machine itself.
 * @throws ConfigError
 */
function checkDemoAccounts({ config, folder }: House, host: string): void {
  const isHere = (name: string) => /^(127\.\d+\.\d+\.\d+|localhost|::1|\[::1\])$/.test(name);
  const remedy = 'Set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET; see docs/operators.md.';
  if (!isHere(host) || (config.WAYMARK_PUBLIC_URL && !isHere(new URL(config.WAYMARK_PUBLIC_URL).hostname)))
    throw new ConfigError(
      `Demo accounts have no password, and are refused where others than this machine can reach them (${host}). ${remedy}`,
    );
  if (config.NODE_ENV !== 'test' && !folder.isTrial)
    throw new ConfigError(
      `Demo accounts have no password, and are refused on ${folder.path}: neither the fictional town nor “import --register” made it. ${remedy}`,
    );
}

/** The token of a form or of a header, wherever the body's parser put it. */
function csrfTokenOf(request: FastifyRequest): string | undefined {
  const field = (request.body as { _csrf?: string | { value?: string } } | undefined)?._csrf;
  if (typeof field === 'string') return field;
  if (field && typeof field === 'object') return field.value;
  return request.headers['csrf-token'] as string | undefined;
}

/** Whether a text of a form holds the character NUL. Bodies of files are not looked through. */
function holdsNul(fields: unknown): boolean {
  if (fields === null || typeof fields !== 'object' || Buffer.isBuffer(fields)) return false;
  return Object.values(fields).some((value) => [value].flat().some((text) => typeof text === 'string' && text.includes('\0')));
}

/** Style sheets and scripts from our own address only; nothing comes from elsewhere. */
async function registerAssets(app: FastifyInstance): Promise<void> {
  // The GDS typeface and the crown belong to government services; neither is served.
  const govukCss = readFileSync(join(govukFolder, 'govuk/govuk-frontend.min.css'), 'utf8')
    .replace(/@font-face\{[^}]*\}/g, '')
    .replace(/"?GDS Transport"?,/g, '')
    .replace(/\/\*# sourceMappingURL=.*?\*\//g, '');
  const cached = { config: { open: true, rateLimit: false as const } };
  app.get('/assets/govuk.css', cached, (_request, reply) =>
    reply.type('text/css').header('cache-control', 'public, max-age=3600').send(govukCss),
  );
  const folders: [string, string][] = [
    ['/assets/waymark/', join(import.meta.dirname, 'browser')],
    ['/assets/maplibre/', join(packageFolder('maplibre-gl'), 'dist')],
    ['/assets/terra-draw/', dirname(require.resolve('terra-draw'))],
    ['/assets/terra-draw-maplibre/', dirname(require.resolve('terra-draw-maplibre-gl-adapter'))],
    ['/assets/govuk-js/', join(govukFolder, 'govuk')],
  ];
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, open: true };
    });
    for (const [i, [prefix, root]] of folders.entries()) {
      await scope.register(fastifyStatic, { root, prefix, decorateReply: i === 0, maxAge: 3_600_000, index: false });
    }
  });
}

const ourFaultInWords = 'Something went wrong on our side. It has been noted. Try again in a moment.';

function handleErrors(app: FastifyInstance, web: WebKit): void {
  app.setNotFoundHandler(async (request, reply) => {
    if (request.url.startsWith('/api/')) return reply.code(404).send({ error: 'There is nothing at this address.' });
    return web.page(request, reply.code(404), 'web/pages/error.njk', {
      heading: 'Page not found',
      message: 'Check the address, or go back to the start.',
    });
  });
  app.setErrorHandler(async (error: Error & { statusCode?: number; code?: string }, request, reply) => {
    if (error instanceof PastLastPageError) return reply.redirect(error.lastPage);
    const [status, heading] = statusOf(error);
    if (status >= 500) request.log.error({ error: error.name, message: error.message, stack: error.stack }, 'request failed');
    const message = status < 500 ? error.message : status === 507 ? noRoomInWords : ourFaultInWords;
    if (request.routeOptions.config?.api || request.url.startsWith('/api/') || request.url.startsWith('/ingest/')) {
      return reply.code(status).send({ error: message, ...(error instanceof InvalidError && error.field ? { field: error.field } : {}) });
    }
    return web.page(request, reply.code(status), 'web/pages/error.njk', { heading, message });
  });
}

function statusOf(error: Error & { statusCode?: number; code?: string }): [status: number, heading: string] {
  if (error instanceof RefusedError) return [403, 'You cannot do this'];
  if (error instanceof NotFoundError) return [404, 'Not found'];
  if (error instanceof InvalidError) return [400, 'There is a problem'];
  if (error.code?.startsWith('FST_CSRF')) return [403, 'This form has expired'];
  if (error.statusCode === 429) return [429, 'Too many requests'];
  if (error.statusCode && error.statusCode < 500) return [error.statusCode, 'This request cannot be read'];
  if (isOutOfRoom(error)) return [507, 'There is no room left'];
  return [500, 'Sorry, there is a problem'];
}
