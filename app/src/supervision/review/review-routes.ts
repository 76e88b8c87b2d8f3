import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Actor } from '../../platform/access.ts';
import { actorOf } from '../../web/actor-of.ts';
import { invalidIn, orAgain, security, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { evidencePage, Pair } from './evidence-page.ts';
import { type ReadCrimeServices, readCrime, readEvidence } from './read-crime.ts';
import { decisions, reviewVerdict, takeBackReview } from './review-verdict.ts';

/** One verdict, and its review: pages and API. */
export function reviewRoutes(app: FastifyInstance, web: WebKit, services: ReadCrimeServices): void {
  const { performer } = web.waymark;
  /** Present and unknown are decided one by one: the next of them that waits for whoever has just decided one. */
  const nextToReview = async (actor: Actor, id: number) => {
    const { verdicts } = await performer.perform(actor, readCrime, services, { id });
    return verdicts.find(
      ({ verdict, review }) =>
        verdict !== 'excluded' &&
        review.reviewed < (services.secondReview ? 2 : 1) &&
        !review.visible.some(({ reviewer }) => reviewer === actor.id),
    );
  };
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
      const next = await nextToReview(actorOf(request), id);
      web.notice(request, next ? 'Your review is recorded. This is the next one.' : 'Your review is recorded.');
      return reply.redirect(next ? `/crimes/${id}/wearers/${next.wearing}` : `/crimes/${id}`);
    },
  );
  app.post(
    '/crimes/:id/wearers/:wearing/take-back',
    { config: { action: 'verdict.take-back' }, schema: { params: Pair } },
    async (request, reply) => {
      const { id, wearing } = request.params as { id: number; wearing: number };
      const [reason] = textsOf(request.body, 'taken-back');
      const again = await orAgain(
        () => performer.perform(actorOf(request), takeBackReview, null, { crimeId: id, wearingId: wearing, reason }),
        (error) => evidencePage(web, services, request, reply, error, { 'taken-back': reason }),
      );
      if (again) return again;
      web.notice(request, 'Your review is taken back. The verdict waits for a review again.');
      return reply.redirect(`/crimes/${id}/wearers/${wearing}`);
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
