import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { roles } from '../../platform/access.ts';
import { type Action, InvalidError } from '../../platform/action.ts';
import { issueApiToken, listApiTokens, revokeApiToken } from '../../platform/api-tokens.ts';
import { actorOf } from '../../web/actor-of.ts';
import { pagination, readPage, sortLink } from '../../web/paging.ts';
import type { WebKit } from '../../web/server.ts';
import { quarantineReasons } from '../fixes/check-fix.ts';
import { listQuarantine, releaseQuarantine } from '../fixes/quarantine.ts';
import { readTime } from '../fixes/read-time.ts';
import { declareGateway, issueTagCredential, listGateways, revokeGateway } from '../tags/tags.ts';
import { declareOrder, declareSubject, listSubjects, orderKinds, readSubject, readTrack } from './subjects.ts';

const Id = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
const security = [{ token: [] }];

/** Subjects, orders, tags, wearings, quarantine and credentials: pages and API. */
export function monitoringRoutes(app: FastifyInstance, web: WebKit): void {
  const { waymark } = web;
  const { performer, fixes, intake, timeZone } = waymark;
  const services = { fixes, intake };
  const time = (text: string | undefined) => new Date(text ? readTime(text, timeZone) : Number.NaN);

  /** Shows the page again with what was wrong, or carries on. */
  const orAgain = async (
    work: () => Promise<unknown>,
    again: (error: InvalidError) => Promise<FastifyReply>,
  ): Promise<FastifyReply | null> => {
    try {
      await work();
      return null;
    } catch (error) {
      if (error instanceof InvalidError) return again(error);
      throw error;
    }
  };

  app.get('/subjects', { config: { action: 'subject.list' } }, async (request, reply) => {
    const { sort, order } = (request.query ?? {}) as Record<string, string>;
    const query = {
      ...readPage(request.query),
      sort: sort === 'name' ? ('name' as const) : ('reference' as const),
      descending: order === 'down',
    };
    const found = await performer.perform(actorOf(request), listSubjects, null, query);
    return web.page(request, reply, 'supervision/subjects/subjects.njk', {
      ...found,
      query,
      sorts: {
        reference: sortLink('/subjects', request.query, 'reference', query.sort, query.descending),
        name: sortLink('/subjects', request.query, 'name', query.sort, query.descending),
      },
      pagination: pagination('/subjects', request.query, query.page, found.total),
      error: null,
      draft: {},
    });
  });
  app.get(
    '/api/subjects',
    { config: { action: 'subject.list', api: true }, schema: { tags: ['Subjects'], summary: 'List subjects', security } },
    async (request) => {
      const { rows, total } = await performer.perform(actorOf(request), listSubjects, null, {
        ...readPage(request.query),
        sort: 'reference',
        descending: false,
      });
      return { total, subjects: rows };
    },
  );
  app.post('/subjects', { config: { action: 'subject.declare' } }, async (request, reply) => {
    const { reference = '', name = '' } = (request.body ?? {}) as Record<string, string>;
    let id = 0;
    const again = await orAgain(
      async () => {
        id = (await performer.perform(actorOf(request), declareSubject, null, { reference, name })).id;
      },
      async (error) => {
        const query = { ...readPage({}), sort: 'reference' as const, descending: false };
        const found = await performer.perform(actorOf(request), listSubjects, null, query);
        return web.page(request, reply.code(400), 'supervision/subjects/subjects.njk', {
          ...found,
          query,
          sorts: {},
          pagination: null,
          error: { text: error.message, field: error.field },
          draft: { reference, name },
        });
      },
    );
    if (again) return again;
    web.notice(request, 'The subject is added. Add the order next.');
    return reply.redirect(`/subjects/${id}`);
  });
  const subjectPage = async (
    request: FastifyRequest,
    reply: FastifyReply,
    id: number,
    error: InvalidError | null,
    form = '',
    draft = {},
  ) => {
    const detail = await performer.perform(actorOf(request), readSubject, { fixes }, { id });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/subjects/subject.njk', {
      ...detail,
      orderKinds,
      error: error ? { text: error.message, field: error.field } : null,
      form,
      draft,
    });
  };
  app.get('/subjects/:id', { config: { action: 'subject.read' }, schema: { params: Id } }, async (request, reply) =>
    subjectPage(request, reply, (request.params as { id: number }).id, null),
  );
  app.get(
    '/api/subjects/:id',
    {
      config: { action: 'subject.read', api: true },
      schema: { tags: ['Subjects'], summary: 'One subject with orders and wearings', security, params: Id },
    },
    async (request) => performer.perform(actorOf(request), readSubject, { fixes }, request.params as { id: number }),
  );
  app.post('/subjects/:id/orders', { config: { action: 'order.declare' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const body = (request.body ?? {}) as Record<string, string>;
    const again = await orAgain(
      () =>
        performer.perform(
          actorOf(request),
          declareOrder,
          { intake },
          {
            subjectId: id,
            kind: body.kind ?? '',
            authority: body.authority ?? '',
            startsAt: time(body.startsAt),
            endsAt: body.endsAt ? time(body.endsAt) : null,
          },
        ),
      (error) => subjectPage(request, reply, id, error, 'order', body),
    );
    if (again) return again;
    web.notice(request, 'The order is added.');
    return reply.redirect(`/subjects/${id}`);
  });
  app.get(
    '/api/wearings/:id/track',
    {
      config: { action: 'track.read', api: true },
      schema: {
        tags: ['Subjects'],
        summary: 'Observed fixes of one wearing',
        security,
        params: Id,
        querystring: Type.Object({ from: Type.String({ description: 'ISO 8601' }), to: Type.String({ description: 'ISO 8601' }) }),
      },
    },
    async (request) => {
      const { from, to } = request.query as { from: string; to: string };
      const [begin, end] = [readTime(from, timeZone), readTime(to, timeZone)];
      if (Number.isNaN(begin) || Number.isNaN(end)) throw new InvalidError('Give from and to as ISO 8601 times.', 'from');
      return performer.perform(
        actorOf(request),
        readTrack,
        { fixes },
        { wearingId: (request.params as { id: number }).id, from: begin, to: end },
      );
    },
  );

  app.get('/quarantine', { config: { action: 'quarantine.list' } }, async (request, reply) => {
    const { reason } = (request.query ?? {}) as { reason?: string };
    const query = { ...readPage(request.query), reason: reason && Object.hasOwn(quarantineReasons, reason) ? reason : undefined };
    const page = await performer.perform(actorOf(request), listQuarantine, { fixes }, { ...query, tag: query.search });
    return web.page(request, reply, 'supervision/fixes/quarantine.njk', {
      ...page,
      query,
      explain: quarantineReasons,
      pagination: pagination('/quarantine', request.query, query.page, page.total),
    });
  });
  app.get(
    '/api/quarantine',
    { config: { action: 'quarantine.list', api: true }, schema: { tags: ['Fixes'], summary: 'Fixes in quarantine', security } },
    async (request) => performer.perform(actorOf(request), listQuarantine, { fixes }, readPage(request.query)),
  );
  app.post('/quarantine/release', { config: { action: 'quarantine.release' } }, async (request, reply) => {
    const { reason, tag, id } = (request.body ?? {}) as { reason?: string; tag?: string; id?: string };
    const result = await performer.perform(actorOf(request), releaseQuarantine, services, {
      reason: reason || undefined,
      tag: tag || undefined,
      ids: id ? [Number(id)] : undefined,
    });
    web.notice(
      request,
      result.released > 0
        ? `${result.released.toLocaleString('en-GB')} released, ${result.kept.toLocaleString('en-GB')} kept: their reason still holds.`
        : 'Nothing was released: the reasons still hold. Register the tag or put the wearing right first.',
    );
    return reply.redirect('/quarantine');
  });

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
      shown,
      error: error ? { text: error.message, field: error.field } : null,
    });
  };
  app.get('/credentials', { config: { action: 'gateway.list' } }, (request, reply) => credentialsPage(request, reply, null));
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
        await intake.reload();
        return credentialsPage(request, reply, { label: label(body), secret: secret ?? token ?? '' });
      } catch (error) {
        if (error instanceof InvalidError) return credentialsPage(request, reply, null, error);
        throw error;
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
    { config: { action: 'token.issue' } },
    issuing(
      issueApiToken,
      ({ name = '', role = '' }) => ({ name, role }),
      ({ name }) => `Token of ${name}`,
    ),
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
    await performer.perform(actorOf(request), revokeGateway, null, request.params as { id: number });
    await intake.reload();
    web.notice(request, 'The gateway can no longer send.');
    return reply.redirect('/credentials');
  });
  app.post('/credentials/tokens/:id/revoke', { config: { action: 'token.revoke' }, schema: { params: Id } }, async (request, reply) => {
    await performer.perform(actorOf(request), revokeApiToken, null, request.params as { id: number });
    web.notice(request, 'The token no longer works.');
    return reply.redirect('/credentials');
  });
}
