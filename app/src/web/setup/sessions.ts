import cookie from '@fastify/cookie';
import csrf from '@fastify/csrf-protection';
import session from '@fastify/session';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DatabaseSessionStore } from '../../platform/sign-in/session-store.ts';
import { SignIns } from '../../platform/sign-in/sign-ins.ts';
import type { House } from '../kit.ts';

/** Cookies, sessions in the records database, and the token that every form carries. */
export async function setUpSessions(
  app: FastifyInstance,
  { config, folder, database }: House,
  isSecure: boolean,
): Promise<{ sessions: DatabaseSessionStore; signIns: SignIns }> {
  const secret = config.WAYMARK_SESSION_SECRET ?? folder.secret('session');
  await app.register(cookie, { secret });
  const lifetimes = { idleMs: config.WAYMARK_SESSION_IDLE_MINUTES * 60_000, absoluteMs: config.WAYMARK_SESSION_HOURS * 3_600_000 };
  const sessions = new DatabaseSessionStore(database.db, lifetimes);
  await app.register(session, {
    secret,
    cookieName: 'waymark',
    cookie: { httpOnly: true, sameSite: 'lax', secure: isSecure ? true : 'auto', path: '/', maxAge: lifetimes.idleMs },
    saveUninitialized: false,
    store: sessions,
  });
  await app.register(csrf, { sessionPlugin: '@fastify/session', getToken: csrfTokenOf });
  return { sessions, signIns: new SignIns(database.db, sessions, secret, config.WAYMARK_ROLES_ASKED_MINUTES * 60_000) };
}

/** The token of a form or of a header, wherever the body's parser put it. */
function csrfTokenOf(request: FastifyRequest): string | undefined {
  const field = (request.body as { _csrf?: string | { value?: string } } | undefined)?._csrf;
  if (typeof field === 'string') return field;
  if (field && typeof field === 'object') return field.value;
  return request.headers['csrf-token'] as string | undefined;
}
