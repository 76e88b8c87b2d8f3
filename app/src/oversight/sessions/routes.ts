import type { FastifyInstance } from 'fastify';
import { actorOf } from '../../web/actor-of.ts';
import { textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { endSessions, listSessions } from './sessions.ts';

/** Who is signed in, for the administrator: to see it, and to end it. */
export function sessionRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, config } = web.waymark;

  app.get(
    '/sessions',
    { config: { action: 'session.list', room: 'oversight', menu: { text: 'Signed in', rank: 350 } } },
    async (request, reply) => {
      await performer.perform(actorOf(request), listSessions, null, null);
      const query = readPage(request.query);
      const found = await web.sessions.signedIn(query);
      return web.page(request, reply, 'oversight/sessions/sessions.njk', {
        ...found,
        query,
        idleMinutes: config.WAYMARK_SESSION_IDLE_MINUTES,
        hours: config.WAYMARK_SESSION_HOURS,
        pagination: pagination('/sessions', request.query, query.page, found.total),
      });
    },
  );
  app.post('/sessions/end', { config: { action: 'session.end', room: 'oversight' } }, async (request, reply) => {
    const [account, name] = textsOf(request.body, 'account', 'name');
    await performer.perform(actorOf(request), endSessions, null, { account });
    const ended = await web.sessions.endAllOf(account);
    // Who ends their own is out, and is told so by the page for signing in.
    if (account === actorOf(request).id) {
      await request.session.destroy();
      return reply.redirect('/sign-in');
    }
    const of = name || account;
    if (ended === 0) web.notice(request, `${of} was signed out already.`);
    else web.notice(request, `${of} is signed out${ended > 1 ? ` in all ${ended} places` : ''}.`);
    return reply.redirect('/sessions');
  });
}
