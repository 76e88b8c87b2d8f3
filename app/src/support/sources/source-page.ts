import type { FastifyReply, FastifyRequest } from 'fastify';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/kit.ts';
import { type FeedPlaces, folderOf } from '../feeds/index.ts';
import { mappingNames, mappingOfName } from '../records/index.ts';
import { readSource } from './read-source.ts';

export interface SourcePage {
  show(
    request: FastifyRequest,
    reply: FastifyReply,
    id: number,
    error?: { text: string; field: string | null } | null,
    draft?: Record<string, string>,
  ): Promise<FastifyReply>;
}

/** The page of one source, on which imports and feeds have their forms. */
export function sourcePage(web: WebKit, places: FeedPlaces): SourcePage {
  const { performer, timeZone } = web.waymark;
  return {
    show: async (request, reply, id, error = null, draft = {}) => {
      const source = await performer.perform(actorOf(request), readSource, null, { id, today: dayIn(timeZone) });
      const folder = folderOf(places, source);
      return web.page(request, reply, 'support/sources/source.njk', {
        source,
        mappings: mappingNames().map((name) => ({ name, mapping: mappingOfName(name) })),
        databases: [...places.databases.keys()].sort(),
        folder: folder.path,
        refused: await folder.refused(),
        error,
        draft,
      });
    },
  };
}
