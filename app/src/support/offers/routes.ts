import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { answers, attendances, bases, goalOutcomes, stepActors } from './package.ts';
import { type MountForm, packageForms } from './package-forms.ts';
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
    const id = idIn(request);
    return web.page(request, reply, 'support/offers/package.njk', await show(request, id, null));
  });
  app.get(
    '/api/packages/:id',
    {
      config: { action: 'package.read', room, api: true },
      schema: {
        operationId: 'readPackage',
        tags: ['Support'],
        summary: 'One offer with goals, steps and sessions',
        security: [{ token: [] }],
        params: Id,
      },
    },
    async (request) => performer.perform(actorOf(request), readPackage, null, { id: idIn(request) }),
  );
  app.get('/packages/:id/plan', { config: { action: 'package.read', room }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    return web.page(request, reply, 'support/offers/plan.njk', await show(request, id, null));
  });
  const change: MountForm = (path, action, done, work) =>
    app.post(
      `/packages/:id/${path}`,
      { config: { action, room }, schema: { params: Id } },
      async (request: FastifyRequest, reply: FastifyReply) => {
        const id = idIn(request);
        try {
          await work(request, id);
        } catch (caught) {
          const error = invalidIn(caught);
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
  packageForms(web, change);
}
