import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { explainLook, readOutside } from './look-outside.ts';
import { addTeam, closeTeam, joinTeam, listTeams } from './teams.ts';

/** Where somebody wanted to go: on this server, about this person. */
const wayBack = (to: unknown, id: number) =>
  typeof to === 'string' && /^\/[\w/?&=.%:+-]*$/.test(to) && !to.startsWith('//') && !to.includes('/why') ? to : `/subjects/${id}`;

/** Why an officer looks at another's case, and the teams that cases are with. */
export function caseAccessRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const whyPage = async (request: FastifyRequest, reply: FastifyReply, to: unknown, error: InvalidError | null = null, reason = '') =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/case-access/why.njk', {
      ...(await performer.perform(actorOf(request), readOutside, null, { id: idIn(request) })),
      to: wayBack(to, idIn(request)),
      error: error ? { text: error.message, field: error.field } : null,
      reason,
    });
  app.get('/subjects/:id/why', { config: { action: 'look-outside.read' }, schema: { params: Id } }, (request, reply) =>
    whyPage(request, reply, (request.query as Form).to),
  );
  app.post('/subjects/:id/why', { config: { action: 'look-outside.explain' }, schema: { params: Id } }, async (request, reply) => {
    const [reason, to] = textsOf(request.body, 'reason', 'to');
    const again = await orAgain(
      () => performer.perform(actorOf(request), explainLook, null, { id: idIn(request), reason }),
      (error) => whyPage(request, reply, to, error, reason),
    );
    return again ?? reply.redirect(wayBack(to, idIn(request)));
  });

  const teamsPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null = null, draft: Form = {}) =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/case-access/teams.njk', {
      ...(await performer.perform(actorOf(request), listTeams, null, null)),
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  app.get('/teams', { config: { action: 'team.list', menu: { text: 'Teams', rank: 345 } } }, (request, reply) => teamsPage(request, reply));
  const takes = (path: string, said: string, work: (request: FastifyRequest) => Promise<unknown>) =>
    app.post(
      path,
      { config: { action: 'team.keep' }, ...(path.includes(':id') ? { schema: { params: Id } } : {}) },
      async (request, reply) => {
        const again = await orAgain(
          () => work(request),
          (error) => teamsPage(request, reply, error, (request.body ?? {}) as Form),
        );
        if (again) return again;
        web.notice(request, said);
        return reply.redirect('/teams');
      },
    );
  takes('/teams', 'The team is on record. Say who is of it.', (request) => {
    const [name, isClosed] = textsOf(request.body, 'name', 'isClosed');
    return performer.perform(actorOf(request), addTeam, null, { name, isClosed: isClosed !== '' });
  });
  takes('/teams/:id/closed', 'It is on record, and holds from now on.', (request) => {
    const [isClosed] = textsOf(request.body, 'isClosed');
    return performer.perform(actorOf(request), closeTeam, null, { id: idIn(request), isClosed: isClosed === 'yes' });
  });
  takes('/teams/:id/members', 'It is on record, and holds from now on.', (request) => {
    const [member, leaves] = textsOf(request.body, 'member', 'leaves');
    return performer.perform(actorOf(request), joinTeam, null, { id: idIn(request), member, leaves: leaves !== '' });
  });
}
