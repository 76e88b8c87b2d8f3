import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { todayOf } from '../platform/days.ts';
import { challengeOwn, comeBack, withdraw } from '../support/index.ts';
import { Id, idIn, textsOf } from '../web/form.ts';
import type { WebKit } from '../web/kit.ts';
import type { Fault, OwnPages } from './own-pages.ts';

/** What support holds of a person, and answering back. */
export function ownSupportRoutes(app: FastifyInstance, web: WebKit, own: OwnPages): void {
  const { as, support, page, change } = own;
  const supportPage = async (request: FastifyRequest, reply: FastifyReply, error: Fault | null) =>
    page(request, reply, 'support', { support: await support(request), error });
  app.get('/me/support', { config: { action: 'own.support', room: 'support', menu: { text: 'My support', rank: 30 } } }, (request, reply) =>
    supportPage(request, reply, null),
  );
  app.post(
    '/me/facts/:id/wrong',
    { config: { action: 'own.challenge', room: 'support' }, schema: { params: Id } },
    async (request, reply) => {
      const id = idIn(request);
      const [reason] = textsOf(request.body, 'reason');
      return change(request, reply, {
        work: () => as(request, 'support', challengeOwn, null, { fact: id, reason }),
        done: 'Thank you. We do not use this any more until somebody has looked into it.',
        to: '/me/support',
        again: (fault) => supportPage(request, reply, fault),
      });
    },
  );
  app.post('/me/stop', { config: { action: 'own.withdraw', room: 'support' } }, async (request, reply) => {
    const [said] = textsOf(request.body, 'said');
    return change(request, reply, {
      work: () => as(request, 'support', withdraw, null, { said, today: todayOf(web.waymark) }),
      done: 'All support has stopped. Nothing else changes for you. You can come back at any time.',
      to: '/me/support',
      again: (fault) => supportPage(request, reply, fault),
    });
  });
  app.post('/me/back', { config: { action: 'own.withdraw', room: 'support' } }, async (request, reply) => {
    await as(request, 'support', comeBack, null, null);
    web.notice(request, 'Welcome back.');
    return reply.redirect('/me/support');
  });
}
