import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance } from 'fastify';
import { harmlessCell } from '../../platform/csv-cell.ts';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { whoseIn } from '../subjects/index.ts';
import { type CaseCompliance, listCompliance } from './caseload-compliance.ts';

/** Each row reads weeks of fixes: a page has few. */
const shownAtMost = 10;
const exportedAtMost = 500;

/** How a whole caseload keeps its conditions: page and CSV. */
export function caseloadComplianceRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, fixes, timeZone } = web.waymark;
  const services = { fixes, timeZone };
  app.get('/compliance', { config: { action: 'compliance.list', menu: { text: 'Compliance', rank: 137 } } }, async (request, reply) => {
    const { page } = readPage(request.query);
    const query = { page, whose: whoseIn(request.query) };
    const asked = { ...query, limit: shownAtMost, offset: (page - 1) * shownAtMost, now: Date.now() };
    const found = await performer.perform(actorOf(request), listCompliance, services, asked);
    return web.page(request, reply, 'supervision/compliance/caseload-compliance.njk', {
      ...found,
      query,
      weeks: found.rows.find(({ isAnothers }) => !isAnothers)?.weeks ?? [],
      first: asked.offset + 1,
      pagination: pagination('/compliance', request.query, page, found.total, shownAtMost),
    });
  });
  app.get('/compliance.csv', { config: { action: 'compliance.list' } }, async (request, reply) => {
    const asked = { whose: whoseIn(request.query), limit: shownAtMost, now: Date.now() };
    const rows: CaseCompliance[] = [];
    let total = Number.POSITIVE_INFINITY;
    // A few at a time, each in a transaction of its own: nobody else waits for the whole of it.
    while (rows.length < Math.min(total, exportedAtMost)) {
      const part = await performer.perform(actorOf(request), listCompliance, services, { ...asked, offset: rows.length });
      total = part.total;
      if (part.rows.length === 0) break;
      rows.push(...part.rows);
    }
    const csv = stringify(
      [
        ...rows.flatMap((row) => linesOf(row, timeZone)),
        ...(total > rows.length
          ? [{ reference: `Only the first ${rows.length} of ${total} people are in this file. Ask for fewer: mine, or my team’s.` }]
          : []),
      ],
      {
        header: true,
        columns: [
          'reference',
          'name',
          'tag',
          'week_of',
          'kept_h',
          'not_kept_h',
          'unknown_h',
          'out_kept_h',
          'out_not_kept_h',
          'out_unknown_h',
          'open_alerts',
          'breaches',
        ],
      },
    );
    return reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="compliance.csv"').send(csv);
  });
}

function linesOf({ reference, name, tag, weeks, open, breaches, isAnothers }: CaseCompliance, timeZone: string): object[] {
  if (isAnothers) return [{ reference: harmlessCell(reference), name: 'another officer’s case: open it and say why' }];
  const hours = (ms: number) => (ms / 3_600_000).toFixed(2);
  return weeks.map(({ from, stay, keepOut }) => ({
    reference: harmlessCell(reference),
    name: harmlessCell(name),
    tag: harmlessCell(tag),
    week_of: dayIn(timeZone, new Date(from)),
    kept_h: hours(stay.keptMs),
    not_kept_h: hours(stay.brokenMs),
    unknown_h: hours(stay.unknownMs),
    out_kept_h: hours(keepOut.keptMs),
    out_not_kept_h: hours(keepOut.brokenMs),
    out_unknown_h: hours(keepOut.unknownMs),
    open_alerts: open,
    breaches,
  }));
}
