import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import type { Positions } from '../fixes/index.ts';
import { tagStates } from '../schema/tables.ts';
import { credentialRoutes } from './credential-routes.ts';
import { type FleetFilter, fleetFilters, listTags } from './list-fleet.ts';
import { moveTag, readTag } from './tag-life.ts';
import { declareTag } from './tags.ts';

/** The fleet, one tag and its life, and secrets: pages. */
export function tagRoutes(app: FastifyInstance, web: WebKit, { positions }: { positions: Positions }): void {
  const { performer } = web.waymark;
  const tagsPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft = {}) => {
    const { show } = (error ? {} : request.query) as { show?: string };
    const filter: FleetFilter = fleetFilters.find((own) => own === show) ?? 'all';
    const query = { ...readPage(error ? {} : request.query), filter };
    const found = await performer.perform(actorOf(request), listTags, { positions }, query);
    return web.page(request, error ? reply.code(400) : reply, 'supervision/tags/fleet.njk', {
      ...found,
      query,
      filters: fleetFilters,
      pagination: pagination('/tags', request.query, query.page, found.total),
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/tags', { config: { action: 'tag.list', menu: { text: 'Tags', rank: 130 } } }, (request, reply) =>
    tagsPage(request, reply, null),
  );
  app.post('/tags', { config: { action: 'tag.declare' } }, async (request, reply) => {
    const [serial, model] = textsOf(request.body, 'serial', 'model');
    try {
      await performer.perform(actorOf(request), declareTag, null, { serial, model });
    } catch (error) {
      return tagsPage(request, reply, invalidIn(error), { serial, model });
    }
    web.notice(request, `Tag ${serial} is registered and in stock.`);
    return reply.redirect('/tags');
  });
  const tagPage = async (request: FastifyRequest, reply: FastifyReply, id: number, error: InvalidError | null, draft = {}) => {
    const detail = await performer.perform(actorOf(request), readTag, { positions }, { id });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/tags/tag.njk', {
      ...detail,
      states: tagStates,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/tags/:id', { config: { action: 'tag.read' }, schema: { params: Id } }, (request, reply) =>
    tagPage(request, reply, idIn(request), null),
  );
  app.post('/tags/:id/state', { config: { action: 'tag.move' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const [state, note] = textsOf(request.body, 'state', 'note');
    try {
      const moved = await performer.perform(actorOf(request), moveTag, null, { id, state, note });
      web.notice(request, `Tag ${moved.serial} is ${moved.state} now.`);
    } catch (error) {
      return tagPage(request, reply, id, invalidIn(error), { state, note });
    }
    return reply.redirect(`/tags/${id}`);
  });
  credentialRoutes(app, web);
}
