import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, security, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { decideChallenge, listChallenges } from './decide-challenge.ts';

const room = 'support' as const;

/** What people say is wrong, and what a lead decides: page and API. */
export function challengeRoutes(app: FastifyInstance, web: WebKit, askForProfiles: () => Promise<void>): void {
  const { performer } = web.waymark;
  const challenges = async (request: FastifyRequest, reply: FastifyReply, error: { text: string; field: string | null } | null) => {
    const query = readPage(request.query);
    const found = await performer.perform(actorOf(request), listChallenges, null, query);
    const { role, purpose } = actorOf(request);
    return web.page(request, reply, 'support/people/challenges.njk', {
      ...found,
      mayDecide: web.waymark.access.decide({ role, purpose }, 'challenge.decide', purpose, room).allowed,
      error,
      pagination: pagination('/challenges', request.query, query.page, found.total),
    });
  };
  app.get('/challenges', { config: { action: 'challenge.list', room, menu: { text: 'Challenges', rank: 240 } } }, (request, reply) =>
    challenges(request, reply, null),
  );
  app.get(
    '/api/challenges',
    {
      config: { action: 'challenge.list', room, api: true },
      schema: {
        operationId: 'listChallenges',
        tags: ['Support'],
        summary: 'Statements that people say are wrong',
        security,
        querystring: Type.Object({ page: Type.Optional(Type.Integer()) }),
      },
    },
    async (request) => performer.perform(actorOf(request), listChallenges, null, readPage(request.query)),
  );
  app.post('/challenges/:id', { config: { action: 'challenge.decide', room }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const [outcome, reason] = textsOf(request.body, 'outcome', 'reason');
    try {
      await performer.perform(actorOf(request), decideChallenge, null, { id, outcome, reason });
    } catch (caught) {
      const error = invalidIn(caught);
      return challenges(request, reply.code(400), { text: error.message, field: error.field });
    }
    await askForProfiles();
    web.notice(request, outcome === 'upheld' ? 'Upheld. It stays out.' : 'Not upheld. It counts again.');
    return reply.redirect('/challenges');
  });
}
