import type { FastifyInstance } from 'fastify';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/kit.ts';
import { leastShown } from './compare-groups.ts';
import { readFairness } from './read-fairness.ts';

const room = 'support' as const;

/** The fairness audit: page and API. */
export function fairnessRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  app.get('/fairness', { config: { action: 'fairness.read', room, menu: { text: 'Fairness', rank: 280 } } }, async (request, reply) => {
    const view = await performer.perform(actorOf(request), readFairness, null, null);
    return web.page(request, reply, 'support/fairness/fairness.njk', { ...view, leastShown });
  });
  app.get(
    '/api/fairness',
    {
      config: { action: 'fairness.read', room, api: true },
      schema: {
        operationId: 'readFairness',
        tags: ['Support'],
        summary: 'Needs, offers and outcomes by group, in numbers',
        security: [{ token: [] }],
      },
    },
    async (request) => performer.perform(actorOf(request), readFairness, null, null),
  );
}
