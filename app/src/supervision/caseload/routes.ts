import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../../web/actor-of.ts';
import { EventStreams } from '../../web/event-streams.ts';
import { security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import type { LiveWatch } from '../alerts/index.ts';
import type { Positions } from '../fixes/index.ts';
import { whoseIn } from '../subjects/index.ts';
import { listCaseload, mapCase, urgencyOf, watchCaseload } from './read-caseload.ts';

/** Who wears what, and where they are now: pages and API. */
export function caseloadRoutes(app: FastifyInstance, web: WebKit, { live, positions }: { live: LiveWatch; positions: Positions }): void {
  const { performer, changes } = web.waymark;
  const pages = new EventStreams(web.onSessionEnd);
  const stopListening = live.listen(({ wearing, change, severity }) => {
    if (change === 'raised' || change === 'raised again')
      pages.tell('caseload', 'alert', [wearing, urgencyOf(severity)], (hidden) =>
        hidden.has(wearing) ? null : [wearing, urgencyOf(severity)],
      );
  });
  const stopFollowing = positions.listen((moved) =>
    pages.tell(
      'caseload',
      'moved',
      moved.map((position) => mapCase(position, null)),
      (hidden) => moved.filter(({ wearing }) => !hidden.has(wearing)).map((position) => mapCase(position, null)),
    ),
  );
  changes.listen('supervision.cases', async () => pages.connectAnew());
  app.addHook('preClose', async () => {
    stopFollowing();
    stopListening();
    pages.close();
  });

  app.get('/caseload', { config: { action: 'caseload.list', menu: { text: 'Caseload', rank: 90 } } }, async (request, reply) => {
    const query = { ...readPage(request.query), whose: whoseIn(request.query) };
    const found = await performer.perform(actorOf(request), listCaseload, { positions }, query);
    return web.page(request, reply, 'supervision/caseload/caseload.njk', {
      ...found,
      query,
      now: Date.now(),
      pagination: pagination('/caseload', request.query, query.page, found.total),
    });
  });
  app.get(
    '/api/caseload',
    {
      config: { action: 'caseload.list', api: true },
      schema: {
        operationId: 'listCaseload',
        tags: ['Caseload'],
        summary: 'Everybody who wears a tag now, with the latest position and open alerts',
        security,
        querystring: Type.Object(
          { page: Type.Optional(Type.String()), search: Type.Optional(Type.String()) },
          { additionalProperties: true },
        ),
      },
    },
    async (request) => {
      const { rows, total, counts } = await performer.perform(
        actorOf(request),
        listCaseload,
        { positions },
        { ...readPage(request.query), whose: whoseIn(request.query) },
      );
      return { total, counts, cases: rows };
    },
  );
  app.get(
    '/api/caseload/positions',
    {
      config: { action: 'caseload.watch', api: true, stream: true },
      schema: {
        operationId: 'followCaseload',
        tags: ['Caseload'],
        summary: 'Positions of the caseload as they come, as server-sent events',
        security,
      },
    },
    (request, reply) =>
      pages.connect(request, reply, 'caseload', async () => {
        const { hidden, ...data } = await performer.perform(actorOf(request), watchCaseload, { positions }, null);
        return { event: 'all', data, hidden };
      }),
  );
}
