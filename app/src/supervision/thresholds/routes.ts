import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { measures } from '../alerts/index.ts';
import { adoptThreshold, endThreshold, learntDays, readThresholds } from './adopt-threshold.ts';

/** Fewer false alerts: what decisions teach, proposed and adopted by a named person. */
export function thresholdRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const page = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object = {}) =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/thresholds/thresholds.njk', {
      ...(await performer.perform(actorOf(request), readThresholds, null, { now: Date.now() })),
      measures,
      learntDays,
      draft,
      error: error ? { text: error.message, field: error.field } : null,
    });
  app.get('/thresholds', { config: { action: 'threshold.read', menu: { text: 'Fewer false alerts', rank: 138 } } }, (request, reply) =>
    page(request, reply, null),
  );
  app.post('/thresholds', { config: { action: 'threshold.adopt' } }, async (request, reply) => {
    const [kind, model, least, reason] = textsOf(request.body, 'kind', 'model', 'least', 'reason');
    const wish = { kind, model: model === '*' ? null : model, least: Number(least), reason, now: Date.now() };
    const again = await orAgain(
      () => performer.perform(actorOf(request), adoptThreshold, null, wish),
      (error) => page(request, reply, error, { kind, model, reason }),
    );
    if (again) return again;
    web.notice(request, 'Adopted. It holds for alerts that begin from now on.');
    return reply.redirect('/thresholds');
  });
  app.post('/thresholds/:id/end', { config: { action: 'threshold.adopt' }, schema: { params: Id } }, async (request, reply) => {
    const [because] = textsOf(request.body, 'because');
    const again = await orAgain(
      () => performer.perform(actorOf(request), endThreshold, null, { id: idIn(request), because, now: Date.now() }),
      (error) => page(request, reply, error, { ending: idIn(request), because }),
    );
    if (again) return again;
    web.notice(request, 'Ended. Alerts that begin from now on are raised as before.');
    return reply.redirect('/thresholds');
  });
}
