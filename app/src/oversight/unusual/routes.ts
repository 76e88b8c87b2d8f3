import type { FastifyInstance } from 'fastify';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/kit.ts';
import { findUnusual, signalsInWords, unusualFrom } from './unusual-access.ts';

/** Looks that stand out: a page. */
export function unusualRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const services = { timeZone: web.waymark.timeZone };
  app.get(
    '/unusual',
    { config: { action: 'audit.unusual', room: 'oversight', menu: { text: 'Unusual looks', rank: 320 } } },
    async (request, reply) => {
      const signals = await performer.perform(actorOf(request), findUnusual, services, { now: Date.now() });
      const groups = Object.entries(signalsInWords).map(([kind, text]) => ({
        kind,
        text,
        signals: signals.filter((signal) => signal.kind === kind),
      }));
      return web.page(request, reply, 'oversight/unusual/unusual.njk', { groups, total: signals.length, unusualFrom });
    },
  );
}
