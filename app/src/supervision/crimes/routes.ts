import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { isProgram } from '../../platform/access.ts';
import type { Action } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage, sortLink } from '../../web/paging.ts';
import { crimeTypes } from './crime-types.ts';
import { importRoutes } from './import-routes.ts';
import { type CrimeListRow, type CrimeQuery, crimeSorts, searchCrimes } from './store.ts';

const listCrimes: Action<null, CrimeQuery, { rows: CrimeListRow[]; total: number }> = {
  name: 'crime.list',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, query) {
    const found = await searchCrimes(tx, { ...query, withTests: !isProgram(actor) });
    note(null, { shown: found.rows.length });
    return found;
  },
};

/** Crimes and the files that bring them: pages and API. */
export function crimeRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const queryOf = (request: FastifyRequest): CrimeQuery & { page: number } => {
    const { sort, order, type, show } = (request.query ?? {}) as Record<string, string>;
    const page = readPage(request.query);
    return {
      ...page,
      type: type && Object.hasOwn(crimeTypes, type) ? type : undefined,
      show,
      sort: sort && Object.hasOwn(crimeSorts, sort) ? (sort as CrimeQuery['sort']) : 'when',
      descending: order !== 'up',
    };
  };

  app.get('/crimes', { config: { action: 'crime.list', menu: { text: 'Crimes', rank: 60 } } }, async (request, reply) => {
    const query = queryOf(request);
    const found = await performer.perform(actorOf(request), listCrimes, null, query);
    const columns = Object.keys(crimeSorts).map((key) => [key, sortLink('/crimes', request.query, key, query.sort, query.descending)]);
    return web.page(request, reply, 'supervision/crimes/crimes.njk', {
      ...found,
      query,
      crimeTypes,
      sorts: Object.fromEntries(columns),
      pagination: pagination('/crimes', request.query, query.page, found.total),
    });
  });
  app.get(
    '/api/crimes',
    {
      config: { action: 'crime.list', api: true },
      schema: {
        operationId: 'listCrimes',
        tags: ['Crimes'],
        summary: 'List crimes',
        security,
        querystring: Type.Object({
          search: Type.Optional(Type.String()),
          page: Type.Optional(Type.Integer()),
          type: Type.Optional(Type.String()),
          show: Type.Optional(Type.String()),
        }),
      },
    },
    async (request) => {
      const { rows, total } = await performer.perform(actorOf(request), listCrimes, null, queryOf(request));
      return { total, crimes: rows };
    },
  );

  importRoutes(app, web);
}
