import type { FastifyInstance } from 'fastify';
import { withPurpose } from '../../platform/database.ts';
import { publishedSearches } from '../../supervision/index.ts';
import type { WebKit } from '../../web/kit.ts';

/** How often a place and a time were searched without a crime: for anybody to read. Counts alone. */
export function placeSearchesRoutes(app: FastifyInstance, web: WebKit): void {
  const { database, timeZone, config } = web.waymark;
  app.get('/transparency/place-searches', { config: { open: true } }, async (request, reply) =>
    web.page(request, reply, 'oversight/place-searches/place-searches.njk', {
      isOn: config.WAYMARK_PLACE_SEARCH === 'yes',
      years: await withPurpose(database.db, 'supervision', 'transparency', (tx) => publishedSearches(tx, timeZone)),
    }),
  );
}
