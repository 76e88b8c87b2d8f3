import type { FastifyInstance, FastifyRequest } from 'fastify';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, security, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { declareAgreement, lawfulBases } from '../agreements/index.ts';
import { characteristics, checkFields, factKinds, identityFields } from '../facts/index.ts';
import type { FeedPlaces } from '../feeds/index.ts';
import { feedRoutes } from './feed-routes.ts';
import { recordImportRoutes } from './import-routes.ts';
import { mappingRoutes } from './mapping-routes.ts';
import { listSources } from './read-source.ts';
import { sourcePage } from './source-page.ts';

const room = 'support' as const;

/** Fields that an agreement may allow, in groups, for its form. */
const fieldGroups = [
  { name: 'Who it is about', fields: Object.entries(identityFields) },
  { name: 'What is stated', fields: Object.entries(factKinds).map(([key, { name }]): [string, string] => [key, name]) },
  { name: 'Only to check by; kept nowhere', fields: Object.entries(checkFields) },
  { name: 'Kept apart, for the fairness audit alone', fields: Object.entries(characteristics) },
];

/** Agreements and sources, what they send, and how it is read: pages and API. */
export function sourceRoutes(app: FastifyInstance, web: WebKit, places: FeedPlaces, askForLinking: () => Promise<void>): void {
  const { performer, timeZone } = web.waymark;
  const today = () => dayIn(timeZone);

  const showSources = async (request: FastifyRequest, error: { text: string; field: string | null } | null, draft: object) => ({
    sources: await performer.perform(actorOf(request), listSources, null, { today: today() }),
    fieldGroups,
    lawfulBases,
    error,
    draft,
  });
  app.get('/sources', { config: { action: 'source.list', room, menu: { text: 'Sources', rank: 300 } } }, async (request, reply) =>
    web.page(request, reply, 'support/sources/sources.njk', await showSources(request, null, { fields: [] })),
  );
  app.get(
    '/api/sources',
    {
      config: { action: 'source.list', room, api: true },
      schema: { operationId: 'listSources', tags: ['Support'], summary: 'Sources and their agreements', security },
    },
    async (request) => performer.perform(actorOf(request), listSources, null, { today: today() }),
  );
  app.post('/sources', { config: { action: 'agreement.declare', room, lists: ['fields'] } }, async (request, reply) => {
    const [source, agency, title, purpose, lawfulBasis, startsOn, endsOn, months] = textsOf(
      request.body,
      'source',
      'agency',
      'title',
      'purpose',
      'lawfulBasis',
      'startsOn',
      'endsOn',
      'retentionMonths',
    );
    const fields = [((request.body ?? {}) as { fields?: string | string[] }).fields ?? []].flat();
    const draft = { source, agency, title, purpose, lawfulBasis, startsOn, endsOn, retentionMonths: months, fields };
    try {
      const { sourceId } = await performer.perform(actorOf(request), declareAgreement, null, {
        ...draft,
        retentionMonths: Number(months),
        today: today(),
      });
      web.notice(request, 'The agreement is on the register.');
      return reply.redirect(`/sources/${sourceId}`);
    } catch (caught) {
      const error = invalidIn(caught);
      const shown = await showSources(request, { text: error.message, field: error.field }, draft);
      return web.page(request, reply.code(400), 'support/sources/sources.njk', shown);
    }
  });

  const source = sourcePage(web, places);
  app.get('/sources/:id', { config: { action: 'source.read', room }, schema: { params: Id } }, (request, reply) =>
    source.show(request, reply, idIn(request)),
  );
  recordImportRoutes(app, web, source, askForLinking);
  mappingRoutes(app, web);
  feedRoutes(app, web, places, askForLinking);
}
