import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../../platform/action.ts';
import { actorOf } from '../../../web/actor-of.ts';
import { Id, idIn, orAgain, security } from '../../../web/form.ts';
import type { WebKit } from '../../../web/kit.ts';
import { readTime } from '../../fixes/decode/index.ts';
import { declareOrder, orderKinds } from '../index.ts';
import { subjectListRoutes } from './list-routes.ts';
import { readSubject } from './read-subject.ts';

/** Subjects and their orders: pages and API. */
export function subjectRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, fixes, timeZone } = web.waymark;
  const time = (text: string | undefined) => new Date(text ? readTime(text, timeZone) : Number.NaN);
  subjectListRoutes(app, web);
  const subjectPage = async (
    request: FastifyRequest,
    reply: FastifyReply,
    id: number,
    error: InvalidError | null,
    form = '',
    draft = {},
  ) => {
    const detail = await performer.perform(actorOf(request), readSubject, { fixes }, { id });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/subjects/page/subject.njk', {
      ...detail,
      orderKinds,
      error: error ? { text: error.message, field: error.field } : null,
      form,
      draft,
    });
  };
  app.get('/subjects/:id', { config: { action: 'subject.read' }, schema: { params: Id } }, async (request, reply) =>
    subjectPage(request, reply, idIn(request), null),
  );
  app.get(
    '/api/subjects/:id',
    {
      config: { action: 'subject.read', api: true },
      schema: { operationId: 'readSubject', tags: ['Subjects'], summary: 'One subject with orders and wearings', security, params: Id },
    },
    async (request) => performer.perform(actorOf(request), readSubject, { fixes }, { id: idIn(request) }),
  );
  app.post('/subjects/:id/orders', { config: { action: 'order.declare' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const body = (request.body ?? {}) as Record<string, string>;
    const again = await orAgain(
      () =>
        performer.perform(actorOf(request), declareOrder, null, {
          subjectId: id,
          kind: body.kind ?? '',
          authority: body.authority ?? '',
          startsAt: time(body.startsAt),
          endsAt: body.endsAt ? time(body.endsAt) : null,
        }),
      (error) => subjectPage(request, reply, id, error, 'order', body),
    );
    if (again) return again;
    web.notice(request, 'The order is added.');
    return reply.redirect(`/subjects/${id}`);
  });
}
