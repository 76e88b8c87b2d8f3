import type { FastifyInstance, FastifyRequest } from 'fastify';
import { NotFoundError } from '../platform/action.ts';
import { supervisionCopy, supervisionLooks } from '../supervision/index.ts';
import { supportCopy, supportLooks } from '../support/index.ts';
import type { WebKit } from '../web/kit.ts';
import type { OwnPages } from './own-pages.ts';
import { tableInWords } from './words.ts';

/** A copy of everything that is held of a person. */
export function ownCopyRoutes(app: FastifyInstance, web: WebKit, own: OwnPages): void {
  const { as, page } = own;
  const { fixes, timeZone } = web.waymark;
  const stores = { fixes, timeZone };
  const copyOf = async (request: FastifyRequest, positions: boolean) => ({
    madeAt: new Date().toISOString(),
    support: await as(request, 'support', supportCopy, null, null),
    supervision: await as(request, 'supervision', supervisionCopy, stores, { positions }),
    whoLooked: {
      support: (await as(request, 'support', supportLooks, null, null))?.looks ?? [],
      supervision: (await as(request, 'supervision', supervisionLooks, null, null))?.looks ?? [],
    },
  });
  app.get('/me/copy.json', { config: { action: 'own.copy', room: 'person' } }, async (request, reply) => {
    const copy = await copyOf(request, true);
    return reply
      .type('application/json; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('content-disposition', 'attachment; filename="my-data.json"')
      .send(JSON.stringify(copy, null, 2));
  });
  app.get('/me/copy', { config: { action: 'own.copy', room: 'person' } }, async (request, reply) => {
    // The places of every day are in the file, and day by day on their own page.
    const copy = await copyOf(request, false);
    const parts = [
      { name: 'Support', rows: copy.support },
      { name: 'Your tag', rows: copy.supervision },
    ].flatMap(({ name, rows }) =>
      rows === null
        ? []
        : [
            {
              name,
              tables: Object.entries(rows).map(([table, list]) => ({
                title: tableInWords(table),
                total: list.length,
                rows: list.slice(0, 200).map(wordsOf),
              })),
            },
          ],
    );
    if (parts.length === 0) throw new NotFoundError('There is nothing held about you here that we know of.');
    return page(request, reply, 'copy', { parts, madeAt: copy.madeAt });
  });
}

/** A row as lines of words. */
function wordsOf(row: Record<string, unknown>): { name: string; value: string }[] {
  return Object.entries(row).flatMap(([name, value]) => {
    if (value === null || value === '') return [];
    const text = value instanceof Date ? value.toISOString() : typeof value === 'object' ? JSON.stringify(value) : String(value);
    return [{ name: name.replaceAll('_', ' '), value: text.slice(0, 600) }];
  });
}
