import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { askSearch, decideSearch, grounds, limits } from './ask-search.ts';
import { listSearches, readSearch } from './read-search.ts';

/** Searches by place and time without a crime: pages. */
export function placeSearchRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, fixes, timeZone } = web.waymark;
  const told = (error: InvalidError | null) => (error ? { text: error.message, field: error.field } : null);
  const listPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object) => {
    const query = readPage(error ? {} : request.query);
    const found = await performer.perform(actorOf(request), listSearches, null, query);
    return web.page(request, error ? reply.code(400) : reply, 'supervision/place-search/place-searches.njk', {
      ...found,
      grounds,
      limits,
      draft,
      error: told(error),
      pagination: pagination('/place-searches', request.query, query.page, found.total),
    });
  };
  app.get('/place-searches', { config: { action: 'placesearch.list', menu: { text: 'Who was here?', rank: 66 } } }, (request, reply) =>
    listPage(request, reply, null, {}),
  );
  app.post('/place-searches', { config: { action: 'placesearch.ask' } }, async (request, reply) => {
    const [lat, lon, radius, from, to, ground, reason] = textsOf(request.body, 'lat', 'lon', 'radius', 'from', 'to', 'ground', 'reason');
    const wish = { lat, lon, radius, from, to, ground, reason };
    try {
      const { id } = await performer.perform(actorOf(request), askSearch, { timeZone }, wish);
      web.notice(request, 'Asked for. Nothing is searched before another person has agreed.');
      return reply.redirect(`/place-searches/${id}`);
    } catch (error) {
      return listPage(request, reply, invalidIn(error), wish);
    }
  });
  const onePage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object) => {
    const result = await performer.perform(actorOf(request), readSearch, { fixes }, { id: idIn(request), now: Date.now() });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/place-search/place-search.njk', {
      ...result,
      limits,
      draft,
      error: told(error),
    });
  };
  app.get('/place-searches/:id', { config: { action: 'placesearch.look' }, schema: { params: Id } }, (request, reply) =>
    onePage(request, reply, null, {}),
  );
  app.post('/place-searches/:id/decision', { config: { action: 'placesearch.decide' }, schema: { params: Id } }, async (request, reply) => {
    const [decision, reason] = textsOf(request.body, 'decision', 'reason');
    const again = await orAgain(
      async () => {
        const decided = await performer.perform(actorOf(request), decideSearch, null, { id: idIn(request), decision, reason });
        web.notice(request, decided.decision === 'agreed' ? 'You agreed to the search.' : 'You refused the search.');
      },
      (error) => onePage(request, reply, error, { decision, reason }),
    );
    return again ?? reply.redirect(`/place-searches/${idIn(request)}`);
  });
}
