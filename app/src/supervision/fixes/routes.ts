import type { FastifyInstance } from 'fastify';
import { actorOf } from '../../web/actor-of.ts';
import { security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { quarantineReasons } from './check-fix.ts';
import type { Intake } from './intake.ts';
import { listQuarantine, releaseQuarantine } from './quarantine.ts';

/** Fixes in quarantine: pages and API. */
export function quarantineRoutes(app: FastifyInstance, web: WebKit, { intake }: { intake: Intake }): void {
  const { performer, fixes } = web.waymark;
  const services = { fixes, intake };
  app.get('/quarantine', { config: { action: 'quarantine.list', menu: { text: 'Quarantine', rank: 160 } } }, async (request, reply) => {
    const { reason } = (request.query ?? {}) as { reason?: string };
    const query = { ...readPage(request.query), reason: reason && Object.hasOwn(quarantineReasons, reason) ? reason : undefined };
    const page = await performer.perform(actorOf(request), listQuarantine, { fixes }, { ...query, tag: query.search });
    return web.page(request, reply, 'supervision/fixes/quarantine.njk', {
      ...page,
      query,
      explain: quarantineReasons,
      pagination: pagination('/quarantine', request.query, query.page, page.total),
    });
  });
  app.get(
    '/api/quarantine',
    {
      config: { action: 'quarantine.list', api: true },
      schema: { operationId: 'listQuarantine', tags: ['Fixes'], summary: 'Fixes in quarantine', security },
    },
    async (request) => performer.perform(actorOf(request), listQuarantine, { fixes }, readPage(request.query)),
  );
  app.post('/quarantine/release', { config: { action: 'quarantine.release' } }, async (request, reply) => {
    const { reason, tag, id } = (request.body ?? {}) as { reason?: string; tag?: string; id?: string };
    const result = await performer.perform(actorOf(request), releaseQuarantine, services, {
      reason: reason || undefined,
      tag: tag || undefined,
      ids: id ? [Number(id)] : undefined,
    });
    web.notice(
      request,
      result.released > 0
        ? `${result.released.toLocaleString('en-GB')} released, ${result.kept.toLocaleString('en-GB')} kept: their reason still holds.`
        : 'Nothing was released: the reasons still hold. Register the tag or put the wearing right first.',
    );
    return reply.redirect('/quarantine');
  });
}
