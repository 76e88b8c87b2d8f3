import type { FastifyInstance } from 'fastify';
import { actorOf } from '../../../web/actor-of.ts';
import { orAgain, security } from '../../../web/form.ts';
import type { WebKit } from '../../../web/kit.ts';
import { pagination, readPage, sortLink } from '../../../web/paging.ts';
import { declareSubject, listSubjects, subjectShows, whoseIn } from '../index.ts';

/** All subjects, and adding one: page and API. */
export function subjectListRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  app.get('/subjects', { config: { action: 'subject.list', menu: { text: 'Subjects', rank: 110 } } }, async (request, reply) => {
    const { sort, order, show } = (request.query ?? {}) as Record<string, string>;
    const query = {
      ...readPage(request.query),
      whose: whoseIn(request.query),
      show: subjectShows.find((own) => own === show),
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
    {
      config: { action: 'subject.list', api: true },
      schema: { operationId: 'listSubjects', tags: ['Subjects'], summary: 'List subjects', security },
    },
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
        const query = { ...readPage({}), whose: 'all' as const, sort: 'reference' as const, descending: false };
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
}
