import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { isProgram } from '../../platform/access.ts';
import { type Action, InvalidError } from '../../platform/action.ts';
import { isDay } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { invalidIn, security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage, sortLink } from '../../web/paging.ts';
import { crimeTypes } from './crime-types.ts';
import { importRoutes } from './import-routes.ts';
import { type LastLook, lastLook, markLooked, unmarkLooked } from './last-look.ts';
import { middleOf } from './near-fixes.ts';
import { noForce } from './parsed-crime.ts';
import {
  batchesOf,
  type CrimeListRow,
  type CrimePoint,
  type CrimeQuery,
  crimeSorts,
  forcesOf,
  mapCrimes,
  newSince,
  searchCrimes,
} from './store.ts';

/** The crimes of a page with those on its map, and what it can be narrowed to. */
interface CrimeListPage {
  rows: CrimeListRow[];
  total: number;
  points: CrimePoint[];
  forces: string[];
  batches: string[];
  /** Up to when the asker has looked; null where they never said, and for programs. */
  looked: LastLook | null;
  fresh: { came: number; toReview: number; all: number } | null;
}

const listCrimes: Action<null, CrimeQuery & { withMap: boolean }, CrimeListPage> = {
  name: 'crime.list',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, query) {
    const withTests = !isProgram(actor);
    const looked = isProgram(actor) ? null : await lastLook(tx, actor.id);
    const asked = { ...query, withTests, ...(looked ? { since: looked.at } : {}) };
    const found = await searchCrimes(tx, asked);
    const points = query.withMap ? await mapCrimes(tx, asked) : [];
    note(null, { shown: found.rows.length, ...(query.withMap ? { onMap: points.length } : {}) });
    if (!query.withMap) return { ...found, points, forces: [], batches: [], looked, fresh: null };
    const fresh = looked && (await newSince(tx, looked.at, withTests));
    return { ...found, points, forces: await forcesOf(tx), batches: await batchesOf(tx), looked, fresh };
  },
};

/** Crimes and the files that bring them: pages and API. */
export function crimeRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const queryOf = (request: FastifyRequest): CrimeQuery & { page: number } => {
    const { sort, order, type, show, force, batch, from, to } = (request.query ?? {}) as Record<string, string>;
    const page = readPage(request.query);
    return {
      ...page,
      type: type && Object.hasOwn(crimeTypes, type) ? type : undefined,
      show,
      force: force || undefined,
      batch: batch || undefined,
      from: from && isDay(from) ? from : undefined,
      to: to && isDay(to) ? to : undefined,
      timeZone: web.waymark.timeZone,
      sort: sort && Object.hasOwn(crimeSorts, sort) ? (sort as CrimeQuery['sort']) : 'when',
      descending: order !== 'up',
    };
  };

  const crimesPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null = null) => {
    const query = queryOf(request);
    // Before anything is read: what comes meanwhile is new.
    const shownAt = Date.now();
    const { points, ...found } = await performer.perform(actorOf(request), listCrimes, null, { ...query, withMap: true });
    const columns = Object.keys(crimeSorts).map((key) => [key, sortLink('/crimes', request.query, key, query.sort, query.descending)]);
    return web.page(request, error ? reply.code(400) : reply, 'supervision/crimes/crimes.njk', {
      ...found,
      query,
      crimeTypes,
      noForce,
      shownAt,
      error: error && { text: error.message, field: error.field },
      mapData: points.map(({ id, reference, type, from, place, present, toReview }) => [
        id,
        ...middleOf(place),
        present === null ? 3 : toReview ? 2 : present > 0 ? 1 : 0,
        `${crimeTypes[type] ?? 'Crime'}, ${reference}`,
        from.getTime(),
      ]),
      sorts: Object.fromEntries(columns),
      pagination: pagination('/crimes', request.query, query.page, found.total),
    });
  };
  app.get('/crimes', { config: { action: 'crime.list', menu: { text: 'Crimes', rank: 60 } } }, (request, reply) =>
    crimesPage(request, reply),
  );
  const looked = async (request: FastifyRequest, reply: FastifyReply, work: () => Promise<unknown>, said: string) => {
    try {
      await work();
    } catch (caught) {
      return crimesPage(request, reply, invalidIn(caught));
    }
    web.notice(request, said);
    return reply.redirect('/crimes');
  };
  app.post<{ Body: { upto?: string } }>('/crimes/looked', { config: { action: 'crime.looked' } }, (request, reply) => {
    const upto = Number(request.body?.upto ?? Number.NaN);
    const work = () => performer.perform(actorOf(request), markLooked, null, { upto, now: Date.now() });
    return looked(request, reply, work, 'What comes from now on is told above the list.');
  });
  app.post('/crimes/looked/back', { config: { action: 'crime.looked' } }, (request, reply) =>
    looked(request, reply, () => performer.perform(actorOf(request), unmarkLooked, null, null), 'Taken back.'),
  );
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
          force: Type.Optional(Type.String()),
          batch: Type.Optional(Type.String()),
          from: Type.Optional(Type.String({ description: 'Day, YYYY-MM-DD: windows that end on it or later.' })),
          to: Type.Optional(Type.String({ description: 'Day, YYYY-MM-DD: windows that begin on it or earlier.' })),
        }),
      },
    },
    async (request) => {
      for (const name of ['from', 'to'] as const) {
        const day = (request.query as Record<string, string>)[name];
        if (day && !isDay(day)) throw new InvalidError(`“${day.slice(0, 40)}” is no day. Write one such as 2026-09-07.`, name);
      }
      const { rows, total } = await performer.perform(actorOf(request), listCrimes, null, { ...queryOf(request), withMap: false });
      return { total, crimes: rows };
    },
  );

  importRoutes(app, web);
}
