import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, idOf, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { readTime } from '../fixes/decode/index.ts';
import { openWearing } from '../subjects/index.ts';
import { readSubject } from '../subjects/page/index.ts';

/** What an officer does and says before leaving. */
const doorSteps = [
  'The strap is closed, and one finger fits under it',
  'I showed how to charge it, and how long that takes',
  'I said what is recorded, who can see it, and how to challenge it',
];

/** Fitting a tag: the steps that an officer takes before leaving. */
export function fitRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, fixes, timeZone } = web.waymark;
  const fitPage = async (request: FastifyRequest, reply: FastifyReply, id: number, error: InvalidError | null, draft = {}) => {
    const { subject, orders } = await performer.perform(actorOf(request), readSubject, { fixes }, { id });
    const now = new Date();
    return web.page(request, error ? reply.code(400) : reply, 'supervision/visit/fit.njk', {
      subject,
      orders: orders.filter(({ starts_at, ends_at }) => starts_at <= now && (!ends_at || ends_at > now)),
      steps: doorSteps,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/subjects/:id/fit', { config: { action: 'subject.read' }, schema: { params: Id } }, (request, reply) =>
    fitPage(request, reply, idIn(request), null),
  );
  app.post('/subjects/:id/fit', { config: { action: 'wearing.open', lists: ['told'] }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const body = (request.body ?? {}) as Form;
    const text = (key: string) => textsOf(body, key)[0];
    const told = [body.told ?? []].flat();
    let wearing = 0;
    try {
      if (told.length < doorSteps.length) throw new InvalidError('Do each of these steps first, and tick it.', 'told');
      const opened = await performer.perform(actorOf(request), openWearing, null, {
        subjectId: id,
        orderId: idOf(text('orderId')),
        serial: text('serial'),
        startsAt: text('startsAt') === '' ? new Date() : new Date(readTime(text('startsAt'), timeZone)),
        note: text('note'),
      });
      wearing = opened.id;
    } catch (error) {
      return fitPage(request, reply, id, invalidIn(error), { ...body, told });
    }
    return reply.redirect(`/wearings/${wearing}/door`);
  });
}
