import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, idOf, invalidIn, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { drawDistance, mapDataOf, windowOf } from '../review/index.ts';
import type { VerdictStore } from '../verdicts/index.ts';
import { beginBatch } from './begin-batch.ts';
import { clearBatch, takeBackBatch } from './clear-batch.ts';
import { type ClearingQuery, listClearing } from './list-clearing.ts';
import { answerLook, answers, goBack, lookAtBatch, stopBatch } from './look-at-batch.ts';

const LookAddress = Type.Object({ id: Id.properties.id, look: Type.Integer({ minimum: 1, maximum: 10_000 }) });

const dayChoices = [7, 30, 90] as const;

/** What each ground says of its exclusions. */
const groundWords = {
  plain: 'nothing speaks against the fixes',
  'set aside': 'some fixes were set aside, or a receiver had stopped',
  'partly worn': 'the tag was worn for a part of the window only',
};

/** Exclusions cleared together, on a sample that is looked at one by one: pages. */
export function clearingRoutes(app: FastifyInstance, web: WebKit, given: { verdicts: VerdictStore; secondReview: boolean }): void {
  const { performer, fixes, timeZone } = web.waymark;
  const services = { fixes, timeZone, verdicts: given.verdicts, secondReview: given.secondReview };
  const queryOf = (request: FastifyRequest): ClearingQuery & { page: number } => {
    const { by, days } = (request.query ?? {}) as Record<string, string>;
    const chosen = dayChoices.find((own) => String(own) === days) ?? 30;
    return { ...readPage(request.query), by: by === 'crime' ? 'crime' : 'wearer', days: chosen, now: Date.now() };
  };
  const listPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null) => {
    const query = queryOf(request);
    const found = await performer.perform(actorOf(request), listClearing, services, query);
    return web.page(request, error ? reply.code(400) : reply, 'supervision/clearing/clearing.njk', {
      ...found,
      query,
      dayChoices,
      groundWords,
      secondReview: services.secondReview,
      error: error ? { text: error.message, field: error.field } : null,
      pagination: pagination('/clearing', request.query, query.page, found.total),
    });
  };
  app.get('/clearing', { config: { action: 'clearing.offer', menu: { text: 'Exclusions', rank: 62 } } }, (request, reply) =>
    listPage(request, reply, null),
  );
  app.post('/clearing', { config: { action: 'clearing.begin' } }, async (request, reply) => {
    const [by, id, ground, days] = textsOf(request.body, 'by', 'id', 'ground', 'days');
    const wish = { by, id: idOf(id), ground, days: Number(days) || 30, now: Date.now() };
    try {
      const batch = await performer.perform(actorOf(request), beginBatch, services, wish);
      return reply.redirect(`/clearing/${batch.id}`);
    } catch (error) {
      return listPage(request, reply, invalidIn(error));
    }
  });
  const batchPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object = {}) => {
    const id = idIn(request);
    const query = readPage(request.query);
    const { batch, look, isChanged } = await performer.perform(actorOf(request), lookAtBatch, services, { id, ...query });
    const shared = { batch, isChanged, groundWords, draft, error: error ? { text: error.message, field: error.field } : null };
    const status = error ? reply.code(400) : reply;
    if (look) {
      const { evidence } = look;
      return web.page(request, status, 'supervision/clearing/look.njk', {
        ...shared,
        look,
        ...evidence,
        answers,
        mapData: mapDataOf(evidence),
        distancePlot: evidence.distance && drawDistance(evidence.distance, windowOf(evidence.crime), timeZone, { withBands: false }),
        // The bands are what the verdict was reckoned from.
        fixesOnly: true,
      });
    }
    return web.page(request, status, 'supervision/clearing/batch.njk', {
      ...shared,
      pagination: pagination(`/clearing/${id}`, request.query, query.page, batch.total),
    });
  };
  app.get('/clearing/:id', { config: { action: 'clearing.look' }, schema: { params: Id } }, (request, reply) =>
    batchPage(request, reply, null),
  );
  app.post(
    '/clearing/:id/looks/:look',
    { config: { action: 'clearing.answer' }, schema: { params: LookAddress } },
    async (request, reply) => {
      const { id, look } = request.params as { id: number; look: number };
      const [answer, reason] = textsOf(request.body, 'answer', 'reason');
      const again = await orAgain(
        () => performer.perform(actorOf(request), answerLook, null, { id, look, answer, reason }),
        (error) => batchPage(request, reply, error, { answer, reason }),
      );
      return again ?? reply.redirect(`/clearing/${id}`);
    },
  );
  app.post('/clearing/:id/back', { config: { action: 'clearing.answer' }, schema: { params: Id } }, async (request, reply) => {
    const again = await orAgain(
      () => performer.perform(actorOf(request), goBack, null, { id: idIn(request) }),
      (error) => batchPage(request, reply, error),
    );
    return again ?? reply.redirect(`/clearing/${idIn(request)}`);
  });
  app.post('/clearing/:id/stop', { config: { action: 'clearing.answer' }, schema: { params: Id } }, async (request, reply) => {
    const again = await orAgain(
      () => performer.perform(actorOf(request), stopBatch, null, { id: idIn(request) }),
      (error) => batchPage(request, reply, error),
    );
    if (again) return again;
    web.notice(request, 'The batch is given up. Nothing of it is cleared.');
    return reply.redirect('/clearing');
  });
  app.post('/clearing/:id/clear', { config: { action: 'clearing.clear' }, schema: { params: Id } }, async (request, reply) => {
    const again = await orAgain(
      async () => {
        const { cleared, changed } = await performer.perform(actorOf(request), clearBatch, null, { id: idIn(request) });
        const left = changed > 0 ? ` ${changed} were judged anew or reviewed by themselves meanwhile, and are left out.` : '';
        web.notice(request, `${cleared} exclusions are cleared.${left}`);
      },
      (error) => batchPage(request, reply, error),
    );
    return again ?? reply.redirect(`/clearing/${idIn(request)}`);
  });
  app.post('/clearing/:id/take-back', { config: { action: 'clearing.clear' }, schema: { params: Id } }, async (request, reply) => {
    const [reason] = textsOf(request.body, 'reason');
    const again = await orAgain(
      async () => {
        const { reviews } = await performer.perform(actorOf(request), takeBackBatch, null, { id: idIn(request), reason });
        web.notice(request, `Taken back: ${reviews} exclusions wait for a review again.`);
      },
      (error) => batchPage(request, reply, error, { reason }),
    );
    return again ?? reply.redirect(`/clearing/${idIn(request)}`);
  });
}
