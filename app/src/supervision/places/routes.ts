import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../../web/actor-of.ts';
import { security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { findPlaces } from './find-places.ts';

/** Searching the gazetteer. */
export function placeRoutes(app: FastifyInstance, web: WebKit): void {
  app.get(
    '/api/places',
    {
      config: { action: 'place.list', api: true },
      schema: {
        operationId: 'findPlaces',
        tags: ['Places'],
        summary: 'Addresses, streets, postcodes and places whose name begins with what is given; none where no gazetteer was imported',
        security,
        querystring: Type.Object({ search: Type.Optional(Type.String({ maxLength: 200 })) }, { additionalProperties: true }),
      },
    },
    async (request) => {
      const { search = '' } = request.query as { search?: string };
      return web.waymark.performer.perform(actorOf(request), findPlaces, web.waymark, { text: search });
    },
  );
}
