import type { FastifyInstance, FastifyRequest } from 'fastify';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, idOf, invalidIn, security, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { currentInstrument } from '../needs/index.ts';
import { declareService, endService, listServices, readWaitingList, serviceKinds } from './services.ts';

const room = 'support' as const;
interface Fault {
  text: string;
  field: string | null;
}

/** Services and their waiting lists: pages and API. */
export function serviceRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;

  const showServices = async (request: FastifyRequest, error: Fault | null, draft: object) => ({
    services: await performer.perform(actorOf(request), listServices, null, null),
    kinds: serviceKinds,
    factors: currentInstrument().factors,
    error,
    draft,
  });
  app.get('/services', { config: { action: 'service.list', room, menu: { text: 'Services', rank: 230 } } }, async (request, reply) =>
    web.page(request, reply, 'support/services/services.njk', await showServices(request, null, { serves: {} })),
  );
  app.get(
    '/api/services',
    {
      config: { action: 'service.list', room, api: true },
      schema: { operationId: 'listServices', tags: ['Support'], summary: 'Services with their places', security },
    },
    async (request) => performer.perform(actorOf(request), listServices, null, null),
  );
  app.post('/services', { config: { action: 'service.declare', room } }, async (request, reply) => {
    const draft = draftOf(request);
    try {
      await performer.perform(actorOf(request), declareService, null, {
        ...draft,
        places: numberIn(draft.places),
        ageFrom: numberIn(draft.ageFrom),
        ageTo: numberIn(draft.ageTo),
        area: draft.area || null,
      });
    } catch (caught) {
      const error = invalidIn(caught);
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
    const id = idIn(request);
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
}

const numberIn = (text: string) => (text.trim() === '' ? Number.NaN : Number(text));

/** A service as its form describes it, word for word. */
function draftOf(request: FastifyRequest) {
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
  return { name, kind, provider, places, ageFrom, ageTo, area, serves };
}
