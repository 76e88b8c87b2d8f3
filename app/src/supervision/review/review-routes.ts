import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../../web/actor-of.ts';
import { invalidIn, security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { evidencePage, Pair } from './evidence-page.ts';
import { type ReadCrimeServices, readEvidence } from './read-crime.ts';
import { decisions, reviewVerdict } from './review-verdict.ts';

/** One verdict, and its review: pages and API. */
export function reviewRoutes(app: FastifyInstance, web: WebKit, services: ReadCrimeServices): void {
  const { performer } = web.waymark;
  app.get('/crimes/:id/wearers/:wearing', { config: { action: 'crime.read' }, schema: { params: Pair } }, (request, reply) =>
    evidencePage(web, services, request, reply, null, {}),
  );
  app.get(
    '/api/crimes/:id/wearers/:wearing',
    {
      config: { action: 'crime.read', api: true },
      schema: {
        operationId: 'readVerdict',
        tags: ['Verdicts'],
        summary: 'The verdict on one wearer, with the observed fixes',
        security,
        params: Pair,
      },
    },
    async (request) => {
      const { id, wearing } = request.params as { id: number; wearing: number };
      return performer.perform(actorOf(request), readEvidence, services, { crimeId: id, wearingId: wearing });
    },
  );
  app.post(
    '/crimes/:id/wearers/:wearing/reviews',
    { config: { action: 'verdict.review' }, schema: { params: Pair } },
    async (request, reply) => {
      const { id, wearing } = request.params as { id: number; wearing: number };
      const { decision = '', reason = '' } = (request.body ?? {}) as { decision?: string; reason?: string };
      try {
        await performer.perform(actorOf(request), reviewVerdict, services, { crimeId: id, wearingId: wearing, decision, reason });
      } catch (caught) {
        const error = invalidIn(caught);
        return evidencePage(web, services, request, reply, error, { decision, reason });
      }
      web.notice(request, 'Your review is recorded.');
      return reply.redirect(`/crimes/${id}`);
    },
  );
  app.post(
    '/api/crimes/:id/wearers/:wearing/reviews',
    {
      config: { action: 'verdict.review', api: true },
      schema: {
        operationId: 'reviewVerdict',
        tags: ['Verdicts'],
        summary: 'Record a review',
        security,
        params: Pair,
        body: Type.Object({ decision: Type.Union(decisions.map((d) => Type.Literal(d))), reason: Type.String() }),
      },
    },
    async (request) => {
      const { id, wearing } = request.params as { id: number; wearing: number };
      const { decision, reason } = request.body as { decision: string; reason: string };
      return performer.perform(actorOf(request), reviewVerdict, services, { crimeId: id, wearingId: wearing, decision, reason });
    },
  );
}
