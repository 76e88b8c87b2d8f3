import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, idOf, invalidIn } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { caveats } from '../review/index.ts';
import type { VerdictStore } from '../verdicts/index.ts';
import { crimesAtMost, readSeries, requireSeries } from './read-series.ts';
import { readWearer } from './read-wearer.ts';

const dayChoices = [7, 30, 90, 365] as const;

/** Who was present at several crimes, and one wearer over time: pages. */
export function seriesRoutes(app: FastifyInstance, web: WebKit, { verdicts }: { verdicts: VerdictStore }): void {
  const { performer } = web.waymark;
  const nothing = { crimes: [], rows: [], lookedAt: 0, waiting: [] };
  app.get('/series', { config: { action: 'series.look', lists: ['crime'] } }, async (request, reply) => {
    const { crime = [] } = (request.query ?? {}) as { crime?: string | string[] };
    const crimes = [crime].flat().map(idOf).filter(Boolean);
    const page = (status: FastifyReply, found: object, error: InvalidError | null) =>
      web.page(request, status, 'supervision/series/series.njk', {
        ...found,
        caveats,
        crimesAtMost,
        error: error ? { text: error.message, field: error.field } : null,
      });
    try {
      // What cannot be asked is answered before anything is looked at.
      requireSeries(crimes);
      return page(reply, await performer.perform(actorOf(request), readSeries, { verdicts }, { crimes }), null);
    } catch (error) {
      return page(reply.code(400), nothing, invalidIn(error));
    }
  });
  app.get('/wearers/:id', { config: { action: 'wearer.look' }, schema: { params: Id } }, async (request: FastifyRequest, reply) => {
    const { days: wanted, show = 'to decide' } = (request.query ?? {}) as { days?: string; show?: string };
    const days = dayChoices.find((own) => String(own) === wanted) ?? 30;
    const wearer = await performer.perform(actorOf(request), readWearer, { verdicts }, { wearing: idIn(request), days, now: Date.now() });
    const rows = wearer.rows.filter(
      ({ verdict }) => show === 'all' || verdict === show || (show === 'to decide' && verdict !== 'excluded'),
    );
    const { page, limit, offset } = readPage(request.query);
    return web.page(request, reply, 'supervision/series/wearer.njk', {
      ...wearer,
      days,
      dayChoices,
      show,
      shown: rows.slice(offset, offset + limit),
      shownTotal: rows.length,
      pagination: pagination(`/wearers/${wearer.wearing}`, request.query, page, rows.length),
    });
  });
}
