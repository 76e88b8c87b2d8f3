import type { FastifyInstance } from 'fastify';
import { keepsOf } from '../../config.ts';
import { supervisionRules } from '../../supervision/index.ts';
import { supportRules } from '../../support/index.ts';
import { actorOf } from '../../web/actor-of.ts';
import { idOf, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { readRetention } from './read-retention.ts';
import { agreeToRetention } from './retention-asks.ts';

/** What is kept how long, what went, and removals that wait for two people: a page. */
export function retentionRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  app.get(
    '/retention',
    { config: { action: 'retention.read', room: 'oversight', menu: { text: 'Retention', rank: 360 } } },
    async (request, reply) => {
      const halves = [
        { name: 'Supervision', rules: supervisionRules(keepsOf(web.waymark.config)) },
        { name: 'Support', rules: supportRules },
      ];
      return web.page(request, reply, 'oversight/retention/retention.njk', {
        ...(await performer.perform(actorOf(request), readRetention, null, null)),
        own: actorOf(request).id,
        halves,
      });
    },
  );
  app.post('/retention/agree', { config: { action: 'retention.agree', room: 'oversight' } }, async (request, reply) => {
    const [id] = textsOf(request.body, 'id');
    const { stillNeeds } = await performer.perform(actorOf(request), agreeToRetention, null, { id: idOf(id) });
    web.notice(
      request,
      stillNeeds === 0 ? 'Two people have agreed. It is removed at the next run of the job.' : 'You have agreed. It takes one more person.',
    );
    return reply.redirect('/retention');
  });
}
