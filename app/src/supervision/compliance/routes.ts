import { dateOf, dayOf } from '@waymark/presence';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, idOf as numberOf, security, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { kindInWords } from '../alerts/index.ts';
import { makePack } from './breach-pack.ts';
import { caseloadComplianceRoutes } from './caseload-routes.ts';
import { packRoutes } from './pack-routes.ts';
import { readCompliance, type WeekCompliance } from './read-compliance.ts';

/** Compliance by wearing, and breach packs: pages and API. */
export function complianceRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, fixes, timeZone } = web.waymark;
  const services = { fixes, timeZone };
  const idOf = (request: FastifyRequest) => idIn(request);
  const compliancePage = async (
    request: FastifyRequest,
    reply: FastifyReply,
    subjectId: number,
    error: InvalidError | null,
    draft: Record<string, string> = {},
  ) => {
    const found = await performer.perform(actorOf(request), readCompliance, services, { subjectId });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/compliance/compliance.njk', {
      ...found,
      packs: found.packs.map((pack) => ({ ...pack, lastDay: new Date(pack.to_at.getTime() - 1) })),
      wearings: found.wearings.map(({ wearing, weeks }) => ({
        wearing,
        weeks: weeks.map((week) => ({ ...week, alertsInWords: alertsInWords(week) })),
        firstDay: weeks[0] ? dateOf(weeks[0].from, timeZone) : '',
        lastDay: dateOf((weeks[weeks.length - 1]?.to ?? Date.now()) - 1, timeZone),
      })),
      error: error ? { text: error.message, field: error.field && `${error.field}-${draft.wearingId}` } : null,
      draft,
    });
  };
  app.get('/subjects/:id/compliance', { config: { action: 'compliance.read' }, schema: { params: Id } }, (request, reply) =>
    compliancePage(request, reply, idOf(request), null),
  );
  app.get(
    '/api/subjects/:id/compliance',
    {
      config: { action: 'compliance.read', api: true },
      schema: {
        operationId: 'readCompliance',
        tags: ['Subjects'],
        summary: 'Time kept, not kept and unknown by wearing, week and condition',
        security,
        params: Id,
      },
    },
    (request) => performer.perform(actorOf(request), readCompliance, services, { subjectId: idOf(request) }),
  );
  app.post('/wearings/:id/packs', { config: { action: 'pack.make' }, schema: { params: Id } }, async (request, reply) => {
    const [from, to, note, subject] = textsOf(request.body, 'from', 'to', 'note', 'subjectId');
    try {
      const { id } = await performer.perform(actorOf(request), makePack, services, {
        wearingId: idOf(request),
        from: boundOf(from, timeZone, 0),
        to: boundOf(to, timeZone, 1),
        note,
      });
      web.notice(request, 'The pack is put together. A second person reviews it before it can leave.');
      return reply.redirect(`/packs/${id}`);
    } catch (error) {
      const subjectId = numberOf(subject);
      if (error instanceof InvalidError && subjectId > 0)
        return compliancePage(request, reply, subjectId, error, { from, to, note, wearingId: String(idOf(request)) });
      throw error;
    }
  });
  caseloadComplianceRoutes(app, web);
  packRoutes(app, web);
}

/** The beginning (0) or end (1) of a day; NaN when it is none. */
function boundOf(date: string, timeZone: string, which: 0 | 1): number {
  try {
    return dayOf(date, timeZone)[which];
  } catch {
    return Number.NaN;
  }
}

function alertsInWords({ alerts }: WeekCompliance): string {
  const counts = new Map<string, number>();
  for (const { kind, state, outcome } of alerts) {
    const ended = state === 'retracted' ? 'taken back' : (outcome ?? 'open');
    const words = `${kindInWords(kind)} (${ended})`;
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  return [...counts].map(([words, n]) => (n > 1 ? `${n} × ${words}` : words)).join('; ') || 'none';
}
