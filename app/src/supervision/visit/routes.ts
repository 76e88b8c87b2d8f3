import type { FastifyInstance } from 'fastify';
import { actorOf } from '../../web/actor-of.ts';
import { EventStreams } from '../../web/event-streams.ts';
import { Id, idIn, security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { readPage } from '../../web/paging.ts';
import type { Positions } from '../fixes/index.ts';
import { findAtDoor } from './find-at-door.ts';
import { fitRoutes } from './fit-routes.ts';
import { readWearing } from './read-wearing.ts';
import { removeRoutes } from './remove-routes.ts';

const doorOf = (wearing: number) => `wearing ${wearing}`;

/** The visit at the door: finding somebody, fitting a tag, hearing it, taking it off. */
export function visitRoutes(app: FastifyInstance, web: WebKit, { positions }: { positions: Positions }): void {
  const { performer } = web.waymark;
  const pages = new EventStreams(web.onSessionEnd);
  const stopFollowing = positions.listen((moved) => {
    for (const { wearing } of moved) pages.tell(doorOf(wearing), 'heard', null);
  });
  app.addHook('preClose', async () => {
    stopFollowing();
    pages.close();
  });

  app.get(
    '/door',
    { config: { action: 'subject.list', menu: { text: 'Visit', rank: 120, action: 'wearing.open' } } },
    async (request, reply) => {
      const query = readPage(request.query);
      const found = await performer.perform(actorOf(request), findAtDoor, null, { search: query.search ?? '' });
      return web.page(request, reply, 'supervision/visit/door.njk', { ...found, query });
    },
  );
  app.get('/wearings/:id/door', { config: { action: 'wearing.read' }, schema: { params: Id } }, async (request, reply) => {
    const detail = await performer.perform(actorOf(request), readWearing, { positions }, { id: idIn(request) });
    return web.page(request, reply, 'supervision/visit/worn.njk', { ...detail });
  });
  app.get(
    '/api/wearings/:id/heard',
    {
      config: { action: 'wearing.read', api: true, stream: true },
      schema: {
        operationId: 'followTag',
        tags: ['Caseload'],
        summary: 'Tells when a tag is heard, as server-sent events',
        security,
        params: Id,
      },
    },
    (request, reply) => {
      const id = idIn(request);
      return pages.connect(request, reply, doorOf(id), async () => {
        const { last } = await performer.perform(actorOf(request), readWearing, { positions }, { id });
        return { event: 'hello', data: { heard: last !== null } };
      });
    },
  );
  fitRoutes(app, web);
  removeRoutes(app, web, { positions });
}
