import type { FastifyInstance } from 'fastify';
import { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, idOf, invalidIn, security, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { readTime } from '../fixes/decode/index.ts';
import { authoriseAbsence } from './authorise-absence.ts';
import { declareZone } from './declare-zone.ts';
import { draftsOf } from './read-zone-form.ts';
import { readZones, zoneFeature } from './read-zones.ts';
import { zonesPage } from './zones-page.ts';

/** A subject's own zones and authorised absences. */
export function subjectZoneRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone } = web.waymark;
  const time = (text: unknown) => new Date(typeof text === 'string' && text !== '' ? readTime(text, timeZone) : Number.NaN);
  app.get('/subjects/:id/zones', { config: { action: 'zone.list' }, schema: { params: Id } }, (request, reply) =>
    zonesPage(web, request, reply, idIn(request), null),
  );
  app.get(
    '/api/subjects/:id/zones.geojson',
    {
      config: { action: 'zone.list', api: true },
      schema: {
        operationId: 'listSubjectZones',
        tags: ['Zones'],
        summary: "A subject's zones, every version, as GeoJSON",
        security,
        params: Id,
      },
    },
    async (request, reply) => {
      const { zones } = await performer.perform(actorOf(request), readZones, null, { subjectId: idIn(request) });
      reply.type('application/geo+json');
      return { type: 'FeatureCollection', features: zones.flatMap(({ versions }) => versions.map(zoneFeature)) };
    },
  );
  app.post(
    '/subjects/:id/zones',
    { config: { action: 'zone.declare', lists: ['days'] }, schema: { params: Id } },
    async (request, reply) => {
      const id = idIn(request);
      const body = (request.body ?? {}) as Form;
      const text = (key: string) => (typeof body[key] === 'string' ? (body[key] as string) : '');
      let added = 0;
      try {
        // One action each: every zone has its own entry on record.
        const drafts = draftsOf(body).map((draft) => ({
          ...draft,
          subjectId: id,
          orderId: idOf(text('orderId')),
          effectiveAt: text('effectiveAt') === '' ? new Date() : time(text('effectiveAt')),
        }));
        for (const draft of drafts) await performer.perform(actorOf(request), declareZone, null, draft);
        added = drafts.length;
      } catch (error) {
        return zonesPage(web, request, reply, id, invalidIn(error), body);
      }
      web.notice(request, added === 1 ? 'The zone is added.' : `${added} zones are added.`);
      return reply.redirect(`/subjects/${id}/zones`);
    },
  );
  app.post('/orders/:id/absences', { config: { action: 'absence.authorise' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const body = (request.body ?? {}) as Record<string, string>;
    try {
      const { subjectId } = await performer.perform(actorOf(request), authoriseAbsence, null, {
        orderId: id,
        from: time(body.absenceFrom),
        to: time(body.absenceTo),
        reason: textsOf(body, 'absenceReason')[0],
      });
      web.notice(request, 'The absence is authorised. Alerts within it are taken back.');
      return reply.redirect(`/subjects/${subjectId}/zones`);
    } catch (error) {
      if (error instanceof InvalidError && body.subjectId) return zonesPage(web, request, reply, idOf(body.subjectId), error, body);
      throw error;
    }
  });
}
