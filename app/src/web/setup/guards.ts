import type { FastifyInstance, FastifyRequest } from 'fastify';
import { purposeOf } from '../../platform/access.ts';
import { InvalidError } from '../../platform/action.ts';
import { actorOfToken } from '../../platform/api-tokens.ts';
import type { SignIns } from '../../platform/sign-in/sign-ins.ts';
import { pageOfForm } from '../form.ts';
import type { House } from '../kit.ts';
import type { Identity } from './identity.ts';

/** Longest address on this server that an answer leads to; headers of 16 KB break connections. */
const locationAtMost = 4000;
/** What anybody who is signed in may do with their own session. */
const personalActions = new Set(['start', 'sign-out']);

/** Where to sign in. Whoever sent a form comes back to the page that it stood on, which has what they typed. */
function signInFor(request: FastifyRequest): string {
  const { method, url } = request;
  if (method === 'GET' || method === 'HEAD') return `/sign-in?to=${encodeURIComponent(url)}`;
  return `/sign-in?form=lost&to=${encodeURIComponent(pageOfForm(request))}`;
}

/** The token of a program: as a Bearer credential, or where an address takes it as the password of Basic sign-in. */
function tokenIn({ headers: { authorization = '' }, routeOptions }: FastifyRequest): string | undefined {
  const bearer = /^Bearer (wm_[\w-]+)$/.exec(authorization)?.[1];
  if (bearer || !routeOptions.config.basic) return bearer;
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization)?.[1];
  return basic && /^[^:]*:(wm_[\w-]+)$/.exec(Buffer.from(basic, 'base64').toString())?.[1];
}

/** Who asks, and whether they may: before anything they sent is read, and with the token of the form once it is. */
export function setUpGuards(app: FastifyInstance, house: House, identity: Identity, signIns: SignIns): void {
  app.decorateRequest('actor', null);
  app.decorateRequest('byToken', false);
  app.addHook('onRequest', async (request) => {
    const bearer = tokenIn(request);
    if (bearer) {
      request.actor = await actorOfToken(house.database.db, bearer);
      request.byToken = request.actor !== null;
    } else if (request.session.user) {
      const { user } = request.session;
      const { openId, demo } = identity;
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
    const { open, api, basic, action = '', room = 'supervision', takesFile } = request.routeOptions.config;
    const kind = String(request.headers['content-type'] ?? '');
    const refuse = () => {
      if (!/^multipart\//i.test(kind)) return;
      if (!takesFile) throw new InvalidError('No files are taken at this address.');
      if (!/;\s*boundary=/i.test(kind))
        throw new InvalidError('The request says that it has several parts, and not what is between them (boundary).');
    };
    if (request.is404 || open) return refuse();
    if (!request.actor) {
      if (basic) reply.header('www-authenticate', 'Basic realm="Waymark: any name, and a token as password", charset="UTF-8"');
      if (api) return reply.code(401).send({ error: 'Sign in, or send an API token as a Bearer credential.' });
      return reply.redirect(signInFor(request));
    }
    // Who is refused as a person in the data is not named: their looks at either half would join.
    const asking = request.actor.role === 'person' ? { ...request.actor, id: 'own', name: 'Somebody in the data' } : request.actor;
    if (!personalActions.has(action)) await house.performer.admit(asking, action, room);
    refuse();
  });
  // Whatever is answered is about somebody unless its route says otherwise: no cache keeps it.
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    // What somebody asked for comes back in an address only so far as every browser and proxy takes it.
    const location = reply.getHeader('location');
    if (typeof location === 'string' && location.startsWith('/') && location.length > locationAtMost)
      reply.header('location', location.split('?', 1)[0]?.slice(0, locationAtMost) || '/');
  });
  app.addHook('preHandler', async (request, reply) => {
    if (request.is404 || request.routeOptions.config.open || !request.actor) return;
    if (!['GET', 'HEAD'].includes(request.method) && !request.byToken) {
      await new Promise<void>((resolve, reject) => {
        app.csrfProtection(request, reply, ((error?: Error) => (error ? reject(error) : resolve())) as () => void);
      });
    }
  });
}
