import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, idOf, invalidIn, security, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { zoneKinds } from '../schema/tables.ts';
import { dayNames, draftsOf } from './read-zone-form.ts';
import { zoneFeature } from './read-zones.ts';
import { addSharedZone, declareSharedZone, listSharedZones, removeSharedZone } from './share-zone.ts';
import { pageOf, zonesPage } from './zones-page.ts';

/** Zones that several subjects share, and adding them to an order. */
export function sharedZoneRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const sharedPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: Form = {}) => {
    const query = readPage(error ? {} : request.query);
    const found = await performer.perform(actorOf(request), listSharedZones, null, query);
    return web.page(request, error ? reply.code(400) : reply, 'supervision/zones/shared-zones.njk', {
      ...found,
      query,
      kinds: zoneKinds,
      dayNames,
      features: found.rows.map(zoneFeature),
      pagination: pagination('/zones', request.query, query.page, found.total),
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/zones', { config: { action: 'zone.list', menu: { text: 'Zones', rank: 140 } } }, (request, reply) =>
    sharedPage(request, reply, null),
  );
  app.get(
    '/api/zones.geojson',
    {
      config: { action: 'zone.list', api: true },
      schema: { operationId: 'listSharedZones', tags: ['Zones'], summary: 'Shared zones in force as GeoJSON', security },
    },
    async (request, reply) => {
      const { rows } = await performer.perform(actorOf(request), listSharedZones, null, { limit: 20_000, offset: 0 });
      reply.type('application/geo+json');
      return { type: 'FeatureCollection', features: rows.map(zoneFeature) };
    },
  );
  app.post('/zones', { config: { action: 'zone.declare', lists: ['days'] } }, async (request, reply) => {
    const body = (request.body ?? {}) as Form;
    try {
      const drafts = draftsOf(body);
      for (const draft of drafts) await performer.perform(actorOf(request), declareSharedZone, null, draft);
      web.notice(
        request,
        drafts.length === 1 ? 'The zone can be added to orders now.' : `${drafts.length} zones can be added to orders now.`,
      );
    } catch (error) {
      return sharedPage(request, reply, invalidIn(error), body);
    }
    return reply.redirect('/zones');
  });
  app.post('/subjects/:id/shared-zones', { config: { action: 'zone.share' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const [order, zone] = textsOf(request.body, 'orderId', 'zoneId');
    try {
      const { subjectId } = await performer.perform(actorOf(request), addSharedZone, null, {
        subjectId: id,
        orderId: idOf(order),
        zoneId: idOf(zone),
      });
      web.notice(request, 'The shared zone holds for this order from now on.');
      return reply.redirect(pageOf(subjectId));
    } catch (error) {
      return zonesPage(web, request, reply, id, invalidIn(error), { orderId: order, zoneId: zone });
    }
  });
  app.post(
    '/orders/:id/shared-zones/:zone/remove',
    { config: { action: 'zone.share' }, schema: { params: Type.Object({ ...Id.properties, zone: Id.properties.id }) } },
    async (request, reply) => {
      const { id, zone } = request.params as { id: number; zone: number };
      const { subjectId } = await performer.perform(actorOf(request), removeSharedZone, null, {
        orderId: id,
        zoneId: zone,
        reason: textsOf(request.body, 'reason')[0],
      });
      web.notice(request, 'The shared zone no longer holds for this order. What it gave stays on record.');
      return reply.redirect(pageOf(subjectId));
    },
  );
}
