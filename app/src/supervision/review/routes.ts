import type { FastifyInstance } from 'fastify';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { countsOthersAlone, type VerdictStore } from '../verdicts/index.ts';
import { revealIfMadeUp, windowOf } from './evidence-page.ts';
import { caveats, exportVerdicts, toCsv, toGeoJson } from './export-verdicts.ts';
import { readCrime } from './read-crime.ts';
import { readCrimeWithNear } from './read-near.ts';
import { reviewRoutes } from './review-routes.ts';

/** A crime with its verdicts, their reviews and what leaves of them: pages and API. */
export function crimeReviewRoutes(app: FastifyInstance, web: WebKit, given: { verdicts: VerdictStore; secondReview: boolean }): void {
  const { performer, fixes, timeZone } = web.waymark;
  const services = { fixes, timeZone, verdicts: given.verdicts, secondReview: given.secondReview };
  app.get('/crimes/:id', { config: { action: 'crime.read' }, schema: { params: Id } }, async (request, reply) => {
    const { near, ...page } = await performer.perform(actorOf(request), readCrimeWithNear, services, { id: idIn(request) });
    const { show = page.counts.present + page.counts.unknown > 0 ? 'to decide' : 'all' } = (request.query ?? {}) as { show?: string };
    const verdicts = page.verdicts.filter(
      ({ verdict }) => show === 'all' || verdict === show || (show === 'to decide' && verdict !== 'excluded'),
    );
    const { page: number, limit, offset } = readPage(request.query);
    return web.page(request, reply, 'supervision/review/crime.njk', {
      ...page,
      near,
      nearData: {
        ...windowOf(page.crime),
        radiusM: page.radiusM,
        place: page.crime.place,
        wearers: near.map(({ wearing, name, points }) => ({ wearing, name, points })),
      },
      ofOthers: page.model !== null && countsOthersAlone(page.model),
      show,
      shown: verdicts.slice(offset, offset + limit),
      shownTotal: verdicts.length,
      pagination: pagination(`/crimes/${page.crime.crime_id}`, request.query, number, verdicts.length),
      caveats,
      exclusionsLeft: page.verdicts.filter(({ verdict, review }) => verdict === 'excluded' && review.reviewed === 0).length,
      clearedCount: page.verdicts.filter(({ review }) => review.cleared).length,
      secondReview: services.secondReview,
    });
  });
  app.get(
    '/api/crimes/:id',
    {
      config: { action: 'crime.read', api: true },
      schema: { operationId: 'readCrime', tags: ['Crimes'], summary: 'One crime with the verdict on every wearer', security, params: Id },
    },
    async (request) => performer.perform(actorOf(request), readCrime, services, { id: idIn(request) }),
  );
  /** Whoever tries to take out what was made up is told, and with that the test is over. */
  app.get('/crimes/:id/export', { config: { action: 'verdict.export' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const { format = 'print' } = (request.query ?? {}) as { format?: string };
    const page = await performer.perform(actorOf(request), exportVerdicts, services, { id, format }).catch(async (error: unknown) => {
      await revealIfMadeUp(web, request, id, error);
      throw error;
    });
    const name = `${page.crime.force}-${page.crime.reference}`.replace(/[^\w-]+/g, '-');
    if (format === 'csv') {
      return reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="${name}.csv"`).send(toCsv(page));
    }
    if (format === 'geojson') {
      return reply
        .type('application/geo+json')
        .header('content-disposition', `attachment; filename="${name}.geojson"`)
        .send(JSON.stringify(toGeoJson(page)));
    }
    return web.page(request, reply, 'supervision/review/print.njk', { ...page, caveats, printedAt: new Date() });
  });
  reviewRoutes(app, web, services);
}
