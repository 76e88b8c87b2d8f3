import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { whoseIn } from '../subjects/index.ts';
import { decideRequest, listRequests } from './decide-request.ts';

/** What people on tags ask for, and the answers they get. */
export function requestRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone } = web.waymark;
  const list = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null = null, draft: object = {}) => {
    const query = { ...readPage(request.query), whose: whoseIn(request.query) };
    const now = Date.now();
    const found = await performer.perform(actorOf(request), listRequests, { timeZone }, { ...query, now });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/requests/requests.njk', {
      ...found,
      rows: found.rows.map((row) => ({ ...row, isLate: row.dueAt.getTime() < now, leftMs: Math.abs(row.dueAt.getTime() - now) })),
      query,
      pagination: pagination('/absence-requests', request.query, query.page, found.total),
      error: error && { text: error.message, field: error.field },
      draft,
    });
  };
  app.get('/absence-requests', { config: { action: 'request.list', menu: { text: 'Requests', rank: 133 } } }, (request, reply) =>
    list(request, reply),
  );
  app.post('/absence-requests/:id', { config: { action: 'request.decide' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const [decision, reason] = textsOf(request.body, 'decision', 'reason');
    let stays = false;
    let subject = 0;
    const agree = decision === 'agree';
    const again = await orAgain(
      async () => {
        // Return in the field of the reason chooses neither.
        if (!agree && decision !== 'refuse') throw new InvalidError('Choose Agree or Refuse.', `reason-${id}`);
        ({ stays, subject } = await performer.perform(actorOf(request), decideRequest, null, { id, agree, reason, now: Date.now() }));
      },
      (error) => list(request, reply, error, { id, reason }),
    );
    if (again) return again;
    web.notice(
      request,
      !agree
        ? 'Refused. The person reads your reason.'
        : stays
          ? 'Agreed, and the person reads it. Now change the rule itself.'
          : 'Agreed. The absence is on record, and the person reads it.',
    );
    return reply.redirect(stays ? `/subjects/${subject}/zones` : '/absence-requests');
  });
}
