import type { FastifyInstance } from 'fastify';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { declareFeed, endFeed, type FeedPlaces, runFeed } from '../feeds/index.ts';
import { sourcePage } from './source-page.ts';

const room = 'support' as const;

/** Feeds of a source that are read by the clock: set up, read by hand, end. */
export function feedRoutes(app: FastifyInstance, web: WebKit, places: FeedPlaces, askForLinking: () => Promise<void>): void {
  const { performer } = web.waymark;
  const source = sourcePage(web, places);
  app.post('/sources/:id/feeds', { config: { action: 'feed.declare', room }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const form = ['kind', 'database', 'atTime', 'weekday', 'mapping', 'own'] as const;
    const [kind, database, atTime, weekday, mapping, own] = textsOf(request.body, ...form);
    try {
      const given = { source: id, kind, database, atTime, weekday, mapping: own.trim() || mapping };
      await performer.perform(actorOf(request), declareFeed, places, given);
    } catch (caught) {
      const error = invalidIn(caught);
      return source.show(
        request,
        reply.code(400),
        id,
        { text: error.message, field: error.field },
        { kind, database, atTime, weekday, own },
      );
    }
    web.notice(request, 'The feed is set up.');
    return reply.redirect(`/sources/${id}`);
  });
  app.post('/feeds/:id/read', { config: { action: 'feed.run', room }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const run = await runFeed(performer, actorOf(request), id, places, web.waymark, (error) =>
      request.log.error({ error: (error as Error).name, message: (error as Error).message }, 'reading a feed'),
    );
    if (run.changed > 0) await askForLinking();
    const files = run.read === 0 ? 'There was nothing to read.' : `Read: ${run.read}. New or changed: ${run.changed}.`;
    web.notice(request, run.problem ? `${run.problem}` : files);
    return reply.redirect(`/sources/${run.sourceId}`);
  });
  app.post('/feeds/:id/end', { config: { action: 'feed.end', room }, schema: { params: Id } }, async (request, reply) => {
    const ended = await performer.perform(actorOf(request), endFeed, null, { id: idIn(request) });
    web.notice(request, 'The feed has ended. What it brought stays.');
    return reply.redirect(`/sources/${ended.source}`);
  });
}
