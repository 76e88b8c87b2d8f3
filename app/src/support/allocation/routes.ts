import type { FastifyInstance, FastifyRequest } from 'fastify';
import { InvalidError } from '../../platform/action.ts';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { idOf, textsOf, Id, security } from '../../web/form.ts';
import { pagination, readPage } from '../../web/paging.ts';
import type { WebKit } from '../../web/kit.ts';
import { shareOf } from '../fairness/share.ts';
import { currentInstrument } from '../needs/instrument.ts';
import { declareService, endService, listServices, readWaitingList, serviceKinds } from '../services/services.ts';
import { decideOffer, offerDecisions } from './decide-offer.ts';
import { overseeDecisions } from './oversee-decisions.ts';
import { objective, proposeAllocation } from './propose.ts';
import { readAllocation } from './read-allocation.ts';

const room = 'support' as const;
interface Fault {
  text: string;
  field: string | null;
}

/** Services, and who is offered their places: pages and API. */
export function allocationRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;

  const showServices = async (request: FastifyRequest, error: Fault | null, draft: object) => ({
    services: await performer.perform(actorOf(request), listServices, null, null),
    kinds: serviceKinds,
    factors: currentInstrument().factors,
    error,
    draft,
  });
  app.get('/services', { config: { action: 'service.list', room } }, async (request, reply) =>
    web.page(request, reply, 'support/services/services.njk', await showServices(request, null, { serves: {} })),
  );
  app.get(
    '/api/services',
    { config: { action: 'service.list', room, api: true }, schema: { tags: ['Support'], summary: 'Services with their places', security } },
    async (request) => performer.perform(actorOf(request), listServices, null, null),
  );
  app.post('/services', { config: { action: 'service.declare', room } }, async (request, reply) => {
    const [name, kind, provider, places, ageFrom, ageTo, area] = textsOf(
      request.body,
      'name',
      'kind',
      'provider',
      'places',
      'ageFrom',
      'ageTo',
      'area',
    );
    const form = (request.body ?? {}) as Record<string, unknown>;
    const serves = Object.fromEntries(
      currentInstrument().factors.flatMap(({ key }): [string, number][] => {
        const given = form[`serves-${key}`];
        return typeof given === 'string' && given.trim() !== '' ? [[key, Number(given)]] : [];
      }),
    );
    const number = (text: string) => (text.trim() === '' ? Number.NaN : Number(text));
    try {
      await performer.perform(actorOf(request), declareService, null, {
        name,
        kind,
        provider,
        places: number(places),
        ageFrom: number(ageFrom),
        ageTo: number(ageTo),
        area: area || null,
        serves,
      });
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      const draft = { name, kind, provider, places, ageFrom, ageTo, area, serves };
      return web.page(
        request,
        reply.code(400),
        'support/services/services.njk',
        await showServices(request, { text: error.message, field: error.field }, draft),
      );
    }
    web.notice(request, 'The service is in the catalogue.');
    return reply.redirect('/services');
  });
  app.get('/services/:id', { config: { action: 'service.list', room }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const { page, limit, offset } = readPage(request.query);
    const list = await performer.perform(actorOf(request), readWaitingList, null, {
      id,
      today: dayIn(web.waymark.timeZone),
      limit,
      offset,
    });
    return web.page(request, reply, 'support/services/waiting-list.njk', {
      ...list,
      pagination: pagination(`/services/${id}`, request.query, page, list.total),
    });
  });
  app.post('/services/end', { config: { action: 'service.end', room } }, async (request, reply) => {
    const [id] = textsOf(request.body, 'id');
    await performer.perform(actorOf(request), endService, null, { id: idOf(id) });
    web.notice(request, 'The service is out of the catalogue.');
    return reply.redirect('/services');
  });

  app.get('/decisions', { config: { action: 'decisions.oversee', room } }, async (request, reply) => {
    const decisions = await performer.perform(actorOf(request), overseeDecisions, null, null);
    return web.page(request, reply, 'support/allocation/decisions.njk', { decisions, shareOf });
  });

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
  app.get('/allocation', { config: { action: 'allocation.read', room } }, async (request, reply) =>
    web.page(request, reply, 'support/allocation/allocation.njk', await showAllocation(request, null)),
  );
  app.get(
    '/api/allocation',
    {
      config: { action: 'allocation.read', room, api: true },
      schema: { tags: ['Support'], summary: 'The latest proposals for places', security },
    },
    async (request) => performer.perform(actorOf(request), readAllocation, null, readPage(request.query)),
  );
  app.post('/allocation', { config: { action: 'allocation.propose', room } }, async (request, reply) => {
    try {
      const { placements } = await proposeAllocation(performer, actorOf(request), web.waymark);
      web.notice(request, `${placements.length} places are proposed. Each is yours to decide.`);
      return reply.redirect('/allocation');
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
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
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
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
