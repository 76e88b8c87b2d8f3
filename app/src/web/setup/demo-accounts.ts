import type { FastifyInstance } from 'fastify';
import { InvalidError, NotFoundError } from '../../platform/action.ts';
import { demoAccounts } from '../../platform/sign-in/demo-provider.ts';
import { textsOf } from '../form.ts';
import type { WebKit } from '../kit.ts';
import type { Identity } from './identity.ts';

/** Signing in to the trial as one of its accounts. */
export function demoAccountRoutes(app: FastifyInstance, web: WebKit, identity: Identity): void {
  app.get('/demo-sign-in/:uid', { config: { open: true } }, async (request, reply) => {
    const { demo } = identity;
    if (!demo) throw new NotFoundError('There are no demo accounts here.');
    const { uid } = request.params as { uid: string };
    return web.page(request, reply, 'web/pages/demo-sign-in.njk', { accounts: demoAccounts, uid });
  });
  app.post('/demo-sign-in/:uid', { config: { open: true } }, async (request, reply) => {
    const { demo } = identity;
    if (!demo) throw new NotFoundError('There are no demo accounts here.');
    const [account] = textsOf(request.body, 'account');
    if (!demoAccounts.some(({ id }) => id === account)) throw new InvalidError('Choose one of the accounts.', 'account');
    try {
      return await reply.redirect(await demo.choose(request.raw, reply.raw, account));
    } catch {
      return reply.redirect('/sign-in');
    }
  });
}
