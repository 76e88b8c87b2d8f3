import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { zoneKinds } from '../schema/tables.ts';
import { changeZone } from './change-zone.ts';
import { readCircle, readGeoJsonArea } from './read-area.ts';
import { dayNames, hoursOf } from './read-zone-form.ts';
import { geometryOf, readZone, zoneFeature } from './read-zones.ts';
import { pageOf } from './zones-page.ts';

/** Changing and ending a zone, a subject's own or a shared one. */
export function changeZoneRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const changePage = async (request: FastifyRequest, reply: FastifyReply, zoneId: number, error: InvalidError | null, draft?: Form) => {
    const { zone, subjectId, shared } = await performer.perform(actorOf(request), readZone, null, { zoneId });
    const [hours] = zone.hours;
    const { area } = zone;
    const asItIs: Form = {
      name: zone.name,
      kind: zone.kind,
      ...(area.kind === 'circle'
        ? { lat: String(area.lat), lon: String(area.lon), radiusM: String(area.radiusM) }
        : { area: JSON.stringify(geometryOf(area)) }),
      days: hours?.days.map(String),
      from: hours?.from,
      to: hours?.to,
    };
    return web.page(request, error ? reply.code(400) : reply, 'supervision/zones/change-zone.njk', {
      zone,
      shared,
      back: pageOf(subjectId),
      kinds: zoneKinds,
      dayNames,
      features: [zoneFeature(zone)],
      error: error ? { text: error.message, field: error.field } : null,
      draft: draft ?? asItIs,
    });
  };
  app.get('/zones/:id/change', { config: { action: 'zone.list' }, schema: { params: Id } }, (request, reply) =>
    changePage(request, reply, idIn(request), null),
  );
  app.post('/zones/:id/change', { config: { action: 'zone.change', lists: ['days'] }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const body = (request.body ?? {}) as Form;
    const [name, kind, area, lat, lon, radiusM, reason] = textsOf(body, 'name', 'kind', 'area', 'lat', 'lon', 'radiusM', 'reason');
    try {
      const draft = { name, kind, area: area.trim() === '' ? readCircle(lat, lon, radiusM) : readGeoJsonArea(area), hours: hoursOf(body) };
      const { subjectId } = await performer.perform(actorOf(request), changeZone, null, { zoneId: id, draft, reason });
      web.notice(request, 'The zone is changed from now on. The version before stays on record.');
      return reply.redirect(pageOf(subjectId));
    } catch (error) {
      return changePage(request, reply, id, invalidIn(error), body);
    }
  });
  app.post('/zones/:id/end', { config: { action: 'zone.change' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const [reason] = textsOf(request.body, 'reason');
    const { subjectId } = await performer.perform(actorOf(request), changeZone, null, { zoneId: id, draft: null, reason });
    web.notice(request, 'The zone has ended. What it gave while it held stays on record.');
    return reply.redirect(pageOf(subjectId));
  });
}
