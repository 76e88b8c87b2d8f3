import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import type { House } from '../kit.ts';
import { sharedCounts } from './shared-rate-limit.ts';

/** Strict headers, and how much anybody may ask for in a minute. */
export async function setUpSecurity(app: FastifyInstance, { config, database, fixes, folder }: House, secure: boolean): Promise<void> {
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
        manifestSrc: ["'self'"],
        workerSrc: ["'self'", 'blob:'],
        // Signing out goes on to the provider, so that its session ends too.
        formAction: ["'self'", ...(config.OIDC_ISSUER ? [new URL(config.OIDC_ISSUER).origin] : [])],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    // Other sites learn nothing of where somebody came from; we learn which page a form stood on.
    referrerPolicy: { policy: 'same-origin' },
    hsts: secure,
  });
  const limit = { max: config.WAYMARK_RATE_LIMIT, timeWindow: 60_000 };
  if (!fixes.isShared) return void (await app.register(rateLimit, limit));
  const secret = config.WAYMARK_SESSION_SECRET ?? folder.secret('session');
  // Where the records do not answer, nobody is refused for that.
  await app.register(rateLimit, { ...limit, store: sharedCounts(database.db, secret), skipOnError: true });
}
