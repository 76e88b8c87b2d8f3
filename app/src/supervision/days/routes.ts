import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { readTime } from '../fixes/decode/index.ts';
import { readTrack } from './read-track.ts';
import { readTrackDay, type TrackDay, trackMapData } from './read-track-day.ts';

/** Where somebody was: a day on the map, and fixes of a wearing. Pages and API. */
export function dayRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, fixes, timeZone } = web.waymark;
  const services = { fixes, timeZone };
  const idOf = (request: FastifyRequest) => idIn(request);
  const trackOf = (request: FastifyRequest): Promise<TrackDay> => {
    const { date } = (request.query ?? {}) as { date?: unknown };
    return performer.perform(actorOf(request), readTrackDay, services, {
      subjectId: idOf(request),
      date: typeof date === 'string' ? date : '',
    });
  };

  app.get('/subjects/:id/track', { config: { action: 'track.read' }, schema: { params: Id } }, async (request, reply) => {
    const day = await trackOf(request);
    return web.page(request, reply, 'supervision/days/track.njk', { ...day, mapData: trackMapData(day) });
  });
  app.get(
    '/api/subjects/:id/track.geojson',
    {
      config: { action: 'track.read', api: true },
      schema: {
        operationId: 'readTrackDay',
        tags: ['Subjects'],
        summary: 'The fixes of one day on the clock as GeoJSON points; nothing is drawn between them',
        security,
        params: Id,
        querystring: Type.Object(
          { date: Type.Optional(Type.String({ description: 'YYYY-MM-DD; today when missing' })) },
          { additionalProperties: true },
        ),
      },
    },
    async (request, reply) => {
      const { points, subject, date } = await trackOf(request);
      reply.type('application/geo+json');
      return {
        type: 'FeatureCollection',
        name: `${subject.reference} ${date}`,
        features: points.map(({ at, receivedAt, lon, lat, accuracyM }) => ({
          type: 'Feature',
          properties: { at: new Date(at).toISOString(), receivedAt: new Date(receivedAt).toISOString(), accuracyM },
          geometry: { type: 'Point', coordinates: [lon, lat] },
        })),
      };
    },
  );
  app.get(
    '/api/wearings/:id/track',
    {
      config: { action: 'track.read', api: true },
      schema: {
        operationId: 'readTrack',
        tags: ['Subjects'],
        summary: 'Observed fixes of one wearing',
        security,
        params: Id,
        querystring: Type.Object({ from: Type.String({ description: 'ISO 8601' }), to: Type.String({ description: 'ISO 8601' }) }),
      },
    },
    async (request) => {
      const { from, to } = request.query as { from: string; to: string };
      const [begin, end] = [readTime(from, timeZone), readTime(to, timeZone)];
      if (Number.isNaN(begin) || Number.isNaN(end)) throw new InvalidError('Give from and to as ISO 8601 times.', 'from');
      return performer.perform(actorOf(request), readTrack, { fixes }, { wearingId: idIn(request), from: begin, to: end });
    },
  );
}
