import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { dayIn } from '../platform/days.ts';
import { readOffered, takePart } from '../supervision/index.ts';
import { Id, idIn, textsOf } from '../web/form.ts';
import type { WebKit } from '../web/kit.ts';
import type { Fault, OwnPages } from './own-pages.ts';

/** What somebody on a tag is asked to take part in. Nothing follows from saying no. */
export function ownResearchRoutes(app: FastifyInstance, web: WebKit, own: OwnPages): void {
  const { as, change, page } = own;
  const today = () => dayIn(web.waymark.timeZone);
  const research = async (request: FastifyRequest, reply: FastifyReply, error: Fault | null) =>
    page(request, reply, 'research', { offered: await as(request, 'supervision', readOffered, null, { today: today() }), error });
  app.get('/me/research', { config: { action: 'own.tag', room: 'supervision' } }, (request, reply) => research(request, reply, null));
  app.post('/me/research/:id', { config: { action: 'own.ask', room: 'supervision' }, schema: { params: Id } }, async (request, reply) => {
    const leaves = textsOf(request.body, 'leaves')[0] === 'yes';
    return change(request, reply, {
      work: () => as(request, 'supervision', takePart, null, { id: idIn(request), leaves, today: today() }),
      done: leaves ? 'You do not take part any more.' : 'Thank you for taking part.',
      to: '/me/research',
      again: (fault) => research(request, reply, fault),
    });
  });
}
