import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidError } from '../../../platform/action.ts';
import { actorOf } from '../../../web/actor-of.ts';
import { Id, security } from '../../../web/form.ts';
import type { WebKit } from '../../../web/kit.ts';
import { pagination, readPage, sortLink } from '../../../web/paging.ts';
import { readTime } from '../../fixes/decode/index.ts';
import type { Intake } from '../../fixes/index.ts';
import { declareOrder, declareSubject, listSubjects, orderKinds } from '../index.ts';
import { readSubject } from './read-subject.ts';

/** Subjects and their orders: pages and API. */
export function subjectRoutes(app: FastifyInstance, web: WebKit, { intake }: { intake: Intake }): void {
  const { performer, fixes, timeZone } = web.waymark;
  const time = (text: string | undefined) => new Date(text ? readTime(text, timeZone) : Number.NaN);

  /** Shows the page again with what was wrong, or carries on. */
  const orAgain = async (
    work: () => Promise<unknown>,
    again: (error: InvalidError) => Promise<FastifyReply>,
  ): Promise<FastifyReply | null> => {
    try {
      await work();
      return null;
    } catch (error) {
      if (error instanceof InvalidError) return again(error);
      throw error;
    }
  };

  app.get('/subjects', { config: { action: 'subject.list' } }, async (request, reply) => {
    const { sort, order } = (request.query ?? {}) as Record<string, string>;
    const query = {
      ...readPage(request.query),
      sort: sort === 'name' ? ('name' as const) : ('reference' as const),
      descending: order === 'down',
    };
    const found = await performer.perform(actorOf(request), listSubjects, null, query);
    return web.page(request, reply, 'supervision/subjects/page/subjects.njk', {
      ...found,
      query,
      sorts: {
        reference: sortLink('/subjects', request.query, 'reference', query.sort, query.descending),
        name: sortLink('/subjects', request.query, 'name', query.sort, query.descending),
      },
      pagination: pagination('/subjects', request.query, query.page, found.total),
      error: null,
      draft: {},
    });
  });
  app.get(
    '/api/subjects',
    { config: { action: 'subject.list', api: true }, schema: { tags: ['Subjects'], summary: 'List subjects', security } },
    async (request) => {
      const { rows, total } = await performer.perform(actorOf(request), listSubjects, null, {
        ...readPage(request.query),
        sort: 'reference',
        descending: false,
      });
      return { total, subjects: rows };
    },
  );
  app.post('/subjects', { config: { action: 'subject.declare' } }, async (request, reply) => {
    const { reference = '', name = '' } = (request.body ?? {}) as Record<string, string>;
    let id = 0;
    const again = await orAgain(
      async () => {
        id = (await performer.perform(actorOf(request), declareSubject, null, { reference, name })).id;
      },
      async (error) => {
        const query = { ...readPage({}), sort: 'reference' as const, descending: false };
        const found = await performer.perform(actorOf(request), listSubjects, null, query);
        return web.page(request, reply.code(400), 'supervision/subjects/page/subjects.njk', {
          ...found,
          query,
          sorts: {},
          pagination: null,
          error: { text: error.message, field: error.field },
          draft: { reference, name },
        });
      },
    );
    if (again) return again;
    web.notice(request, 'The subject is added. Add the order next.');
    return reply.redirect(`/subjects/${id}`);
  });
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
    subjectPage(request, reply, (request.params as { id: number }).id, null),
  );
  app.get(
    '/api/subjects/:id',
    {
      config: { action: 'subject.read', api: true },
      schema: { tags: ['Subjects'], summary: 'One subject with orders and wearings', security, params: Id },
    },
    async (request) => performer.perform(actorOf(request), readSubject, { fixes }, request.params as { id: number }),
  );
  app.post('/subjects/:id/orders', { config: { action: 'order.declare' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const body = (request.body ?? {}) as Record<string, string>;
    const again = await orAgain(
      () =>
        performer.perform(
          actorOf(request),
          declareOrder,
          { intake },
          {
            subjectId: id,
            kind: body.kind ?? '',
            authority: body.authority ?? '',
            startsAt: time(body.startsAt),
            endsAt: body.endsAt ? time(body.endsAt) : null,
          },
        ),
      (error) => subjectPage(request, reply, id, error, 'order', body),
    );
    if (again) return again;
    web.notice(request, 'The order is added.');
    return reply.redirect(`/subjects/${id}`);
  });
}
