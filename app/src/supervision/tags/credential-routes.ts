import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { roles } from '../../platform/access.ts';
import type { Action, InvalidError } from '../../platform/action.ts';
import { issueApiToken, listApiTokens, type NewToken, revokeApiToken } from '../../platform/api-tokens.ts';
import { tokenScopes } from '../../platform/token-scopes.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { declareGateway, issueTagCredential, listGateways, revokeGateway } from './tags.ts';

function newTokenOf({ name = '', role = '', scopes, days = '' }: Record<string, string | string[]>): NewToken {
  return { name: String(name), role: String(role), scopes: [scopes ?? []].flat(), days: days === '' ? undefined : Number(days) };
}

/** Secrets of tags and gateways, and tokens of programs: pages. */
export function credentialRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const credentialsPage = async (
    request: FastifyRequest,
    reply: FastifyReply,
    shown: { label: string; secret: string } | null,
    error: InvalidError | null = null,
  ) => {
    const gateways = await performer.perform(actorOf(request), listGateways, null, null);
    const tokens = await performer.perform(actorOf(request), listApiTokens, null, null);
    return web.page(request, error ? reply.code(400) : reply, 'supervision/tags/credentials.njk', {
      gateways,
      tokens,
      roles,
      scopes: Object.keys(tokenScopes),
      now: new Date(),
      shown,
      error: error ? { text: error.message, field: error.field } : null,
    });
  };
  app.get('/credentials', { config: { action: 'gateway.list', menu: { text: 'Credentials', rank: 170 } } }, (request, reply) =>
    credentialsPage(request, reply, null),
  );
  const issuing =
    <I>(
      action: Action<null, I, { secret?: string; token?: string }>,
      input: (body: Record<string, string>) => I,
      label: (body: Record<string, string>) => string,
    ) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      const body = (request.body ?? {}) as Record<string, string>;
      try {
        const { secret, token } = await performer.perform(actorOf(request), action, null, input(body));
        return credentialsPage(request, reply, { label: label(body), secret: secret ?? token ?? '' });
      } catch (error) {
        return credentialsPage(request, reply, null, invalidIn(error));
      }
    };
  app.post(
    '/credentials/gateways',
    { config: { action: 'gateway.declare' } },
    issuing(
      declareGateway,
      ({ name = '' }) => ({ name }),
      ({ name }) => `Secret of gateway ${name}`,
    ),
  );
  app.post(
    '/credentials/tokens',
    { config: { action: 'token.issue', lists: ['scopes'] } },
    issuing(issueApiToken, newTokenOf, ({ name }) => `Token of ${name}`),
  );
  app.post(
    '/credentials/tags',
    { config: { action: 'tag.credential' } },
    issuing(
      issueTagCredential,
      ({ serial = '' }) => ({ serial }),
      ({ serial }) => `Secret of tag ${serial}`,
    ),
  );
  app.post('/credentials/gateways/:id/revoke', { config: { action: 'gateway.revoke' }, schema: { params: Id } }, async (request, reply) => {
    await performer.perform(actorOf(request), revokeGateway, null, { id: idIn(request) });
    web.notice(request, 'The gateway can no longer send.');
    return reply.redirect('/credentials');
  });
  app.post('/credentials/tokens/:id/revoke', { config: { action: 'token.revoke' }, schema: { params: Id } }, async (request, reply) => {
    await performer.perform(actorOf(request), revokeApiToken, null, { id: idIn(request) });
    web.notice(request, 'The token no longer works.');
    return reply.redirect('/credentials');
  });
}
