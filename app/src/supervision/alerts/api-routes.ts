import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../../web/actor-of.ts';
import { EventStreams } from '../../web/event-streams.ts';
import { security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { readPage } from '../../web/paging.ts';
import { listOf } from './asked-list.ts';
import type { LiveWatch } from './live-watch.ts';
import { alertLists, listAlerts, mapAlerts, watchAlerts } from './read-alerts.ts';

/** Alerts for programs, and for pages that stay open. */
export function alertApiRoutes(app: FastifyInstance, web: WebKit, { live }: { live: LiveWatch }): void {
  const { performer, changes } = web.waymark;
  // By number only: a page asks again for what it may see.
  const pages = new EventStreams(web.onSessionEnd);
  const stopListening = live.listen(({ id, wearing, change }) =>
    pages.tell('alerts', 'change', { id, change }, (hidden) => (hidden.has(wearing) ? null : { id, change })),
  );
  changes.listen('supervision.cases', async () => pages.connectAnew());
  app.addHook('preClose', async () => {
    stopListening();
    pages.close();
  });
  app.get(
    '/api/alerts',
    {
      config: { action: 'alert.list', api: true },
      schema: {
        operationId: 'listAlerts',
        tags: ['Alerts'],
        summary: 'Alerts: open ones with the most urgent first, or closed or retracted ones',
        security,
        querystring: Type.Object(
          {
            list: Type.Optional(Type.String({ description: alertLists.join(', ') })),
            page: Type.Optional(Type.String()),
            search: Type.Optional(Type.String()),
          },
          { additionalProperties: true },
        ),
      },
    },
    async (request) => {
      const { rows, total } = await performer.perform(actorOf(request), listAlerts, null, {
        ...readPage(request.query),
        list: listOf(request),
      });
      return { total, alerts: rows };
    },
  );
  app.get(
    '/api/alerts.geojson',
    {
      config: { action: 'alert.list', api: true },
      schema: {
        operationId: 'mapAlerts',
        tags: ['Alerts'],
        summary: 'Alerts as GeoJSON, with the shape of their zone; at most 5,000, the latest',
        security,
        querystring: Type.Object(
          { list: Type.Optional(Type.String({ description: alertLists.join(', ') })) },
          { additionalProperties: true },
        ),
      },
    },
    async (request, reply) => {
      const { features } = await performer.perform(actorOf(request), mapAlerts, null, { list: listOf(request) });
      reply.type('application/geo+json');
      return { type: 'FeatureCollection', features };
    },
  );
  app.get(
    '/api/alerts/changes',
    {
      config: { action: 'alert.list', api: true, stream: true },
      schema: {
        operationId: 'followAlerts',
        tags: ['Alerts'],
        summary: 'Changes of alerts as they are put on record, as server-sent events',
        security,
      },
    },
    (request, reply) =>
      pages.connect(request, reply, 'alerts', async () => {
        const { counts, hidden } = await performer.perform(actorOf(request), watchAlerts, null, null);
        return { event: 'counts', data: counts, hidden };
      }),
  );
}
