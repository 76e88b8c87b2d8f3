import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { keepsOf } from '../config.ts';
import { InvalidError } from '../platform/action.ts';
import { type AuditCheck, verifyAudit } from '../platform/audit.ts';
import { keptHeads } from '../platform/audit-head.ts';
import { askForReviewTest, endReviewTests, makeReviewTest, overseeReviews, readingTakesS, supervisionRules } from '../supervision/index.ts';
import { shareOf, supportRules, todayOf } from '../support/index.ts';
import { actorOf } from '../web/actor-of.ts';
import { idOf, textsOf } from '../web/form.ts';
import { pagination, readPage } from '../web/paging.ts';
import type { WebKit } from '../web/kit.ts';
import { type AuditQuery, askForAuditCheck, exportAudit, exportedAtMost, listAudit, readPolicy } from './audit-log.ts';
import { checkLook, drawSample, sampleOutcomes, sampleSize } from './monthly-sample.ts';
import { purposesInWords } from './purposes-in-words.ts';
import { readRetention } from './retention/read-retention.ts';
import { agreeToRetention } from './retention/retention-asks.ts';
import { findUnusual, signalsInWords, unusualFrom } from './unusual-access.ts';

const Seq = Type.Object({ seq: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });

/** A cell that a spreadsheet would run as a formula is made plain text. */
const harmless = (cell: string | null) => cell?.replace(/^([=+\-@\t\r])/, "'$1") ?? '';

/** Who looked at what, whether the record is whole, and the policies in force. */
export function oversightRoutes(app: FastifyInstance, web: WebKit): void {
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
    return web.page(request, error ? reply.code(400) : reply, 'oversight/audit.njk', {
      ...found,
      query: asked,
      check,
      error,
      search,
      pagination: pagination('/audit', check ? {} : request.query, asked.page, found.total),
    });
  };

  app.get('/audit', { config: { action: 'audit.list', room: 'oversight' } }, (request, reply) => auditPage(request, reply, null));
  app.get(
    '/api/audit',
    {
      config: { action: 'audit.list', room: 'oversight', api: true },
      schema: { tags: ['Oversight'], summary: 'Audit entries, newest first', security: [{ token: [] }] },
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
  app.get('/unusual', { config: { action: 'audit.unusual', room: 'oversight' } }, async (request, reply) => {
    const signals = await performer.perform(actorOf(request), findUnusual, services, { now: Date.now() });
    const groups = Object.entries(signalsInWords).map(([kind, text]) => ({
      kind,
      text,
      signals: signals.filter((signal) => signal.kind === kind),
    }));
    return web.page(request, reply, 'oversight/unusual.njk', { groups, total: signals.length, unusualFrom });
  });
  const samplePage = async (request: FastifyRequest, reply: FastifyReply, month: string, error: InvalidError | null, draft: object) => {
    const today = todayOf(web.waymark);
    const sample = await performer.perform(actorOf(request), drawSample, services, { month: month || today.slice(0, 7), today });
    return web.page(request, error ? reply.code(400) : reply, 'oversight/sample.njk', {
      sample,
      sampleSize,
      outcomes: sampleOutcomes,
      checked: sample.looks.filter(({ checks }) => checks.length > 0).length,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/sample', { config: { action: 'sample.read', room: 'oversight' } }, async (request, reply) => {
    const { month } = (request.query ?? {}) as { month?: unknown };
    const asked = typeof month === 'string' ? month.trim() : '';
    try {
      return await samplePage(request, reply, asked, null, {});
    } catch (error) {
      if (error instanceof InvalidError) return samplePage(request, reply, '', error, {});
      throw error;
    }
  });
  app.post('/sample/:seq', { config: { action: 'sample.check', room: 'oversight' }, schema: { params: Seq } }, async (request, reply) => {
    const { seq } = request.params as { seq: number };
    const [outcome, note, month] = textsOf(request.body, 'outcome', 'note', 'month');
    try {
      await performer.perform(actorOf(request), checkLook, null, { seq, outcome, note });
    } catch (error) {
      if (error instanceof InvalidError) return samplePage(request, reply, month, error, { seq, outcome, note });
      throw error;
    }
    web.notice(request, 'What you found is written down.');
    return reply.redirect(`/sample?month=${encodeURIComponent(month)}`);
  });
  app.get('/reviewers', { config: { action: 'decisions.oversee', room: 'supervision' } }, async (request, reply) => {
    const reviews = await performer.perform(actorOf(request), overseeReviews, null, null);
    return web.page(request, reply, 'oversight/decisions.njk', { reviews, shareOf, readingTakesS });
  });
  app.post('/reviewers/tests', { config: { action: 'reviewtest.ask', room: 'supervision' } }, async (request, reply) => {
    const asked = await performer.perform(actorOf(request), askForReviewTest, null, null);
    // Which crime and whose fixes is drawn where crimes are compared; the auditor learns only that there is a test.
    const made = await performer.perform(
      { id: 'system', name: 'Waymark', role: 'system', purpose: 'crime-matching' },
      makeReviewTest,
      { fixes: web.waymark.fixes, verdicts: web.waymark.verdicts, timeZone: web.waymark.timeZone },
      asked,
    );
    if (made) await web.askForVerdicts();
    web.notice(
      request,
      made
        ? 'A test is put among the crimes. Reviewers cannot tell it from the others.'
        : 'No test could be made: there is no crime yet at whose place somebody was plainly present.',
    );
    return reply.redirect('/reviewers');
  });
  app.post('/reviewers/tests/end', { config: { action: 'reviewtest.end', room: 'supervision' } }, async (request, reply) => {
    const { ended } = await performer.perform(actorOf(request), endReviewTests, null, null);
    web.notice(request, ended === 1 ? 'One test is taken back.' : `${ended} tests are taken back.`);
    return reply.redirect('/reviewers');
  });
  app.get('/retention', { config: { action: 'retention.read', room: 'oversight' } }, async (request, reply) => {
    const halves = [
      { name: 'Supervision', rules: supervisionRules(keepsOf(web.waymark.config)) },
      { name: 'Support', rules: supportRules },
    ];
    return web.page(request, reply, 'oversight/retention/retention.njk', {
      ...(await performer.perform(actorOf(request), readRetention, null, null)),
      own: actorOf(request).id,
      halves,
    });
  });
  app.post('/retention/agree', { config: { action: 'retention.agree', room: 'oversight' } }, async (request, reply) => {
    const [id] = textsOf(request.body, 'id');
    const { stillNeeds } = await performer.perform(actorOf(request), agreeToRetention, null, { id: idOf(id) });
    web.notice(
      request,
      stillNeeds === 0 ? 'Two people have agreed. It is removed at the next run of the job.' : 'You have agreed. It takes one more person.',
    );
    return reply.redirect('/retention');
  });
  app.get('/policies', { config: { action: 'policy.read', room: 'oversight' } }, async (request, reply) => {
    const policies = await performer.perform(actorOf(request), readPolicy, { access }, null);
    return web.page(request, reply, 'oversight/policies.njk', { policies, purposes: purposesInWords() });
  });
}
