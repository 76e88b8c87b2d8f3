import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidError } from '../../platform/action.ts';
import { dayIn, todayOf } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idOf, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import {
  addGoal,
  addReview,
  addSession,
  addStep,
  answerOffer,
  answers,
  attendances,
  bases,
  closePackage,
  goalOutcomes,
  setOutcome,
  stepActors,
  tickStep,
} from './package.ts';
import { readPackage } from './read-package.ts';

const room = 'support' as const;

/** Offers and what becomes of them: answer, goals, steps, sessions, outcomes, closing. */
export function packageRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone } = web.waymark;
  const today = () => dayIn(timeZone);
  const show = async (request: FastifyRequest, id: number, error: { text: string; field: string | null } | null) => ({
    pack: await performer.perform(actorOf(request), readPackage, null, { id }),
    answers,
    bases,
    goalOutcomes,
    stepActors,
    attendances,
    today: today(),
    error,
  });
  app.get('/packages/:id', { config: { action: 'package.read', room }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    return web.page(request, reply, 'support/offers/package.njk', await show(request, id, null));
  });
  app.get(
    '/api/packages/:id',
    {
      config: { action: 'package.read', room, api: true },
      schema: { tags: ['Support'], summary: 'One offer with goals, steps and sessions', security: [{ token: [] }], params: Id },
    },
    async (request) => performer.perform(actorOf(request), readPackage, null, request.params as { id: number }),
  );
  app.get('/packages/:id/plan', { config: { action: 'package.read', room }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    return web.page(request, reply, 'support/offers/plan.njk', await show(request, id, null));
  });
  const change = (path: string, action: string, done: string, work: (request: FastifyRequest, id: number) => Promise<unknown>) =>
    app.post(
      `/packages/:id/${path}`,
      { config: { action, room }, schema: { params: Id } },
      async (request: FastifyRequest, reply: FastifyReply) => {
        const { id } = request.params as { id: number };
        try {
          await work(request, id);
        } catch (error) {
          if (!(error instanceof InvalidError)) throw error;
          return web.page(
            request,
            reply.code(400),
            'support/offers/package.njk',
            await show(request, id, { text: error.message, field: error.field }),
          );
        }
        web.notice(request, done);
        return reply.redirect(`/packages/${id}`);
      },
    );
  change('answer', 'package.answer', 'The answer is on record.', (request, id) => {
    const [answer, basis, note] = textsOf(request.body, 'answer', 'basis', 'note');
    return performer.perform(actorOf(request), answerOffer, null, { id, answer, basis, note, today: todayOf(web.waymark) });
  });
  change('goals', 'package.change', 'The goal is added.', (request, id) => {
    const [goal] = textsOf(request.body, 'goal');
    return performer.perform(actorOf(request), addGoal, null, { id, goal });
  });
  change('steps', 'package.change', 'The step is added.', (request, id) => {
    const [goal, step, actor, dueOn] = textsOf(request.body, 'goal', 'step', 'actor', 'due');
    return performer.perform(actorOf(request), addStep, null, { id, goal: idOf(goal), step, actor, dueOn });
  });
  change('tick', 'package.change', 'Noted.', (request, id) => {
    const [step, done] = textsOf(request.body, 'step', 'done');
    return performer.perform(actorOf(request), tickStep, null, { id, step: idOf(step), done: done === 'yes' });
  });
  change('sessions', 'package.change', 'The session is added.', (request, id) => {
    const [heldOn, attended, text] = textsOf(request.body, 'heldOn', 'attended', 'text');
    return performer.perform(actorOf(request), addSession, null, { id, heldOn, attended, text, today: today() });
  });
  change('reviews', 'package.change', 'The review is on record.', (request, id) => {
    const [heldOn, said, nextOn] = textsOf(request.body, 'reviewedOn', 'said', 'nextOn');
    return performer.perform(actorOf(request), addReview, null, { id, heldOn, said, nextOn, today: today() });
  });
  change('outcome', 'package.change', 'The outcome is on record.', (request, id) => {
    const [goal, outcome, text] = textsOf(request.body, 'goal', 'outcome', 'text');
    return performer.perform(actorOf(request), setOutcome, null, { id, goal: idOf(goal), outcome, text });
  });
  change('close', 'package.close', 'The package is closed.', (request, id) => {
    const [text] = textsOf(request.body, 'text');
    return performer.perform(actorOf(request), closePackage, null, { id, text });
  });
}
