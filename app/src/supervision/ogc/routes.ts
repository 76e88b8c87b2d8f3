import type { FastifyInstance, FastifyRequest } from 'fastify';
import { NotFoundError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/kit.ts';
import {
  type CollectionName,
  collections,
  type FeaturePage,
  listCrimeFeatures,
  listTrackFeatures,
  listZoneFeatures,
} from './collections.ts';
import { type FeatureQuery, limitAtMost, readFeatureQuery } from './feature-query.ts';

const classes = ['core', 'geojson'].map((name) => `http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/${name}`);
const crs84 = 'http://www.opengis.net/def/crs/OGC/1.3/CRS84';
const marking = 'Personal data of people under an order, or of victims. For the purpose of the account that asked, and on record.';

/**
 * OGC API Features (OGC 17-069r4) over crimes, zones and positions, so that QGIS and GDAL open them by address, with a token as a Bearer
 * credential or as the password of Basic sign-in. What is here at all, and its form, is open; what is in it is not.
 */
export function ogcRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, fixes, config } = web.waymark;
  const baseOf = (request: FastifyRequest) => `${config.WAYMARK_PUBLIC_URL ?? `${request.protocol}://${request.host}`}/ogc`;
  const link = (rel: string, href: string, type: string, title: string) => ({ rel, href, type, title });
  const json = 'application/json';
  const geojson = 'application/geo+json';
  const open = { config: { open: true }, schema: { hide: true } };

  const collectionOf = (base: string, name: CollectionName) => ({
    id: name,
    ...collections[name],
    itemType: 'feature',
    crs: [crs84],
    links: [
      link('self', `${base}/collections/${name}`, json, 'This collection'),
      link('items', `${base}/collections/${name}/items`, geojson, collections[name].title),
    ],
  });
  app.get('/ogc', open, async (request) => {
    const base = baseOf(request);
    return {
      title: 'Waymark',
      description: 'Crimes, zones and positions of one agency. A token is needed for what is in them.',
      links: [
        link('self', base, json, 'This page'),
        link(
          'service-desc',
          `${base.replace(/\/ogc$/, '')}/api/docs/json`,
          'application/vnd.oai.openapi+json;version=3.0',
          'The API in full',
        ),
        link('service-doc', `${base.replace(/\/ogc$/, '')}/api/docs/`, 'text/html', 'The API in full, to read'),
        link('conformance', `${base}/conformance`, json, 'Classes that it conforms to'),
        link('data', `${base}/collections`, json, 'Collections'),
      ],
    };
  });
  app.get('/ogc/conformance', open, async () => ({ conformsTo: classes }));
  app.get('/ogc/collections', open, async (request) => {
    const base = baseOf(request);
    return {
      links: [link('self', `${base}/collections`, json, 'Collections')],
      collections: (Object.keys(collections) as CollectionName[]).map((name) => collectionOf(base, name)),
    };
  });
  for (const name of Object.keys(collections) as CollectionName[])
    app.get(`/ogc/collections/${name}`, open, async (request) => collectionOf(baseOf(request), name));

  const items = (name: CollectionName, action: string, list: (request: FastifyRequest, query: FeatureQuery) => Promise<FeaturePage>) => {
    const guarded = { config: { action, api: true, basic: true }, schema: { hide: true } };
    app.get(`/ogc/collections/${name}/items`, guarded, async (request, reply) => {
      const query = readFeatureQuery((request.query ?? {}) as Record<string, unknown>);
      const { features, matched, hasMore } = await list(request, query);
      const base = `${baseOf(request)}/collections/${name}`;
      const at = (offset: number) => {
        const given = new URLSearchParams((request.query ?? {}) as Record<string, string>);
        given.set('offset', String(offset));
        given.set('limit', String(query.limit));
        return `${base}/items?${given}`;
      };
      reply.type(geojson);
      return {
        type: 'FeatureCollection',
        marking,
        features,
        timeStamp: new Date().toISOString(),
        ...(matched === null ? {} : { numberMatched: matched }),
        numberReturned: features.length,
        links: [
          link('self', at(query.offset), geojson, 'This page'),
          link('collection', base, json, collections[name].title),
          ...(hasMore ? [link('next', at(query.offset + query.limit), geojson, 'Next page')] : []),
        ],
      };
    });
    app.get(`/ogc/collections/${name}/items/:feature`, guarded, async (request, reply) => {
      const { feature: wanted } = request.params as { feature: string };
      const found = await one(request, wanted, list);
      const base = `${baseOf(request)}/collections/${name}`;
      reply.type(geojson);
      return {
        ...found,
        marking,
        links: [link('self', `${base}/items/${wanted}`, geojson, 'This feature'), link('collection', base, json, collections[name].title)],
      };
    });
  };
  items('crimes', 'crime.list', (request, query) => performer.perform(actorOf(request), listCrimeFeatures, null, query));
  items('zones', 'zone.list', (request, query) => performer.perform(actorOf(request), listZoneFeatures, null, query));
  items('tracks', 'track.read', (request, query) =>
    performer.perform(actorOf(request), listTrackFeatures, { fixes }, { ...query, now: Date.now() }),
  );
}

/** One feature by its id: that one alone is read, and whose it is sees that somebody looked. */
async function one(request: FastifyRequest, wanted: string, list: (request: FastifyRequest, query: FeatureQuery) => Promise<FeaturePage>) {
  const query: FeatureQuery = { limit: limitAtMost, offset: 0, bbox: null, from: null, to: null, subject: null, id: wanted };
  const { features } = await list(request, query);
  const found = features.find(({ id }) => String(id) === wanted);
  if (!found) throw new NotFoundError('There is no such feature.');
  return found;
}
