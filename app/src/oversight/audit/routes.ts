import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidError } from '../../platform/action.ts';
import { type AuditCheck, verifyAudit } from '../../platform/audit.ts';
import { keptHeads } from '../../platform/audit-head.ts';
import { harmlessCell } from '../../platform/csv-cell.ts';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { type AuditQuery, askForAuditCheck, exportAudit, exportedAtMost, listAudit, readPolicy } from './audit-log.ts';
import { purposesInWords } from './purposes-in-words.ts';

/** A cell that a spreadsheet would run as a formula is made plain text. */
const harmless = (cell: string | null) => (cell === null ? '' : harmlessCell(cell));

/** Who looked at what, whether the record is whole, and the policies in force: pages and API. */
export function auditRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, access, database } = web.waymark;
  const services = { timeZone: web.waymark.timeZone };
  const query = (request: FastifyRequest): AuditQuery & { page: number } => {
    const asked = (request.query ?? {}) as Record<string, unknown>;
    const text = (name: string) => (typeof asked[name] === 'string' && asked[name] !== '' ? String(asked[name]).slice(0, 200) : undefined);
    const [action, outcome, purpose, actor, about, from, to] = ['action', 'outcome', 'purpose', 'actor', 'about', 'from', 'to'].map(text);
    return { ...readPage(request.query), action, outcome, purpose, actor, about, from, to };
  };
  const auditPage = async (request: FastifyRequest, reply: FastifyReply, check: AuditCheck | null) => {
    const asked = query(request);
    let error: { text: string; field: string | null } | null = null;
    const found = await performer.perform(actorOf(request), listAudit, services, asked).catch((fault: unknown) => {
      if (!(fault instanceof InvalidError)) throw fault;
      error = { text: fault.message, field: fault.field };
      return { rows: [], total: 0, actions: [] };
    });
    const search = request.url.includes('?') && !check ? request.url.slice(request.url.indexOf('?')) : '';
    return web.page(request, error ? reply.code(400) : reply, 'oversight/audit/audit.njk', {
      ...found,
      query: asked,
      check,
      error,
      search,
      pagination: pagination('/audit', check ? {} : request.query, asked.page, found.total),
    });
  };

  app.get('/audit', { config: { action: 'audit.list', room: 'oversight', menu: { text: 'Audit', rank: 310 } } }, (request, reply) =>
    auditPage(request, reply, null),
  );
  app.get(
    '/api/audit',
    {
      config: { action: 'audit.list', room: 'oversight', api: true },
      schema: { operationId: 'listAudit', tags: ['Oversight'], summary: 'Audit entries, newest first', security: [{ token: [] }] },
    },
    async (request) => performer.perform(actorOf(request), listAudit, services, query(request)),
  );
  app.get('/audit.csv', { config: { action: 'audit.export', room: 'oversight' } }, async (request, reply) => {
    const { page: _page, limit: _limit, offset: _offset, ...asked } = query(request);
    const rows = await performer.perform(actorOf(request), exportAudit, services, asked);
    const csv = stringify(
      [
        ...rows.map(({ actor, actor_name, about_kind, about_id, ...row }) => ({
          ...row,
          at: row.at.toISOString(),
          actor: harmless(actor),
          actor_name: harmless(actor_name),
          about_kind: harmless(about_kind),
          about_id: harmless(about_id),
          detail: JSON.stringify(row.detail),
        })),
        ...(rows.length < exportedAtMost
          ? []
          : [{ at: `Only the latest ${exportedAtMost} entries are in this file. Ask for fewer days.` }]),
      ],
      {
        header: true,
        columns: ['seq', 'at', 'actor', 'actor_name', 'role', 'purpose', 'action', 'about_kind', 'about_id', 'outcome', 'detail'],
      },
    );
    return reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="audit.csv"').send(csv);
  });
  app.post('/audit/verify', { config: { action: 'audit.verify', room: 'oversight' } }, async (request, reply) => {
    await performer.perform(actorOf(request), askForAuditCheck, null, null);
    return auditPage(request, reply, await verifyAudit(database.db, keptHeads(web.waymark.folder)));
  });
  app.get(
    '/policies',
    { config: { action: 'policy.read', room: 'oversight', menu: { text: 'Policies', rank: 390 } } },
    async (request, reply) => {
      const policies = await performer.perform(actorOf(request), readPolicy, { access }, null);
      return web.page(request, reply, 'oversight/audit/policies.njk', { policies, purposes: purposesInWords() });
    },
  );
}
