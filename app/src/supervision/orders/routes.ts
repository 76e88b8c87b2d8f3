import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { readOrder } from './read-order.ts';
import { varyOrder } from './vary-order.ts';

/** An order as it stands and as it was varied: a page. */
export function orderRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone } = web.waymark;
  const page = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: Form) =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/orders/order.njk', {
      ...(await performer.perform(actorOf(request), readOrder, null, { id: idIn(request) })),
      now: Date.now(),
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  app.get('/orders/:id', { config: { action: 'order.read' }, schema: { params: Id } }, (request, reply) => page(request, reply, null, {}));
  app.post('/orders/:id', { config: { action: 'order.vary' }, schema: { params: Id } }, async (request, reply) => {
    const [authority, ends, conditions, reason, version] = textsOf(request.body, 'authority', 'endsAt', 'conditions', 'reason', 'version');
    const again = await orAgain(
      () =>
        performer.perform(
          actorOf(request),
          varyOrder,
          { timeZone },
          {
            orderId: idIn(request),
            authority,
            endsAt: ends.trim(),
            conditions,
            reason,
            version: Number(version),
            now: Date.now(),
          },
        ),
      (error) => page(request, reply, error, (request.body ?? {}) as Form),
    );
    if (again) return again;
    web.notice(request, 'The variation is on record, and holds from now on.');
    return reply.redirect(`/orders/${idIn(request)}`);
  });
}
