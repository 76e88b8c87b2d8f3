import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, idOf, invalidIn, security, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { decidePair, pairDecisions, takeOut, undoDecision } from './decide-pair.ts';
import { readLinks } from './read-links.ts';
import { listReview, readPair } from './read-queue.ts';

const Record = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });
const Pair = Type.Object({ left: Record, right: Record });
const room = 'support' as const;

/** Doubtful matches and what links a person's records: pages and API. */
export function pairRoutes(app: FastifyInstance, web: WebKit, askForLinking: () => Promise<void>): void {
  const { performer } = web.waymark;
  app.get('/review', { config: { action: 'review.list', room, menu: { text: 'Review', rank: 290 } } }, async (request, reply) => {
    const query = readPage(request.query);
    const found = await performer.perform(actorOf(request), listReview, null, query);
    return web.page(request, reply, 'support/review/review.njk', {
      ...found,
      pagination: pagination('/review', request.query, query.page, found.total),
    });
  });
  app.get(
    '/api/review',
    {
      config: { action: 'review.list', room, api: true },
      schema: { operationId: 'listReview', tags: ['Support'], summary: 'Pairs of records that wait for a decision', security },
    },
    async (request) => performer.perform(actorOf(request), listReview, null, readPage(request.query)),
  );
  app.get('/review/:left/:right', { config: { action: 'pair.read', room }, schema: { params: Pair } }, async (request, reply) => {
    const pair = await performer.perform(actorOf(request), readPair, null, request.params as { left: number; right: number });
    return web.page(request, reply, 'support/review/pair.njk', { pair, decisions: pairDecisions, error: null, draft: {} });
  });
  app.post('/review/:left/:right', { config: { action: 'pair.decide', room }, schema: { params: Pair } }, async (request, reply) => {
    const pair = await performer.perform(actorOf(request), readPair, null, request.params as { left: number; right: number });
    const [decision, reason] = textsOf(request.body, 'decision', 'reason');
    try {
      await performer.perform(actorOf(request), decidePair, null, { left: pair.left.record, right: pair.right.record, decision, reason });
    } catch (caught) {
      const error = invalidIn(caught);
      const shown = { pair, decisions: pairDecisions, error: { text: error.message, field: error.field }, draft: { decision, reason } };
      return web.page(request, reply.code(400), 'support/review/pair.njk', shown);
    }
    if (decision !== 'cannot tell') await askForLinking();
    web.notice(request, `Recorded: ${decision}.`);
    return reply.redirect(pair.next ? `/review/${pair.next.left}/${pair.next.right}` : '/review');
  });
  app.post('/review/undo', { config: { action: 'pair.undo', room } }, async (request, reply) => {
    const [id] = textsOf(request.body, 'id');
    await performer.perform(actorOf(request), undoDecision, null, { id: idOf(id) });
    await askForLinking();
    web.notice(request, 'The decision is taken back. The two are compared again in a moment.');
    return reply.redirect('/review');
  });

  app.get('/links/:id', { config: { action: 'link.read', room }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const links = await performer.perform(actorOf(request), readLinks, null, { person: id });
    return web.page(request, reply, 'support/review/links.njk', { links, error: null });
  });
  app.post('/links/:id/take-out', { config: { action: 'link.undo', room }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const [record, reason] = textsOf(request.body, 'record', 'reason');
    try {
      await performer.perform(actorOf(request), takeOut, null, { record: idOf(record), reason });
    } catch (caught) {
      const error = invalidIn(caught);
      const links = await performer.perform(actorOf(request), readLinks, null, { person: id });
      return web.page(request, reply.code(400), 'support/review/links.njk', {
        links,
        error: { text: error.message, field: `reason-${idOf(record)}` },
      });
    }
    await askForLinking();
    web.notice(request, 'The record is taken out. It gets a person of its own in a moment.');
    return reply.redirect('/review');
  });
}
