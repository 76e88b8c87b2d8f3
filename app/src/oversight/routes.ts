import type { FastifyInstance, FastifyRequest } from 'fastify';
import { verifyAudit } from '../platform/audit.ts';
import { overseeReviews, readingTakesS, supervisionRules } from '../supervision/index.ts';
import { shareOf, supportRules } from '../support/index.ts';
import { actorOf } from '../web/actor-of.ts';
import { pagination, readPage } from '../web/paging.ts';
import type { WebKit } from '../web/server.ts';
import { askForAuditCheck, listAudit, readPolicy } from './audit-log.ts';
import { readRetention } from './read-retention.ts';

/** Who looked at what, whether the record is whole, and the policies in force. */
export function oversightRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, access, database } = web.waymark;
  const query = (request: FastifyRequest) => {
    const { action, outcome } = (request.query ?? {}) as Record<string, string>;
    return { ...readPage(request.query), action: action || undefined, outcome: outcome || undefined };
  };

  app.get('/audit', { config: { action: 'audit.list', room: 'oversight' } }, async (request, reply) => {
    const asked = query(request);
    const found = await performer.perform(actorOf(request), listAudit, null, asked);
    return web.page(request, reply, 'oversight/audit.njk', {
      ...found,
      query: asked,
      check: null,
      pagination: pagination('/audit', request.query, asked.page, found.total),
    });
  });
  app.get(
    '/api/audit',
    {
      config: { action: 'audit.list', room: 'oversight', api: true },
      schema: { tags: ['Oversight'], summary: 'Audit entries, newest first', security: [{ token: [] }] },
    },
    async (request) => performer.perform(actorOf(request), listAudit, null, query(request)),
  );
  app.post('/audit/verify', { config: { action: 'audit.verify', room: 'oversight' } }, async (request, reply) => {
    await performer.perform(actorOf(request), askForAuditCheck, null, null);
    const check = await verifyAudit(database.db);
    const asked = query(request);
    const found = await performer.perform(actorOf(request), listAudit, null, asked);
    return web.page(request, reply, 'oversight/audit.njk', {
      ...found,
      query: asked,
      check,
      pagination: pagination('/audit', {}, 1, found.total),
    });
  });
  app.get('/reviewers', { config: { action: 'decisions.oversee', room: 'supervision' } }, async (request, reply) => {
    const reviews = await performer.perform(actorOf(request), overseeReviews, null, null);
    return web.page(request, reply, 'oversight/decisions.njk', { reviews, shareOf, readingTakesS });
  });
  app.get('/retention', { config: { action: 'retention.read', room: 'oversight' } }, async (request, reply) => {
    const { WAYMARK_KEEP_POSITIONS_MONTHS: positions, WAYMARK_KEEP_SUBJECTS_MONTHS: subjects } = web.waymark.config;
    const halves = [
      { name: 'Supervision', rules: supervisionRules({ positions, subjects }) },
      { name: 'Support', rules: supportRules },
    ];
    return web.page(request, reply, 'oversight/retention.njk', {
      ...(await performer.perform(actorOf(request), readRetention, null, null)),
      halves,
    });
  });
  app.get('/policies', { config: { action: 'policy.read', room: 'oversight' } }, async (request, reply) => {
    const policies = await performer.perform(actorOf(request), readPolicy, { access }, null);
    return web.page(request, reply, 'oversight/policies.njk', { policies });
  });
}
