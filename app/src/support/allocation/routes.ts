import type { FastifyInstance, FastifyRequest } from 'fastify';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { idOf, invalidIn, security, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { shareOf } from '../fairness/index.ts';
import { decideOffer, offerDecisions } from './decide-offer.ts';
import { overseeDecisions } from './oversee-decisions.ts';
import { objective, proposeAllocation } from './propose.ts';
import { readAllocation } from './read-allocation.ts';

const room = 'support' as const;
interface Fault {
  text: string;
  field: string | null;
}

/** Who is offered the places of services, and how that was decided: pages and API. */
export function allocationRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  app.get(
    '/decisions',
    { config: { action: 'decisions.oversee', room, menu: { text: 'Decisions', rank: 260 } } },
    async (request, reply) => {
      const decisions = await performer.perform(actorOf(request), overseeDecisions, null, null);
      return web.page(request, reply, 'support/allocation/decisions.njk', { decisions, shareOf });
    },
  );

  const showAllocation = async (request: FastifyRequest, error: Fault | null) => {
    const query = readPage(request.query);
    const view = await performer.perform(actorOf(request), readAllocation, null, query);
    return {
      ...view,
      objective,
      decisions: offerDecisions,
      error,
      pagination: pagination('/allocation', request.query, query.page, view.total),
    };
  };
  app.get('/allocation', { config: { action: 'allocation.read', room, menu: { text: 'Allocation', rank: 220 } } }, async (request, reply) =>
    web.page(request, reply, 'support/allocation/allocation.njk', await showAllocation(request, null)),
  );
  app.get(
    '/api/allocation',
    {
      config: { action: 'allocation.read', room, api: true },
      schema: { operationId: 'readAllocation', tags: ['Support'], summary: 'The latest proposals for places', security },
    },
    async (request) => performer.perform(actorOf(request), readAllocation, null, readPage(request.query)),
  );
  app.post('/allocation', { config: { action: 'allocation.propose', room } }, async (request, reply) => {
    try {
      const { placements } = await proposeAllocation(performer, actorOf(request), web.waymark);
      web.notice(request, `${placements.length} places are proposed. Each is yours to decide.`);
      return reply.redirect('/allocation');
    } catch (caught) {
      const error = invalidIn(caught);
      return web.page(
        request,
        reply.code(400),
        'support/allocation/allocation.njk',
        await showAllocation(request, { text: error.message, field: error.field }),
      );
    }
  });
  app.post('/allocation/decide', { config: { action: 'allocation.decide', room } }, async (request, reply) => {
    const [id, decision, reason, lookAgainOn] = textsOf(request.body, 'id', 'decision', 'reason', 'lookAgain');
    try {
      await performer.perform(actorOf(request), decideOffer, null, {
        id: idOf(id),
        decision,
        reason,
        lookAgainOn,
        today: dayIn(web.waymark.timeZone),
      });
    } catch (caught) {
      const error = invalidIn(caught);
      return web.page(
        request,
        reply.code(400),
        'support/allocation/allocation.njk',
        await showAllocation(request, { text: error.message, field: error.field }),
      );
    }
    web.notice(request, `Recorded: ${decision}.`);
    return reply.redirect('/allocation');
  });
}
