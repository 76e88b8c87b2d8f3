import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type SignInAttempt, SignInProviderError } from '../../platform/sign-in/openid.ts';
import { NoRoleError } from '../../platform/sign-in/role-of-claims.ts';
import type { DatabaseSessionStore } from '../../platform/sign-in/session-store.ts';
import type { SignIns } from '../../platform/sign-in/sign-ins.ts';
import { textsOf } from '../form.ts';
import type { Identity } from './identity.ts';

const attemptCookie = 'waymark-attempt';
/** Whoever goes to the provider is back within this, seconds. */
const attemptLastsS = 10 * 60;

/** Renders a page. */
interface Pages {
  page(request: FastifyRequest, reply: FastifyReply, template: string, data: object): Promise<FastifyReply>;
}

/** A cookie holds it on the way to the provider, and takes no more. */
const pathAtMost = 2000;

/** Only paths of our own: no other site is ever redirected to. */
export function safePath(path: string): string {
  return path.length <= pathAtMost && /^\/(?![/\\])[\x20-\x7e]*$/.test(path) && !path.startsWith('/sign-in') ? path : '/';
}

/** Signing in and out. What is kept on the way to the provider lies with the browser, signed: visits leave no rows. */
export function signInRoutes(
  app: FastifyInstance,
  web: Pages,
  on: { sessions: DatabaseSessionStore; signIns: SignIns; identity: Identity },
): void {
  const { sessions, signIns, identity } = on;
  const options = () =>
    ({ path: '/sign-in', httpOnly: true, sameSite: 'lax', secure: identity.isSecure, signed: true, maxAge: attemptLastsS }) as const;
  const refused = (request: FastifyRequest, reply: FastifyReply, error: unknown) => {
    request.log.warn({ error: (error as Error).name, message: (error as Error).message }, 'sign-in failed');
    const isAway = error instanceof SignInProviderError;
    const failed =
      error instanceof NoRoleError
        ? error.message
        : isAway
          ? 'The service that knows your password does not answer as it should. Try again in a moment; if it lasts, tell whoever runs Waymark.'
          : 'Signing in did not work. Try again.';
    return web.page(request, reply.code(isAway ? 503 : 403), 'web/pages/sign-in.njk', { to: '/', failed });
  };

  app.get('/sign-in', { config: { open: true } }, async (request, reply) => {
    const [to, form] = textsOf(request.query, 'to', 'form');
    return web.page(request, reply, 'web/pages/sign-in.njk', { to: safePath(to), failed: null, formLost: form === 'lost' });
  });
  app.get('/sign-in/start', { config: { open: true, rateLimit: { max: 120, timeWindow: 60_000 } } }, async (request, reply) => {
    const { openId } = identity;
    if (!openId) throw new Error('The server is not listening yet');
    try {
      const { url, attempt } = await openId.begin(safePath(textsOf(request.query, 'to')[0]));
      return await reply.setCookie(attemptCookie, JSON.stringify(attempt), options()).redirect(url);
    } catch (error) {
      return refused(request, reply, error);
    }
  });
  app.get('/sign-in/callback', { config: { open: true } }, async (request, reply) => {
    const { openId } = identity;
    const kept = request.unsignCookie(request.cookies[attemptCookie] ?? '');
    if (!kept.valid || !openId) return reply.redirect('/sign-in');
    reply.clearCookie(attemptCookie, { path: '/sign-in' });
    try {
      const attempt = JSON.parse(kept.value) as SignInAttempt;
      const { user, tokens } = await openId.finish(request.url, attempt);
      await request.session.regenerate();
      request.session.user = user;
      request.session.began = Date.now();
      await signIns.begin(request.session.sessionId, user, tokens);
      return await reply.redirect(attempt.returnTo);
    } catch (error) {
      return refused(request, reply, error);
    }
  });
  app.post('/sign-out', { config: { action: 'sign-out' } }, async (request, reply) => {
    const [everywhere, only, forgotten] = textsOf(request.body, 'everywhere', 'only', 'forgotten');
    const { openId } = identity;
    const { user, sessionId } = request.session;
    const idToken = await signIns.idTokenOf(sessionId);
    if (everywhere === 'yes' && user) await sessions.endAllOf(user.id);
    await request.session.destroy();
    // Else whoever sits here next is in again without a password.
    const elsewhere = openId && !identity.demo && only !== 'here' ? await openId.endUrl(idToken).catch(() => null) : null;
    // What a page kept on this device goes too, whether its own script could do it or not. Where it has, reminders that somebody wants here stay.
    if (forgotten !== 'yes') void reply.header('clear-site-data', '"storage"');
    return reply.redirect(elsewhere ?? '/sign-in');
  });
  app.post('/sign-in/back-channel-logout', { config: { open: true, api: true } }, async (request, reply) => {
    const [token] = textsOf(request.body, 'logout_token');
    const { openId } = identity;
    const notice = token && openId && !identity.demo ? await openId.readLogout(token) : null;
    if (!notice) return reply.code(400).send({ error: 'This is no logout token of the identity provider.' });
    const ended = await signIns.endBy(notice);
    request.log.info({ ended }, 'sessions ended by the identity provider');
    return reply.code(200).send({});
  });
}
